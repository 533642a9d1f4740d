using System.Text;
using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.OAuth;

/// <summary>The credentials of a client: the id of an API key, and the key's text.</summary>
internal readonly record struct ClientCredentials(string Id, string Secret)
{
    private const string Scheme = "Basic ";

    /// <summary>
    /// Reads them from the header Authorization or from the body (RFC 6749, section 2.3.1). The id may be in the body
    /// beside the header, if it is the same.
    /// </summary>
    /// <exception cref="OAuthException"><c>invalid_client</c>, <c>invalid_request</c>.</exception>
    public static ClientCredentials Read(HttpRequest request, TokenForm form)
    {
        var (id, secret) = (form.Find("client_id"), form.Find("client_secret"));
        var header = request.Headers.Authorization.ToString();
        if (header.Length > 0)
        {
            var sent = ReadHeader(header);
            return secret is null && (id is null || id == sent.Id)
                ? sent
                : throw OAuthException.InvalidRequest(
                    "Send client_id and client_secret in the header Authorization or in the body, not in both.");
        }

        return id is not null && secret is not null
            ? new ClientCredentials(id, secret)
            : throw OAuthException.InvalidClient(
                "Send the id of an API key as client_id and the key as client_secret, by HTTP Basic or in the body.");
    }

    private static ClientCredentials ReadHeader(string header)
    {
        if (header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && DecodeBase64(header[Scheme.Length..].Trim(' ')) is { } text
            && text.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0
            && TokenForm.Decode(text[..colon]) is { } id
            && TokenForm.Decode(text[(colon + 1)..]) is { } secret)
        {
            return new ClientCredentials(id, secret);
        }

        throw OAuthException.InvalidClient(
            "The header Authorization must be Basic and the base64 of client_id:client_secret, each form-urlencoded.");
    }

    /// <summary>A character for each byte; null for a text that is not base64.</summary>
    private static string? DecodeBase64(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length)
            ? Encoding.Latin1.GetString(bytes, 0, length)
            : null;
    }
}
