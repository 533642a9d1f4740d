using System.Runtime.CompilerServices;

namespace Parley.Assistants.Completions;

/// <summary>
/// Polls the rows of completions that any process produces, and ends those whose process has stopped.
/// </summary>
public sealed class CompletionFollower(CompletionStore store, CompletionWriter writer, TimeProvider time)
{
    /// <summary>
    /// A running completion whose row is unchanged for this long has no producer: producers write at least once a
    /// second. Each follower measures it with its own clock, so clocks need not agree.
    /// </summary>
    internal static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// A request that has taken this long ends, and the client repeats it: the platform's front end cuts requests after
    /// 230 s.
    /// </summary>
    private static readonly TimeSpan MaxFollowTime = TimeSpan.FromSeconds(220);

    /// <summary>
    /// Returns the given state and each later one. The last state has the status Ended, unless the request's time is
    /// used up first.
    /// </summary>
    /// <param name="completion">The completion as it was read.</param>
    /// <param name="began">The start of the request (<see cref="TimeProvider.GetTimestamp"/>).</param>
    internal async IAsyncEnumerable<Completion> FollowAsync(
        Completion completion,
        long began,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var changed = time.GetTimestamp();
        yield return completion;
        while (completion.Status != CompletionStatus.Ended && time.GetElapsedTime(began) < MaxFollowTime)
        {
            await Task.Delay(Interval, time, cancellation);
            var stored = await store.FindAsync(completion.Key, cancellation)
                ?? throw new InvalidOperationException($"Completion {completion.Key} no longer exists.");
            if (stored.ETag == completion.ETag
                && stored.Status == CompletionStatus.Running
                && time.GetElapsedTime(changed) >= DeadAfter)
            {
                stored = await EndDeadAsync(stored);
            }

            if (stored.ETag != completion.ETag || stored.Status != completion.Status)
            {
                (completion, changed) = (stored, time.GetTimestamp());
                yield return completion;
            }
        }
    }

    /// <summary>
    /// Ends a completion whose row was unchanged for <see cref="DeadAfter"/>, unless its producer writes it first.
    /// </summary>
    internal Task<Completion> EndDeadAsync(Completion completion) => writer.EndAsync(
        completion,
        completion.CancelRequested ? CompletionError.Cancelled : CompletionError.Interrupted,
        retryAfter: null,
        isProducer: false);
}
