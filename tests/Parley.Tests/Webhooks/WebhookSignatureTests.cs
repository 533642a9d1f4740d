using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Parley.Webhooks;
using Xunit;

namespace Parley.Tests.Webhooks;

public class WebhookSignatureTests
{
    private static readonly DateTimeOffset At = DateTimeOffset.FromUnixTimeSeconds(1614265330);
    private const string Id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string OtherSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLwSw";

    /// <summary>
    /// The first vector is published with the reference implementations; the others were computed with OpenSSL.
    /// </summary>
    [Theory]
    [InlineData(Secret, "{\"test\": 2432232314}", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")]
    [InlineData(OtherSecret, "{\"test\": 2432232314}", "v1,pZN3CVESPCUuihODVQNgWONmlcH9xCz9b1ykcK53XqY=")]
    [InlineData(OtherSecret, "{\"test\":2432232314}", "v1,xLqajV3X8BP5FY47Iha6oehIFRKyaY8ITPmDsS9jYQE=")]
    public void Signs_as_published(string secret, string body, string signature)
    {
        var headers = WebhookSignature.Headers(Id, At, Encoding.UTF8.GetBytes(body), secret);

        Assert.Equal([new("webhook-id", Id), new("webhook-timestamp", "1614265330"), new("webhook-signature", signature)], headers);
        WebhookVerifier.Verify(headers, Encoding.UTF8.GetBytes(body), secret, At);
    }

    [Fact]
    public void While_secrets_change_either_verifies()
    {
        var body = "{\"é\":1}"u8.ToArray();
        var headers = WebhookSignature.Headers(Id, At, body, Secret, OtherSecret);

        Assert.Equal(2, headers[2].Value.Split(' ').Length);
        WebhookVerifier.Verify(headers, body, Secret, At);
        WebhookVerifier.Verify(headers, body, OtherSecret, At.AddMinutes(4));
        Assert.Throws<CryptographicException>(() => WebhookVerifier.Verify(headers, body, "whsec_" + Convert.ToBase64String(new byte[32]), At));
        Assert.Throws<CryptographicException>(() => WebhookVerifier.Verify(headers, "{}"u8.ToArray(), Secret, At));
        Assert.Throws<CryptographicException>(() => WebhookVerifier.Verify(headers, body, Secret, At.AddMinutes(6)));
    }

    [Theory]
    [InlineData(23, false)]
    [InlineData(24, true)]
    [InlineData(32, true)]
    [InlineData(64, true)]
    [InlineData(65, false)]
    [InlineData(100, false)]
    public void A_secret_has_24_to_64_bytes(int bytes, bool isGood)
    {
        var secret = "whsec_" + Convert.ToBase64String(new byte[bytes]);
        var invalid = Record.Exception(() => WebhookSignature.Headers(Id, At, default, secret));

        Assert.Equal(isGood, invalid is null);
        Assert.True(isGood || (invalid is FormatException && !invalid.Message.Contains(secret, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("whsec_")]
    [InlineData("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    [InlineData("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La-_Sw")]
    public void An_invalid_secret_signs_nothing(string secret) =>
        Assert.Throws<FormatException>(() => WebhookSignature.Headers(Id, At, default, secret));

    [Theory]
    [InlineData("")]
    [InlineData("a.b")]
    [InlineData("a b")]
    [InlineData("a\r\nb")]
    [InlineData("é")]
    public void An_invalid_id_is_rejected(string id) => Assert.Throws<ArgumentException>(() => WebhookSignature.Headers(id, At, default, Secret));

    [Fact]
    public void Nothing_is_sent_unsigned() => Assert.Throws<ArgumentException>(() => WebhookSignature.Headers(Id, At, default));
}

/// <summary>The receiver's verification, written from the specification alone.</summary>
internal static class WebhookVerifier
{
    public static void Verify(IEnumerable<KeyValuePair<string, string>> headers, byte[] body, string secret, DateTimeOffset now)
    {
        var values = headers.ToDictionary(header => header.Key, header => header.Value, StringComparer.OrdinalIgnoreCase);
        var sent = DateTimeOffset.FromUnixTimeSeconds(long.Parse(values["webhook-timestamp"], CultureInfo.InvariantCulture));
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Convert.FromBase64String(secret.Split('_')[1]));
        hash.AppendData(Encoding.UTF8.GetBytes(values["webhook-id"] + "." + values["webhook-timestamp"] + "."));
        hash.AppendData(body);
        var expected = hash.GetHashAndReset();
        var isSigned = values["webhook-signature"].Split(' ')
            .Select(signature => signature.Split(',', 2))
            .Any(parts => parts[0] == "v1" && CryptographicOperations.FixedTimeEquals(Convert.FromBase64String(parts[1]), expected));
        if (!isSigned || (now - sent).Duration() > TimeSpan.FromMinutes(5))
        {
            throw new CryptographicException("Not signed, or too old.");
        }
    }
}
