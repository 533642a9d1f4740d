using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Parley.Assistants;

/// <summary>
/// Makes failures of the answers that are none. They are read here and not by the OpenAI package, which reads an error's body without end
/// and deaf to cancellation.
/// </summary>
internal sealed class OpenAIErrorHandler(HttpMessageHandler inner, OpenAIErrorText errorText, TimeProvider time) : DelegatingHandler(inner)
{
    /// <summary>For the body, which only explains the status: what comes later or is longer is left.</summary>
    public static readonly TimeSpan MaxBodyTime = TimeSpan.FromSeconds(2);

    /// <summary>What nobody waits for, so that a wrong clock or header is no wrong answer for the client.</summary>
    public static readonly TimeSpan MaxRetryAfter = TimeSpan.FromHours(1);

    private const int MaxBodyBytes = 16 * 1024;

    /// <summary>What clients are told of a status that is not 200, and of the code in its body.</summary>
    public static TurnError Classify(HttpStatusCode status, string? code) => (int)status switch
    {
        408 => TurnError.Timeout,
        429 => TurnError.RateLimited,
        >= 400 and <= 499 when code == "content_filter" => TurnError.Refused, // Azure OpenAI, of a prompt.
        >= 400 and <= 499 => TurnError.BadRequest,
        _ => TurnError.Unavailable,
    };

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.OK)
        {
            return response;
        }

        using (response)
        {
            var (message, code) = errorText.Read(await ReadAsync(response.Content, cancellationToken));
            throw new AssistantException(Classify(response.StatusCode, code), $"HTTP {(int)response.StatusCode}: {message}", RetryAfter(response.Headers));
        }
    }

    private async Task<string> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(MaxBodyTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        var bytes = new byte[MaxBodyBytes];
        var length = 0;
        try
        {
            await using var stream = await content.ReadAsStreamAsync(either.Token);
            while (length < bytes.Length && await stream.ReadAsync(bytes.AsMemory(length), either.Token) is > 0 and var read)
            {
                length += read;
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            // What was read is kept.
            cancellation.ThrowIfCancellationRequested();
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    /// <summary>From now, whether it was given as seconds or as a date (RFC 9110, section 10.2.3); the past is none.</summary>
    private TimeSpan? RetryAfter(HttpResponseHeaders headers)
    {
        // Seconds beyond an int are no header to .NET.
        var beyond = headers.NonValidated.TryGetValues("Retry-After", out var sent) && sent.ToString().Trim() is { Length: >= 10 } text && text.All(char.IsAsciiDigit);
        return (beyond ? TimeSpan.MaxValue : headers.RetryAfter?.Delta ?? headers.RetryAfter?.Date - time.GetUtcNow()) switch
        {
            { } delay when delay > MaxRetryAfter => MaxRetryAfter,
            { } delay when delay > TimeSpan.Zero => delay,
            _ => null,
        };
    }
}
