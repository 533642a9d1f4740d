using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Parley.Core;
using Parley.Functions.Api.Requests;

namespace Parley.Functions.Api.OAuth;

/// <summary>The parameters of a request for a token. A parameter without a value counts as absent.</summary>
internal sealed class TokenForm
{
    /// <summary>Maximum size of the body, in bytes.</summary>
    public const int MaxBody = 8 * 1024;

    private const string MediaType = "application/x-www-form-urlencoded";

    private readonly Dictionary<string, string> parameters = new(StringComparer.Ordinal);

    private TokenForm()
    {
    }

    /// <exception cref="OAuthException">
    /// <c>invalid_request</c>: another media type, a body that is too long or not UTF-8, or a parameter that is there
    /// twice (RFC 6749, section 3.2).
    /// </exception>
    public static async Task<TokenForm> ReadAsync(HttpRequest request)
    {
        if (RequestBody.IsCompressed(request) || !new HeaderParameters(request.ContentType).Is(MediaType))
        {
            throw OAuthException.InvalidRequest($"Send the parameters as {MediaType}, not compressed.");
        }

        var form = new TokenForm();
        var body = Encoding.Latin1.GetString((await ReadBodyAsync(request)).Span);
        foreach (var pair in body.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at >= 0 && at < pair.Length - 1)
            {
                form.Add(DecodeBody(pair[..at]), DecodeBody(pair[(at + 1)..]));
            }
        }

        return form;
    }

    /// <summary>Returns a parameter; null when it is absent.</summary>
    public string? Find(string name) => parameters.GetValueOrDefault(name);

    /// <summary>
    /// Decodes a name or value: a plus sign is a space, and percent-encoded bytes are UTF-8. A percent sign without two
    /// digits stands for itself.
    /// </summary>
    /// <param name="text">A character for each byte.</param>
    /// <returns>Null when the bytes are not UTF-8.</returns>
    public static string? Decode(string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        return EncodedText.Decode("UTF-8", WebUtility.UrlDecodeToBytes(bytes, 0, bytes.Length));
    }

    private static string DecodeBody(string text) =>
        Decode(text) ?? throw OAuthException.InvalidRequest("The body is not valid UTF-8.");

    private static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(HttpRequest request)
    {
        try
        {
            return await RequestBody.ReadAsync(request, MaxBody);
        }
        catch (ParleyException e) when (e.Code == ErrorCode.BodyTooLarge)
        {
            throw OAuthException.InvalidRequest(e.Message, e);
        }
        catch (IOException e)
        {
            // The client disconnected, or sent less than its Content-Length.
            throw OAuthException.InvalidRequest("The body could not be read to its end.", e);
        }
    }

    private void Add(string name, string value)
    {
        if (!parameters.TryAdd(name, value))
        {
            throw OAuthException.InvalidRequest("A parameter is there twice; each may be there once.");
        }
    }
}
