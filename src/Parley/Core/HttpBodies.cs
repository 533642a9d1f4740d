using System.Net.Http.Headers;
using System.Text;

namespace Parley.Core;

/// <summary>Reads responses of untrusted servers.</summary>
internal static class HttpBodies
{
    /// <summary>The delay in Retry-After, which contains seconds or a date (RFC 9110, section 10.2.3).</summary>
    /// <param name="headers">The headers of the response.</param>
    /// <param name="max">Longer delays are reduced to this one.</param>
    /// <param name="time">The clock.</param>
    /// <returns>From now; null without a valid header, and if the time is not in the future.</returns>
    public static TimeSpan? ReadRetryAfter(HttpResponseHeaders headers, TimeSpan max, TimeProvider time)
    {
        // .NET does not parse the header when the number of seconds exceeds an int.
        var beyond = headers.NonValidated.TryGetValues("Retry-After", out var sent)
            && sent.ToString().Trim() is { Length: >= 10 } text
            && text.All(char.IsAsciiDigit);
        var requested = beyond
            ? TimeSpan.MaxValue
            : headers.RetryAfter?.Delta ?? headers.RetryAfter?.Date - time.GetUtcNow();
        return requested switch
        {
            { } delay when delay > max => max,
            { } delay when delay > TimeSpan.Zero => delay,
            _ => null,
        };
    }

    /// <summary>
    /// Reads the beginning of a body that only explains the status. The status is the result, so a slow, endless or
    /// interrupted body is no error: the bytes received until <paramref name="cancellation"/> are returned.
    /// </summary>
    public static async Task<string> ReadStartAsync(HttpContent content, int maxBytes, CancellationToken cancellation)
    {
        var bytes = new byte[maxBytes];
        var length = 0;
        try
        {
            await using var stream = await content.ReadAsStreamAsync(cancellation);
            while (length < bytes.Length
                && await stream.ReadAsync(bytes.AsMemory(length), cancellation) is > 0 and var read)
            {
                length += read;
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            // The body only explains the status, so the bytes read so far are enough.
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }
}
