using Parley.Core;

namespace Parley.Tenants.Tokens;

/// <summary>
/// Reads for many requests at once: a request joins a read that begins after the request did, so it sees everything
/// that was stored before. At most one read runs, and at most one begins in <paramref name="interval"/>. Thread-safe.
/// </summary>
/// <param name="read">The read. It bounds its own time, and does not end with any request.</param>
/// <param name="interval">The least time between the beginnings of two reads.</param>
/// <param name="time">The clock.</param>
internal sealed class SharedReads(Func<Task> read, TimeSpan interval, TimeProvider time)
{
    private readonly Lock gate = new();
    private Task last = Task.CompletedTask;
    private Task? next;
    private long? begunAt;

    /// <summary>Joins the next read.</summary>
    public Task JoinAsync()
    {
        lock (gate)
        {
            if (next is null)
            {
                SharedWork.Start(() => next = RunAsync(last));
            }

            return next!;
        }
    }

    /// <summary>True when a read began so recently.</summary>
    public bool HasBegunWithin(TimeSpan age)
    {
        lock (gate)
        {
            return begunAt is { } at && time.GetElapsedTime(at) < age;
        }
    }

    private async Task RunAsync(Task before)
    {
        // The rest runs outside the lock. A failed read was an error of those who waited for it.
        await Task.Yield();
        await before.ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (begunAt is { } at && interval - time.GetElapsedTime(at) is var wait && wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, time);
        }

        lock (gate)
        {
            (last, next) = (next!, null);
            begunAt = time.GetTimestamp();
        }

        await read();
    }
}
