using System.Collections.Concurrent;
using Azure.Core;
using Azure.Core.Pipeline;
using Parley.Exports;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>Queues of exports that nobody reads: what is sent to them waits for the measure.</summary>
internal sealed class KeptExports : IWorkQueue<ExportStep>
{
    private readonly ConcurrentQueue<ExportStep> steps = new();

    /// <summary>The only file that was asked for since the last time.</summary>
    public ExportStep TakeOnly()
    {
        ExportStep[] taken = [.. steps.Where(step => step.Step == 0)];
        steps.Clear();
        return taken is [var only] ? only : throw new BenchmarkException($"{taken.Length} files were asked for, not one.");
    }

    public Task SendAsync(ExportStep step, TimeSpan delay, CancellationToken cancellation)
    {
        steps.Enqueue(step);
        return Task.CompletedTask;
    }
}

/// <summary>Counts the requests to blob storage.</summary>
internal sealed class BlobCalls : HttpPipelinePolicy
{
    private int calls;

    /// <summary>The requests since the last time.</summary>
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
