using System.Runtime.CompilerServices;

namespace Parley.Assistants.Completions;

/// <summary>
/// Publishes the states that a producer has stored to readers in the same process. Thread-safe. A reader receives the
/// latest state, and may miss those between.
/// </summary>
/// <param name="completion">The completion as it is stored.</param>
internal sealed class CompletionBroadcast(Completion completion)
{
    private readonly Lock gate = new();
    private Completion latest = completion;
    private TaskCompletionSource changed = NewSignal();

    public Completion Latest
    {
        get
        {
            lock (gate)
            {
                return latest;
            }
        }
    }

    /// <summary>Publishes a stored state. The last one has the status Ended.</summary>
    public void Publish(Completion completion)
    {
        lock (gate)
        {
            latest = completion;
            Wake();
        }
    }

    /// <summary>The producer failed: readers receive this exception, and no more states.</summary>
    public void Fail(Exception failure)
    {
        lock (gate)
        {
            changed.TrySetException(failure);
        }
    }

    /// <summary>
    /// Returns the current state, and then the latest state whenever it may have changed, until the completion ends.
    /// </summary>
    public async IAsyncEnumerable<Completion> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        // Not Task.WaitAsync: its continuation runs on a pool thread, even where a test has only one thread.
        await using var leaving = cancellation.UnsafeRegister(
            static broadcast => ((CompletionBroadcast)broadcast!).Wake(), this);
        while (true)
        {
            Completion state;
            Task next;
            lock (gate)
            {
                (state, next) = (latest, changed.Task);
            }

            cancellation.ThrowIfCancellationRequested();
            yield return state;
            if (state.Status == CompletionStatus.Ended)
            {
                yield break;
            }

            await next;
        }
    }

    private void Wake()
    {
        lock (gate)
        {
            // After a failure TrySetResult returns false, and the failed task stays.
            changed = changed.TrySetResult() ? NewSignal() : changed;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>A completion that this process produces.</summary>
/// <param name="States">The stored states, as they are published.</param>
/// <param name="Result">
/// The final state. Callers must await it even when no client reads any more: a disconnect does not cancel.
/// </param>
public sealed record ProducedCompletion(IAsyncEnumerable<Completion> States, Task<Completion> Result);
