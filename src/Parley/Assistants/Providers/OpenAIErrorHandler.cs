using System.Net;
using Parley.Assistants.Completions;
using Parley.Core;

namespace Parley.Assistants.Providers;

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
    public static CompletionError Classify(HttpStatusCode status, string? code) => (int)status switch
    {
        408 => CompletionError.Timeout,
        429 => CompletionError.RateLimited,
        >= 400 and <= 499 when code == "content_filter" => CompletionError.Refused, // Azure OpenAI, of a prompt.
        >= 400 and <= 499 => CompletionError.BadRequest,
        _ => CompletionError.Unavailable,
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
            throw new AssistantException(Classify(response.StatusCode, code), $"HTTP {(int)response.StatusCode}: {message}", HttpBodies.ReadRetryAfter(response.Headers, MaxRetryAfter, time));
        }
    }

    private async Task<string> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(MaxBodyTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        var text = await HttpBodies.ReadStartAsync(content, MaxBodyBytes, either.Token);
        cancellation.ThrowIfCancellationRequested();
        return text;
    }
}
