using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using Azure.Core.Diagnostics;

namespace Parley.Tests.DevHost;

/// <summary>The requests that storage clients of this process send to one queue, as Azure.Core reports them.</summary>
internal sealed class QueueRequests : IDisposable
{
    private readonly AzureEventSourceListener listener;

    public QueueRequests(string queue) =>
        listener = new AzureEventSourceListener(
            (request, _) =>
            {
                if (request.EventName == "Request" && Value(request, "uri") is var uri && uri.Contains($"/{queue}/", StringComparison.Ordinal))
                {
                    Sent.Enqueue($"{Value(request, "method")} {uri}");
                }
            },
            EventLevel.Informational);

    public ConcurrentQueue<string> Sent { get; } = new();

    /// <summary>The number of requests that hid a received message for ten more minutes.</summary>
    public int Renewals => Sent.Count(request => request.StartsWith("PUT ", StringComparison.Ordinal) && request.Contains("visibilitytimeout=600", StringComparison.Ordinal));

    public void Dispose() => listener.Dispose();

    private static string Value(EventWrittenEventArgs request, string name) => request.Payload?[request.PayloadNames!.IndexOf(name)] as string ?? "";
}
