using Azure.Core;
using Azure.Core.Pipeline;

namespace Parley.Benchmarks;

/// <summary>Counts the requests to blob storage.</summary>
internal sealed class BlobCalls : HttpPipelinePolicy
{
    private int calls;

    /// <summary>Returns the number of requests since the previous call.</summary>
    public int Take() => Interlocked.Exchange(ref calls, 0);

    public override ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        Interlocked.Increment(ref calls);
        return ProcessNextAsync(message, pipeline);
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        Interlocked.Increment(ref calls);
        ProcessNext(message, pipeline);
    }
}
