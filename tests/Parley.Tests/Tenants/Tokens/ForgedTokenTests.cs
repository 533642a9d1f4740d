using System.Text.Json.Nodes;
using Parley.Core;
using Parley.Tenants.Tokens;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Tenants.Tokens;

/// <summary>Tokens that are wrong in one way: each is refused, and for that reason.</summary>
public sealed class ForgedTokenTests
{
    private const string Signature = "has a signature that does not fit";
    private const string NoKey = "names a key ('kid') that its issuer does not publish, or that cannot be used here";

    private readonly VirtualTime time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    /// <summary>By name: the token, and the reason after <c>The access token</c>.</summary>
    private static readonly Dictionary<string, (Func<TestIssuer, string> Token, string Reason)> Forged = new(StringComparer.Ordinal)
    {
        ["alg none without signature"] = (
            i => WithoutSignature(i.Token(header: h => h["alg"] = "none")), "has no signature"),
        ["alg none with a signature"] = (
            i => i.Token(header: h => h["alg"] = "none"), "has the algorithm 'none', but its key is for RS256"),
        ["alg noNE"] = (i => i.Token(header: h => h["alg"] = "noNE"), "has the algorithm 'noNE', but its key is for RS256"),
        ["HS256 with the public RSA key"] = (
            i => TestIssuer.SignedWithPublicKey(
                """{"alg":"HS256","typ":"at+jwt","kid":"rsa"}""", i.Claims().ToJsonString()),
            "has the algorithm 'HS256', but its key is for RS256"),
        ["RS256 named, HS256 with the public key used"] = (
            i => TestIssuer.SignedWithPublicKey(TestIssuer.Header("rsa").ToJsonString(), i.Claims().ToJsonString()), Signature),
        ["another algorithm of the same key"] = (
            i => i.Token(header: h => h["alg"] = "RS384"), "has the algorithm 'RS384', but its key is for RS256"),
        ["PS256 of a key for RS256"] = (
            i => i.Token(header: h => h["alg"] = "PS256"), "has the algorithm 'PS256', but its key is for RS256"),
        ["a published key of an algorithm that is not permitted"] = (i => i.Token(key: "ec384"), NoKey),
        ["a published key that is too short"] = (i => i.Token(key: "short"), NoKey),
        ["a published key for encryption"] = (i => i.Token(key: "encryption"), NoKey),
        ["the signature of another key"] = (
            i => TestIssuer.Signed(TestIssuer.Header("rsa").ToJsonString(), i.Claims().ToJsonString(), "rsa-2"), Signature),
        ["a changed claim"] = (
            i => Changed(i.Token(), 1, TestIssuer.Encode(With(i.Claims(), "sub", "admin").ToJsonString())), Signature),
        ["a changed header"] = (
            i => Changed(i.Token(), 0, TestIssuer.Encode("""{"alg":"RS256","typ":"at+jwt","kid":"rsa","x":1}""")), Signature),
        ["a cut signature"] = (i => i.Token()[..^4], Signature),
        ["without signature"] = (i => WithoutSignature(i.Token()), "has no signature"),
        ["wrong iss"] = (i => i.Token(c => c["iss"] = "https://other.example"), "has an issuer ('iss') that this service does not know"),
        ["iss with another ending"] = (
            i => i.Token(c => c["iss"] = TestIssuer.Name + "/"), "has an issuer ('iss') that this service does not know"),
        ["no iss"] = (i => i.Token(c => c.Remove("iss")), "has no 'iss', or one that is not a text of 1 to 255 characters"),
        ["iss that is an array"] = (
            i => i.Token(c => c["iss"] = new JsonArray(TestIssuer.Name)), "has no 'iss', or one that is not a text of 1 to 255 characters"),
        ["Parley's iss, signed by another"] = (i => i.Token(c => c["iss"] = "urn:parley"), NoKey),
        ["wrong aud"] = (i => i.Token(c => c["aud"] = "api://else"), "is not for this service: its 'aud' names none of its audiences"),
        ["aud with another ending"] = (
            i => i.Token(c => c["aud"] = TestIssuer.Audience + "/"), "is not for this service: its 'aud' names none of its audiences"),
        ["no aud"] = (i => i.Token(c => c.Remove("aud")), "is not for this service: its 'aud' names none of its audiences"),
        ["an ID token"] = (i => i.Token(header: h => h["typ"] = "JWT"), "has the type 'JWT'; accepted is at+jwt"),
        ["no typ"] = (i => i.Token(header: h => h.Remove("typ")), "has no 'typ' in its header, or one that is not a text of 1 to 255 characters"),
        ["unknown kid"] = (i => i.Token(header: h => h["kid"] = "unknown"), NoKey),
        ["kid that is a path"] = (i => i.Token(header: h => h["kid"] = "../../dev/null"), NoKey),
        ["kid in another case"] = (i => i.Token(header: h => h["kid"] = "RSA"), NoKey),
        ["no kid"] = (i => i.Token(header: h => h.Remove("kid")), "has no 'kid' in its header, or one that is not a text of 1 to 255 characters"),
        ["kid that is a number"] = (
            i => i.Token(header: h => h["kid"] = 1), "has no 'kid' in its header, or one that is not a text of 1 to 255 characters"),
        ["expired"] = (i => i.Token(c => c["exp"] = i.Now - 60), "has expired"),
        ["no exp"] = (i => i.Token(c => c.Remove("exp")), "has no 'exp'"),
        ["exp that is a text"] = (i => i.Token(c => c["exp"] = "9999999999"), "has 'exp' that is not a number of seconds since 1970"),
        ["exp beyond all times"] = (i => i.Token(c => c["exp"] = 1e300), "has 'exp' that is not a number of seconds since 1970"),
        ["not valid yet"] = (i => i.Token(c => c["nbf"] = i.Now + 61), "is not valid yet"),
        ["issued in the future"] = (i => i.Token(c => c["iat"] = i.Now + 61), "is not valid yet"),
        ["no iat"] = (i => i.Token(c => c.Remove("iat")), "has no 'iat'"),
        ["no sub"] = (i => i.Token(c => c.Remove("sub")), "has no 'sub', or one that is not a text of 1 to 255 characters"),
        ["sub with a line break"] = (
            i => i.Token(c => c["sub"] = "a\nb"), "has no 'sub', or one that is not a text of 1 to 255 characters"),
        ["jku"] = (i => i.Token(header: h => h["jku"] = "https://evil.example/keys"), "names its own key in 'jku'; only keys that its issuer publishes are used"),
        ["jwk"] = (i => i.Token(header: h => h["jwk"] = TestIssuer.PublicKey("rsa-2")), "names its own key in 'jwk'; only keys that its issuer publishes are used"),
        ["x5u"] = (i => i.Token(header: h => h["x5u"] = "https://evil.example/c"), "names its own key in 'x5u'; only keys that its issuer publishes are used"),
        ["x5c"] = (i => i.Token(header: h => h["x5c"] = new JsonArray("MIIB")), "names its own key in 'x5c'; only keys that its issuer publishes are used"),
        ["crit"] = (i => i.Token(header: h => h["crit"] = new JsonArray("exp")), "has extensions ('crit', 'b64'), none of which is known here"),
        ["b64"] = (i => i.Token(header: h => h["b64"] = false), "has extensions ('crit', 'b64'), none of which is known here"),
        ["compressed"] = (i => i.Token(header: h => h["zip"] = "DEF"), "contains another token or is compressed ('cty', 'zip'), which is not accepted"),
        ["nested"] = (i => i.Token(header: h => h["cty"] = "JWT"), "contains another token or is compressed ('cty', 'zip'), which is not accepted"),
        ["a payload that is a token"] = (
            i => TestIssuer.Signed(TestIssuer.Header("rsa").ToJsonString(), i.Token(), "rsa"), "has a payload that is not valid JSON, is too deep, or has a member twice"),
        ["a payload that is an array"] = (
            _ => TestIssuer.Signed(TestIssuer.Header("rsa").ToJsonString(), "[]", "rsa"), "has a payload that is no JSON object"),
        ["encrypted"] = (i => i.Token() + ".AAAA.AAAA", "is encrypted; only signed tokens are accepted"),
        ["two signatures"] = (i => i.Token() + ".AAAA", "does not consist of three parts with dots between them"),
        ["the JSON serialization with two signatures"] = (
            _ => """{"payload":"e30","signatures":[{"protected":"e30","signature":"AA"},{"protected":"e30","signature":"AA"}]}""",
            "is in the JSON serialization; only the compact one is accepted"),
        ["100 KB"] = (i => i.Token(c => c["pad"] = new string('x', 75_000)), "is longer than 16384 characters"),
        ["iss twice"] = (
            i => TestIssuer.Signed(TestIssuer.Header("rsa").ToJsonString(), Twice(i.Claims(), "iss", "\"https://other.example\""), "rsa"),
            "has a payload that is not valid JSON, is too deep, or has a member twice"),
        ["sub twice, once with an escape"] = (
            i => TestIssuer.Signed(TestIssuer.Header("rsa").ToJsonString(), Twice(i.Claims(), "s\\u0075b", "\"admin\""), "rsa"),
            "has a payload that is not valid JSON, is too deep, or has a member twice"),
        ["alg twice"] = (
            i => TestIssuer.Signed("""{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"rsa"}""", i.Claims().ToJsonString(), "rsa"),
            "has a header that is not valid JSON, is too deep, or has a member twice"),
        ["padding"] = (i => i.Token().Replace(".", "=.", StringComparison.Ordinal), "has a header that is not base64url without padding"),
        ["white space"] = (i => i.Token().Insert(4, "\t"), "has a header that is not base64url without padding"),
        ["invalid UTF-8"] = (
            i => Changed(i.Token(), 1, "__79"), "has a payload that is not valid JSON, is too deep, or has a member twice"),
        ["half of a surrogate pair as kid"] = (
            i => TestIssuer.Signed("""{"alg":"RS256","typ":"at+jwt","kid":"\ud800"}""", i.Claims().ToJsonString(), "rsa"),
            "has a header that is not valid JSON, is too deep, or has a member twice"),
        ["half of a surrogate pair in a claim"] = (
            i => TestIssuer.Signed(TestIssuer.Header("rsa").ToJsonString(), Twice(i.Claims(), "deep", """[{"a":"\udfff"}]"""), "rsa"),
            "has a payload that is not valid JSON, is too deep, or has a member twice"),
        ["half of a surrogate pair in a name"] = (
            i => TestIssuer.Signed(TestIssuer.Header("rsa").ToJsonString(), Twice(i.Claims(), "\\ud800", "1"), "rsa"),
            "has a payload that is not valid JSON, is too deep, or has a member twice"),
        ["a deep payload"] = (
            i => i.Token(c => c["deep"] = JsonNode.Parse(new string('[', 20) + new string(']', 20))),
            "has a payload that is not valid JSON, is too deep, or has a member twice"),
        ["jti that is a number"] = (i => i.Token(c => c["jti"] = 7), "has a registered claim of another type than RFC 7519 states"),
        ["dots only"] = (_ => "..", "has a header that is not valid JSON, is too deep, or has a member twice"),
    };

