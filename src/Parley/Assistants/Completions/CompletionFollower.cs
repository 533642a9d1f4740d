using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Azure;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>
/// Follows completions that any process produces, and ends those whose process has stopped. All followers of one
/// completion in this process share one <see cref="CompletionFeed"/>: it relays the states of a producer in this
/// process, and otherwise polls the row, however many followers there are.
/// </summary>
public sealed class CompletionFollower(
    CompletionStore store, CompletionWriter writer, RunningCompletions running, TimeProvider time)
{
    /// <summary>
    /// A running completion whose row is unchanged for this long has no producer: producers write at least once a
    /// second. Each process measures it with its own clock, so clocks need not agree.
    /// </summary>
    internal static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(10);

    /// <summary>The time between two reads of the row.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// A request that has taken this long ends, and the client repeats it: the platform's front end cuts requests after
    /// 230 s.
    /// </summary>
    private static readonly TimeSpan MaxFollowTime = TimeSpan.FromSeconds(220);

    /// <summary>
    /// Failed reads are repeated for this long. Followers then receive the failure: a client that waits for an outage
    /// to end does better to return.
    /// </summary>
    private static readonly TimeSpan MaxReadFailures = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private readonly Dictionary<MessageKey, CompletionFeed> feeds = [];

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
        yield return completion;
        var left = MaxFollowTime - time.GetElapsedTime(began);
        if (completion.Status == CompletionStatus.Ended || left <= TimeSpan.Zero)
        {
            yield break;
        }

        using var limit = new CancellationTokenSource(left, time);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        var feed = Join(completion);
        try
        {
            await using var states = feed.ReadAsync(leaving.Token).GetAsyncEnumerator(CancellationToken.None);
            while (await TryMoveAsync(states, limit.Token, cancellation))
            {
                if (CompletionFeed.IsLater(states.Current, completion))
                {
                    completion = states.Current;
                    yield return completion;
                }
            }
        }
        finally
        {
            Leave(feed);
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

    /// <summary>Moves to the next state; false after the last one, and when the request's time is used up.</summary>
    private static async Task<bool> TryMoveAsync(
        IAsyncEnumerator<Completion> states, CancellationToken limit, CancellationToken cancellation)
    {
        try
        {
            return await states.MoveNextAsync();
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested
            && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    internal CompletionFeed Join(Completion completion)
    {
        CompletionFeed feed;
        lock (gate)
        {
            if (feeds.TryGetValue(completion.Key, out var shared))
            {
                shared.Followers++;
                shared.Offer(completion);
                return shared;
            }

            feeds[completion.Key] = feed = new CompletionFeed(completion) { Followers = 1 };
        }

        SharedWork.Start(() => _ = RunAsync(feed));
        return feed;
    }

    internal void Leave(CompletionFeed feed)
    {
        lock (gate)
        {
            feed.Followers--;
        }
    }

    /// <summary>
    /// Removes a feed that has ended, or that nobody follows. Both are examined under the lock: until then a follower
    /// of a later attempt may join, and the feed must go on.
    /// </summary>
    internal bool TryRemove(CompletionFeed feed)
    {
        lock (gate)
        {
            return (feed.Followers == 0 || feed.Latest.Status == CompletionStatus.Ended)
                && feeds.Remove(feed.Latest.Key);
        }
    }

    /// <summary>
    /// Supplies the states of a feed until the completion ends, reading fails or the last follower leaves.
    /// </summary>
    [SuppressMessage("Design", "CA1031", Justification = "Every follower receives the failure.")]
    private async Task RunAsync(CompletionFeed feed)
    {
        try
        {
            var watch = StartWatch(feed);
            while (true)
            {
                if (running.Find(feed.Latest.Key) is { } own && own.Latest.Attempt >= feed.Latest.Attempt)
                {
                    await RelayAsync(own, feed);
                    watch = StartWatch(feed);
                }
                else
                {
                    await Task.Delay(Interval, time);
                    if (TryRemove(feed))
                    {
                        return;
                    }

                    watch = await PollAsync(feed, watch);
                }

                // A follower that joins after the end gets a feed of its own, in case it follows a later attempt.
                if (feed.Latest.Status == CompletionStatus.Ended && TryRemove(feed))
                {
                    return;
                }
            }
        }
        catch (Exception e)
        {
            lock (gate)
            {
                feeds.Remove(feed.Latest.Key);
            }

            feed.Fail(e);
        }
    }

    /// <summary>
    /// Passes on what this process's producer has stored, without a call to storage. If the producer fails, its
    /// completion is still open: the caller then polls the row, like every other process.
    /// </summary>
    [SuppressMessage("Design", "CA1031", Justification = "The producer's own caller receives the failure.")]
    private static async Task RelayAsync(CompletionBroadcast own, CompletionFeed feed)
    {
        try
        {
            await foreach (var state in own.ReadAsync(CancellationToken.None))
            {
                feed.Offer(state);
            }
        }
        catch (Exception)
        {
            // As above.
        }
    }

    private RowWatch StartWatch(CompletionFeed feed)
    {
        var now = time.GetTimestamp();
        return new RowWatch(feed.Latest.ETag, now, now);
    }

    /// <summary>Reads the row once, and ends the completion if its producer has died.</summary>
    private async Task<RowWatch> PollAsync(CompletionFeed feed, RowWatch watch)
    {
        Completion stored;
        try
        {
            stored = await store.FindAsync(feed.Latest.Key, CancellationToken.None, known: feed.Latest)
                ?? throw new InvalidOperationException($"Completion {feed.Latest.Key} no longer exists.");
        }
        catch (Exception e) when (StorageErrors.IsOutcomeUnknown(e, CancellationToken.None)
            && time.GetElapsedTime(watch.Answered) < MaxReadFailures)
        {
            // The producer may be cut off from storage as well, so the time without a change counts anew.
            return watch with { Changed = time.GetTimestamp() };
        }

        if (stored.ETag == watch.ETag
            && stored.Status == CompletionStatus.Running
            && time.GetElapsedTime(watch.Changed) >= DeadAfter)
        {
            stored = await EndDeadAsync(stored);
        }

        feed.Offer(stored);
        var now = time.GetTimestamp();
        return stored.ETag == watch.ETag ? watch with { Answered = now } : new RowWatch(stored.ETag, now, now);
    }

    /// <summary>The row as it was last read.</summary>
    /// <param name="Changed">The time from which the row is known to be unchanged.</param>
    /// <param name="Answered">The time of the last read that succeeded.</param>
    private sealed record RowWatch(ETag ETag, long Changed, long Answered);
}
