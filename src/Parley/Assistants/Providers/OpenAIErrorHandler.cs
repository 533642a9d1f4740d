using System.Net;
using Parley.Core;

namespace Parley.Assistants.Providers;

/// <summary>
/// Maps responses other than 200 to exceptions. The error body is read here, because the OpenAI package reads it
/// without a size limit and ignores cancellation.
/// </summary>
internal sealed class OpenAIErrorHandler(HttpMessageHandler inner, TimeProvider time) : DelegatingHandler(inner)
{
    /// <summary>
    /// Maximum time for reading an error body. The body only explains the status, so the rest is not read when it comes
    /// later or is too long.
    /// </summary>
    public static readonly TimeSpan MaxBodyTime = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Maximum Retry-After; no client waits longer. An incorrect clock or header of a provider must not give the client
    /// an incorrect Retry-After.
    /// </summary>
    public static readonly TimeSpan MaxRetryAfter = TimeSpan.FromHours(1);

    private const int MaxBodyBytes = 16 * 1024;

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.OK)
        {
            return response;
        }

        using (response)
        {
            var error = OpenAIErrorReader.Read(await ReadAsync(response.Content, cancellationToken));
            throw new AssistantException(
                error.Classify((int)response.StatusCode),
                $"HTTP {(int)response.StatusCode}{error.NamesText}",
                HttpBodies.ReadRetryAfter(response.Headers, MaxRetryAfter, time));
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