    public static TheoryData<string> Names => [.. Forged.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_forged_token_is_refused_for_its_reason(string name)
    {
        var (tokens, issuer) = await SetUpAsync();
        var (token, reason) = Forged[name];

        var refusal = await Assert.ThrowsAsync<ParleyException>(
            () => tokens.AuthenticateAsync(token(issuer), () => null, CancellationToken.None));

        Assert.Equal(ErrorCode.Unauthenticated, refusal.Code);
        Assert.Equal($"The access token {reason}.", refusal.Message);
        Assert.True(AccessTokens.IsLike(token(issuer)));
    }

    [Fact]
    public async Task The_right_tokens_beside_them_are_accepted()
    {
        var (tokens, issuer) = await SetUpAsync();
        string[] right =
        [
            issuer.Token(),
            issuer.Token(key: "ec"),
            issuer.Token(key: "pss"),
            issuer.Token(header: h => h["typ"] = "application/AT+JWT"),
            issuer.Token(c => c["aud"] = new JsonArray("api://else", TestIssuer.Audience)),
            issuer.Token(c => c["exp"] = issuer.Now - 59),
            issuer.Token(c => c["nbf"] = issuer.Now + 60),
            issuer.Token(c => c["iat"] = issuer.Now + 59.5),
            issuer.Token(c => c.Remove("nbf")),
        ];

        foreach (var token in right)
        {
            var caller = await tokens.AuthenticateAsync(token, () => null, CancellationToken.None);
            Assert.Equal((new TenantId(1), "Ada"), (caller.Tenant, caller.Name));
        }
    }

    private async Task<(AccessTokens Tokens, TestIssuer Issuer)> SetUpAsync()
    {
        var tables = new StrictTables(time);
        await TenantProcess.SetUpAsync(tables, time);
        var issuer = new TestIssuer(time);
        return (issuer.At(new ParleyProcess(tables.Connect("process"), time, 2)), issuer);
    }

    private static string WithoutSignature(string token) => token[..(token.LastIndexOf('.') + 1)];

    private static string Changed(string token, int part, string with)
    {
        var parts = token.Split('.');
        parts[part] = with;
        return string.Join('.', parts);
    }

    private static JsonObject With(JsonObject json, string name, string value)
    {
        json[name] = value;
        return json;
    }

    private static string Twice(JsonObject json, string name, string value) =>
        $"{json.ToJsonString()[..^1]},\"{name}\":{value}}}";
}
