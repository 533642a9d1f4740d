using System.Collections.Concurrent;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>A queue without a listener: the measure takes its messages and runs them itself.</summary>
internal sealed class KeptMessages<T> : IWorkQueue<T>
{
    private readonly ConcurrentQueue<T> messages = new();

    /// <summary>The only message that was sent since the last call; with a filter, the only one of those that pass it.</summary>
    public T TakeOnly(Func<T, bool>? filter = null)
    {
        T[] taken = [.. messages.Where(message => filter is null || filter(message))];
        messages.Clear();
        return taken is [var only] ? only : throw new BenchmarkException($"{taken.Length} messages were sent, not one.");
    }

    public Task SendAsync(T message, TimeSpan delay, CancellationToken cancellation)
    {
        messages.Enqueue(message);
        return Task.CompletedTask;
    }
}
