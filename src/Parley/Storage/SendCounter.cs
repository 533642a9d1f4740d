using Azure.Core;
using Azure.Core.Pipeline;

namespace Parley.Storage;

/// <summary>
/// Counts the requests that the storage client sends for one write. The client retries on its own, so a 412 or 409
/// after a retry may be the result of this write's own first request; after a single request it is another writer's.
/// </summary>
internal sealed class SendCounter : HttpPipelineSynchronousPolicy
{
    private static readonly string Property = typeof(SendCounter).FullName!;

    /// <summary>Counts the requests that are sent in this asynchronous flow until the scope is disposed.</summary>
    public static IDisposable Count(out Sends sends)
    {
        sends = new Sends();
        return HttpPipeline.CreateHttpMessagePropertiesScope(new Dictionary<string, object?> { [Property] = sends });
    }

    public override void OnSendingRequest(HttpMessage message)
    {
        if (message.TryGetProperty(Property, out var value) && value is Sends sends)
        {
            sends.Count++;
        }
    }

    /// <summary>The requests of one write. They follow each other, so the count needs no lock.</summary>
    internal sealed class Sends
    {
        public int Count { get; set; }
    }
}
