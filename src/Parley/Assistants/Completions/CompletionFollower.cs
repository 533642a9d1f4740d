using System.Runtime.CompilerServices;

namespace Parley.Assistants.Completions;

/// <summary>Follows turns that any process speaks, by their rows, and ends those whose process has died.</summary>
public sealed class CompletionFollower(CompletionStore store, CompletionWriter writer, TimeProvider time)
{
    /// <summary>
    /// A running turn whose row stays the same for so long has nobody who speaks: they write at least once a second. Measured by whoever watches, so that
    /// clocks need not agree.
    /// </summary>
    internal static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);

    /// <summary>A request that has taken so long ends, and its client comes again: the platform's front end cuts what takes 230 s.</summary>
    private static readonly TimeSpan MaxWatch = TimeSpan.FromSeconds(220);

    /// <summary>The turn's states from now on, the last that of its end, or none for a watch that took too long.</summary>
    /// <param name="completion">As it was read.</param>
    /// <param name="began">When the request that watches did.</param>
    /// <param name="cancellation">Ends the watch.</param>
    internal async IAsyncEnumerable<Completion> FollowAsync(Completion completion, long began, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var changed = time.GetTimestamp();
        yield return completion;
        while (completion.Status != CompletionStatus.Ended && time.GetElapsedTime(began) < MaxWatch)
        {
            await Task.Delay(Interval, time, cancellation);
            var there = await store.FindAsync(completion.Key, cancellation) ?? throw new InvalidOperationException($"The turn {completion.Key} vanished.");
            if (there.ETag == completion.ETag && there.Status == CompletionStatus.Running && time.GetElapsedTime(changed) >= DeadAfter)
            {
                there = await EndDeadAsync(there);
            }

            if (there.ETag != completion.ETag || there.Status != completion.Status)
            {
                (completion, changed) = (there, time.GetTimestamp());
                yield return completion;
            }
        }
    }

    /// <summary>Ends a turn of which nothing was heard for <see cref="DeadAfter"/>, unless something is heard now.</summary>
    internal Task<Completion> EndDeadAsync(Completion completion) => writer.EndAsync(completion, completion.CancelRequested ? CompletionError.Cancelled : CompletionError.Interrupted, retryAfter: null, isProducer: false);
}
