using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.Protocols;
using Parley.Tenants.Tokens;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Tenants.Tokens;

/// <summary>
/// An issuer of access tokens whose documents are counted when they are fetched. It writes tokens by hand, so that they
/// can be wrong in every way.
/// </summary>
internal sealed class TestIssuer(TimeProvider time) : IDocumentRetriever
{
    public const string Name = "https://issuer.example/tenant";
    public const string Audience = "api://parley";

    // Slow to make, and the same ones serve all tests.
    private static readonly Dictionary<string, RSA> Rsa =
        new[] { "rsa", "rsa-2", "rsa-3" }.ToDictionary(kid => kid, _ => RSA.Create(2048), StringComparer.Ordinal);

    private static readonly ECDsa Ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly ECDsa Ec384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private static readonly RSA Short = RSA.Create(1024);

    /// <summary>The ids of the keys in its document.</summary>
    public List<string> Published { get; } = ["rsa", "ec", "ec384", "pss", "short", "encryption"];

    /// <summary>The fetched addresses.</summary>
    public List<string> Fetches { get; } = [];

    public int ConfigurationFetches => Fetches.Count(address => address.EndsWith("/openid-configuration", StringComparison.Ordinal));

    public bool IsDown { get; set; }

    /// <summary>The issuer that its configuration names.</summary>
    public string ConfiguredName { get; set; } = Name;

    /// <summary>The text of its configuration; null for the right one.</summary>
    public string? Configuration { get; set; }

    /// <summary>The text of its keys; null for <see cref="Published"/>.</summary>
    public string? KeyDocument { get; set; }

    /// <summary>Completes before a document is answered.</summary>
    public Task Answering { get; set; } = Task.CompletedTask;

    public TokenIssuer Settings { get; } = new(Name)
    {
        Metadata = new Uri($"{Name}/.well-known/openid-configuration"),
        Audiences = [Audience, "other-audience"],
        TenantClaim = "tenants",
        RolesClaim = "roles",
        ActorClaim = "name",
    };

    public async Task<string> GetDocumentAsync(string address, CancellationToken cancel)
    {
        lock (Fetches)
        {
            Fetches.Add(address);
        }

        await Answering;
        if (IsDown)
        {
            throw new IOException("The issuer does not answer.");
        }

        return address.EndsWith("/empty", StringComparison.Ordinal) ? """{"keys":[]}"""
            : address.EndsWith("/keys", StringComparison.Ordinal) ? KeyDocument ?? Keys().ToJsonString()
            : Configuration ?? new JsonObject { ["issuer"] = ConfiguredName, ["jwks_uri"] = "https://keys.issuer.example/keys" }.ToJsonString();
    }

    /// <summary>The tokens of this issuer at a process.</summary>
    public AccessTokens At(ParleyProcess process, TokenIssuer? settings = null) => new(
        new TokenIssuers([settings ?? Settings], _ => this, process.SigningKeys, time, NullLogger<TokenIssuers>.Instance),
        process.Authenticator,
        time);

    /// <summary>The claims of a good token.</summary>
    public JsonObject Claims() => new()
    {
        ["iss"] = Name,
        ["aud"] = Audience,
        ["sub"] = "user-7",
        ["iat"] = Now,
        ["nbf"] = Now,
        ["exp"] = Now + 600,
        ["scope"] = "messages:read messages:write openid",
        ["tenants"] = new JsonArray(1),
        ["name"] = "Ada",
    };

    public long Now => time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>A token that is right unless the arguments make it wrong.</summary>
    public string Token(Action<JsonObject>? claims = null, Action<JsonObject>? header = null, string key = "rsa")
    {
        var (head, payload) = (Header(key), Claims());
        header?.Invoke(head);
        claims?.Invoke(payload);
        return Signed(head.ToJsonString(), payload.ToJsonString(), key);
    }

    public static JsonObject Header(string key) => new() { ["alg"] = AlgorithmOf(key), ["typ"] = "at+jwt", ["kid"] = key };

    /// <summary>Signs texts as they are.</summary>
    public static string Signed(string header, string payload, string key)
    {
        var start = $"{Encode(header)}.{Encode(payload)}";
        var bytes = Encoding.ASCII.GetBytes(start);
        var signature = key switch
        {
            "ec" => Ec.SignData(bytes, HashAlgorithmName.SHA256),
            "ec384" => Ec384.SignData(bytes, HashAlgorithmName.SHA384),
            "pss" => Rsa["rsa-2"].SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            "short" => Short.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            "encryption" => Rsa["rsa"].SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            _ => Rsa[key].SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        };
        return $"{start}.{Base64Url.EncodeToString(signature)}";
    }

    /// <summary>The signature of a party that has only the public key, and uses it as a shared secret.</summary>
    public static string SignedWithPublicKey(string header, string payload)
    {
        var start = $"{Encode(header)}.{Encode(payload)}";
        var secret = Encoding.ASCII.GetBytes(Rsa["rsa"].ExportSubjectPublicKeyInfoPem());
        return $"{start}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(start)))}";
    }

    /// <summary>The public key as it is published.</summary>
    public static JsonObject PublicKey(string kid) => kid switch
    {
        "ec" => Curve(Ec, kid, "P-256"),
        "ec384" => Curve(Ec384, kid, "P-384"),
        "pss" => Key(Rsa["rsa-2"], kid, "PS256"),
        "short" => Key(Short, kid, algorithm: null),
        "encryption" => With(Key(Rsa["rsa"], kid, algorithm: null), "use", "enc"),
        _ => Key(Rsa[kid], kid, algorithm: null),
    };

    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private static string AlgorithmOf(string key) => key switch
    {
        "ec" => "ES256",
        "ec384" => "ES384",
        "pss" => "PS256",
        _ => "RS256",
    };

    private JsonObject Keys() => new() { ["keys"] = new JsonArray([.. Published.Select(kid => PublicKey(kid))]) };

    private static JsonObject Key(RSA rsa, string kid, string? algorithm)
    {
        var parameters = rsa.ExportParameters(includePrivateParameters: false);
        var key = new JsonObject
        {
            ["kty"] = "RSA",
            ["use"] = "sig",
            ["kid"] = kid,
            ["n"] = Base64Url.EncodeToString(parameters.Modulus),
            ["e"] = Base64Url.EncodeToString(parameters.Exponent),
        };
        return algorithm is null ? key : With(key, "alg", algorithm);
    }

    private static JsonObject Curve(ECDsa ec, string kid, string curve)
    {
        var point = ec.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject
        {
            ["kty"] = "EC",
            ["kid"] = kid,
            ["crv"] = curve,
            ["x"] = Base64Url.EncodeToString(point.X),
            ["y"] = Base64Url.EncodeToString(point.Y),
        };
    }

    private static JsonObject With(JsonObject json, string name, string value)
    {
        json[name] = value;
        return json;
    }
}
