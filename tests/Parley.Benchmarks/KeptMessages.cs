using System.Collections.Concurrent;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>A queue without a listener: the measure takes its messages and processes them itself.</summary>
internal sealed class KeptMessages<T> : IWorkQueue<T>
{
    private readonly ConcurrentQueue<T> messages = new();

    /// <summary>
    /// Returns the only message since the previous call; with a filter, the only message that passes it.
    /// </summary>
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
