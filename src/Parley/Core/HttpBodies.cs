using System.Net.Http.Headers;
using System.Text;

namespace Parley.Core;

/// <summary>What other servers answer, who may be anybody.</summary>
internal static class HttpBodies
{
    /// <summary>When a server says to come back: from now, whether it was given as seconds or as a date (RFC 9110, section 10.2.3).</summary>
    /// <param name="headers">The answer's.</param>
    /// <param name="most">At most so much.</param>
    /// <param name="time">What time it is.</param>
    /// <returns>Null when it does not say, and when that is past.</returns>
    public static TimeSpan? ReadRetryAfter(HttpResponseHeaders headers, TimeSpan most, TimeProvider time)
    {
        // Seconds beyond an int are no header to .NET.
        var beyond = headers.NonValidated.TryGetValues("Retry-After", out var sent) && sent.ToString().Trim() is { Length: >= 10 } text && text.All(char.IsAsciiDigit);
        return (beyond ? TimeSpan.MaxValue : headers.RetryAfter?.Delta ?? headers.RetryAfter?.Date - time.GetUtcNow()) switch
        {
            { } delay when delay > most => most,
            { } delay when delay > TimeSpan.Zero => delay,
            _ => null,
        };
    }

    /// <summary>
    /// The beginning of a body that only explains the status, which is the answer: one that is slow, endless or broken off counts as far as it came, until
    /// <paramref name="cancellation"/>.
    /// </summary>
    public static async Task<string> ReadStartAsync(HttpContent content, int maxBytes, CancellationToken cancellation)
    {
        var bytes = new byte[maxBytes];
        var length = 0;
        try
        {
            await using var stream = await content.ReadAsStreamAsync(cancellation);
            while (length < bytes.Length && await stream.ReadAsync(bytes.AsMemory(length), cancellation) is > 0 and var read)
            {
                length += read;
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            // What was read is kept.
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }
}
