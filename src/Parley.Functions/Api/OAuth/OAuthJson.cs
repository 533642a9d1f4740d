using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.OAuth;

/// <summary>A token (RFC 6749, section 5.1).</summary>
/// <param name="TokenType">Always <c>Bearer</c>.</param>
/// <param name="ExpiresIn">The lifetime in seconds.</param>
/// <param name="Scope">The names of the scopes, separated by spaces.</param>
public sealed record TokenResponse(string AccessToken, string TokenType, int ExpiresIn, string Scope);

/// <summary>A refusal (RFC 6749, section 5.2).</summary>
public sealed record TokenErrorResponse(string Error, string ErrorDescription);

/// <summary>The keys that verify Parley's own tokens (RFC 7517, section 5).</summary>
public sealed record JwksResponse(IReadOnlyList<JwkResponse> Keys);

/// <summary>A public key (RFC 7518, section 6.2).</summary>
public sealed record JwkResponse(string Kty, string Crv, string X, string Y, string Kid, string Use, string Alg);

/// <summary>Serializes the responses of the token endpoint.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TokenResponse))]
[JsonSerializable(typeof(TokenErrorResponse))]
[JsonSerializable(typeof(JwksResponse))]
internal sealed partial class OAuthJson : JsonSerializerContext
{
    static OAuthJson() => Default = new OAuthJson(JsonText.Readable(new JsonSerializerOptions(s_defaultOptions)));
}
