using System.Buffers.Text;
using System.Globalization;
using Parley.Core;
using Parley.Storage.Secrets;
using Parley.Tests.Tenants;
using Xunit;

namespace Parley.Tests.Storage.Secrets;

public class SecretSealerTests
{
    private static readonly SecretPlace Place = new("Tenants", "00000001", "profile", "WebhookSecret");

    [Fact]
    public void Without_a_key_secrets_are_plain()
    {
        Assert.Equal("whsec_AAAA", TestSecrets.NoKey.Seal("whsec_AAAA", Place));
        Assert.Equal("whsec_AAAA", TestSecrets.NoKey.Open("whsec_AAAA", Place));
        Assert.True(TestSecrets.NoKey.IsCurrent("whsec_AAAA"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("whsec_AAAA")]
    [InlineData("[{\"secret\":\"whsec_AAAA\"}]")]
    [InlineData("ünïcödé \0 \n :")]
    public void A_sealed_secret_does_not_show_and_opens(string secret)
    {
        var sealer = TestSecrets.Sealer("one");

        var (first, second) = (sealer.Seal(secret, Place), sealer.Seal(secret, Place));

        Assert.StartsWith("sealed:1:one:", first, StringComparison.Ordinal);
        Assert.True(secret.Length == 0 || !first.Contains(secret, StringComparison.Ordinal));
        Assert.NotEqual(first, second);
        Assert.Equal([secret, secret], [sealer.Open(first, Place), sealer.Open(second, Place)]);
    }

    [Fact]
    public void Plain_text_of_before_opens_and_is_to_be_sealed()
    {
        var sealer = TestSecrets.Sealer("one");

        Assert.Equal("whsec_AAAA", sealer.Open("whsec_AAAA", Place));
        Assert.False(sealer.IsCurrent("whsec_AAAA"));
    }

    /// <summary>Else a tenant's secret, copied into another's row, would sign that tenant's webhooks.</summary>
    [Fact]
    public void A_sealed_secret_opens_in_its_own_place_only()
    {
        var sealer = TestSecrets.Sealer("one");
        var stored = sealer.Seal("whsec_AAAA", Place);

        Assert.All(
            new[]
            {
                Place with { Table = "Keys" },
                Place with { PartitionKey = "00000002" },
                Place with { RowKey = "counter" },
                Place with { Property = "EarlierWebhookSecrets" },
                new SecretPlace("Tenants", "00000001\nprofile", "", "WebhookSecret"),
            },
            other => Assert.Throws<SealedSecretException>(() => sealer.Open(stored, other)));
    }

    [Fact]
    public void A_changed_character_anywhere_is_noticed()
    {
        var sealer = TestSecrets.Sealer("one", "two");
        var stored = sealer.Seal("whsec_AAAA", Place);
        var body = "sealed:1:one:".Length;

        for (var i = body; i < stored.Length; i++)
        {
            // The last character of base64url may have unused bits.
            var other = stored[i] == 'A' ? 'Q' : 'A';
            var changed = $"{stored[..i]}{other}{stored[(i + 1)..]}";
            Assert.Throws<SealedSecretException>(() => sealer.Open(changed, Place));
        }

        Assert.All(
            new[] { stored[..^1], stored[..body], "sealed:1:", "sealed:1:one", stored + "AAAA", stored.Replace(":one:", ":two:", StringComparison.Ordinal) },
            changed => Assert.Throws<SealedSecretException>(() => sealer.Open(changed, Place)));
    }

    [Fact]
    public void The_first_key_seals_and_all_open()
    {
        var stored = TestSecrets.Sealer("one").Seal("whsec_AAAA", Place);
        var rolled = TestSecrets.Sealer("two", "one");

        Assert.Equal("whsec_AAAA", rolled.Open(stored, Place));
        Assert.False(rolled.IsCurrent(stored));
        Assert.StartsWith("sealed:1:two:", rolled.Seal("whsec_AAAA", Place), StringComparison.Ordinal);
        Assert.True(TestSecrets.Sealer("one", "two").IsCurrent(stored));
    }

    [Fact]
    public void A_missing_key_is_named_with_the_place_and_without_the_secret()
    {
        var stored = TestSecrets.Sealer("one").Seal("whsec_AAAA", Place);

        var message = Assert.Throws<SealedSecretException>(() => TestSecrets.NoKey.Open(stored, Place)).Message;

        Assert.Contains("WebhookSecret of Tenants / 00000001 / profile", message, StringComparison.Ordinal);
        Assert.Contains("'one'", message, StringComparison.Ordinal);
        Assert.Contains("Secrets__Keys", message, StringComparison.Ordinal);
        Assert.DoesNotContain(stored["sealed:1:one:".Length..], message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plain_is_written_for_versions_that_read_no_other_and_sealed_is_still_read()
    {
        var stored = TestSecrets.Sealer("one").Seal("whsec_AAAA", Place);
        var plain = new SecretSealer(SecretOptions.Read(TestSecrets.PlainSettings("one")), new RandomSource(1));

        Assert.Equal("whsec_AAAA", plain.Open(stored, Place));
        Assert.False(plain.IsCurrent(stored));
        Assert.Equal("whsec_AAAA", plain.Seal("whsec_AAAA", Place));
    }

    /// <summary>Stored secrets outlive versions, so one is kept here. It was made by another program: HKDF-SHA256 and AES-256-GCM of OpenSSL.</summary>
    [Fact]
    public void The_form_stays()
    {
        const string Stored = "sealed:1:one:AAECAwQFBgcICQoLvBhEETHxUJd-HCrsLRgIFLbUb5jySb6hnNs";
        var sealer = TestSecrets.Sealer("one");
        Assert.Equal("whsec_AAAA", sealer.Open(Stored, Place));
    }

    [Fact]
    public void Nonces_are_not_repeated()
    {
        var sealer = TestSecrets.Sealer("one");
        var nonces = Enumerable.Range(0, 10_000)
            .Select(i => sealer.Seal(i.ToString(CultureInfo.InvariantCulture), Place)["sealed:1:one:".Length..])
            .Select(text => Convert.ToHexString(Base64Url.DecodeFromChars(text).AsSpan(0, 12)));

        Assert.Equal(10_000, nonces.Distinct().Count());
    }
}
