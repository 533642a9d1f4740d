using System.Runtime.CompilerServices;

namespace Parley.Assistants.Completions;

/// <summary>What a turn's producer has stored, for whoever listens in the same process. Listeners see the latest state, not every one.</summary>
/// <param name="completion">As it is stored.</param>
internal sealed class CompletionBroadcast(Completion completion)
{
    private readonly Lock gate = new();
    private Completion latest = completion;
    private TaskCompletionSource changed = NewSignal();

    /// <summary>The last state.</summary>
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

    /// <summary>A new state; the last is that of its end.</summary>
    public void Publish(Completion completion)
    {
        lock (gate)
        {
            latest = completion;
            Wake();
        }
    }

    /// <summary>There will be no more, for the producer has failed.</summary>
    public void Fail(Exception failure)
    {
        lock (gate)
        {
            changed.TrySetException(failure);
        }
    }

    /// <summary>The state now, and every time that it may be another; ends with the turn.</summary>
    public async IAsyncEnumerable<Completion> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        // Not by Task.WaitAsync: that would go on on a thread of the pool, also where a test has only one.
        await using var leaving = cancellation.UnsafeRegister(static feed => ((CompletionBroadcast)feed!).Wake(), this);
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
            // A failure stays.
            changed = changed.TrySetResult() ? NewSignal() : changed;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>A turn that this process speaks.</summary>
/// <param name="States">What is stored of it, as it comes.</param>
/// <param name="Result">Its end. To be awaited, also when nobody listens any more: leaving is not cancelling.</param>
public sealed record ProducedCompletion(IAsyncEnumerable<Completion> States, Task<Completion> Result);
