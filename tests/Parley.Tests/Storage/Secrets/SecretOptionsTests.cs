using Microsoft.Extensions.Configuration;
using Parley.Core;
using Parley.Storage.Secrets;
using Parley.Tests.Tenants;
using Xunit;

namespace Parley.Tests.Storage.Secrets;

public class SecretOptionsTests
{
    private static readonly string Good = Convert.ToBase64String(new byte[32]);

    [Fact]
    public void Keys_are_read_in_the_order_of_their_numbers()
    {
        var ids = Enumerable.Range(0, 12).Select(i => $"k{i}").ToArray();

        Assert.Equal(ids, SecretOptions.Read(TestSecrets.Settings(ids)).Keys.Select(key => key.Id));
        Assert.Equal("k0", SecretOptions.Read(TestSecrets.Settings(ids)).Writing!.Id);
        Assert.Null(SecretOptions.Read(TestSecrets.PlainSettings(ids)).Writing);
    }

    [Fact]
    public void Empty_settings_are_no_key() =>
        Assert.Empty(Read(("Secrets:Keys:0:Id", ""), ("Secrets:Keys:0:Key", ""), ("Secrets:Write", "")).Keys);

    [Theory]
    [InlineData("", "Secrets__Keys__0__Id")]
    [InlineData("a:b", "Secrets__Keys__0__Id")]
    [InlineData("a b", "Secrets__Keys__0__Id")]
    [InlineData("ünicode", "Secrets__Keys__0__Id")]
    [InlineData("123456789012345678901234567890123", "Secrets__Keys__0__Id")]
    public void A_bad_id_is_refused(string id, string named) =>
        Assert.Contains(named, Refused(("Secrets:Keys:0:Id", id), ("Secrets:Keys:0:Key", Good)), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("not base64!")]
    [InlineData("c2hvcnQ=")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==")]
    public void A_bad_key_is_refused_without_being_shown(string key)
    {
        var message = Refused(("Secrets:Keys:0:Id", "one"), ("Secrets:Keys:0:Key", key));

        Assert.Contains("Secrets__Keys__0__Key", message, StringComparison.Ordinal);
        Assert.True(key.Length == 0 || !message.Contains(key, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(31, false)]
    [InlineData(32, true)]
    [InlineData(256, true)]
    [InlineData(257, false)]
    [InlineData(100_000, false)]
    public void The_length_of_a_key_is_bounded(int bytes, bool isAccepted)
    {
        var settings = new[] { ("Secrets:Keys:0:Id", "one"), ("Secrets:Keys:0:Key", Convert.ToBase64String(new byte[bytes])) };

        Assert.Equal(isAccepted, Record.Exception(() => Read(settings)) is not StartUpException);
    }

    [Fact]
    public void Ids_are_used_once_and_keys_are_bounded()
    {
        Assert.Contains("Id one", Assert.Throws<StartUpException>(() => SecretOptions.Read(TestSecrets.Settings("one", "one"))).Message, StringComparison.Ordinal);
        Assert.Throws<StartUpException>(() => SecretOptions.Read(TestSecrets.Settings([.. Enumerable.Range(0, 17).Select(i => $"k{i}")])));
    }

    [Theory]
    [InlineData("Plain")]
    [InlineData("yes")]
    public void Another_form_of_writing_is_refused(string write) =>
        Assert.Equal("Secrets__Write must be sealed or plain.", Refused(("Secrets:Write", write)));

    private static string Refused(params (string, string)[] settings) =>
        Assert.Throws<StartUpException>(() => Read(settings)).Message;

    private static SecretOptions Read(params (string Name, string Value)[] settings) => SecretOptions.Read(
        new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(one => KeyValuePair.Create<string, string?>(one.Name, one.Value)))
            .Build());
}
