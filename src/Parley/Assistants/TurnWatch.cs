using System.Runtime.CompilerServices;

namespace Parley.Assistants;

/// <summary>Follows turns that any process speaks, by their rows, and ends those whose process has died.</summary>
public sealed class TurnWatch(TurnReader reader, TurnWriter writer, TimeProvider time)
{
    /// <summary>
    /// A running turn whose row stays the same for so long has nobody who speaks: they write at least once a second. Measured by whoever watches, so that
    /// clocks need not agree.
    /// </summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);

    /// <summary>A request that has taken so long ends, and its client comes again: the platform's front end cuts what takes 230 s.</summary>
    private static readonly TimeSpan MaxWatch = TimeSpan.FromSeconds(220);

    /// <summary>The turn's states from now on, the last that of its end, or none for a watch that took too long.</summary>
    /// <param name="turn">As it was read.</param>
    /// <param name="began">When the request that watches did.</param>
    /// <param name="cancellation">Ends the watch.</param>
    internal async IAsyncEnumerable<Turn> FollowAsync(Turn turn, long began, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var changed = time.GetTimestamp();
        yield return turn;
        while (turn.Status != TurnStatus.Ended && time.GetElapsedTime(began) < MaxWatch)
        {
            await Task.Delay(Interval, time, cancellation);
            var there = await reader.FindAsync(turn.Key, cancellation) ?? throw new InvalidOperationException($"The turn {turn.Key} vanished.");
            if (there.ETag == turn.ETag && there.Status == TurnStatus.Running && time.GetElapsedTime(changed) >= Patience)
            {
                there = await EndDeadAsync(there);
            }

            if (there.ETag != turn.ETag || there.Status != turn.Status)
            {
                (turn, changed) = (there, time.GetTimestamp());
                yield return turn;
            }
        }
    }

    /// <summary>Ends a turn of which nothing was heard for <see cref="Patience"/>, unless something is heard now.</summary>
    internal Task<Turn> EndDeadAsync(Turn turn) => writer.EndAsync(turn, turn.CancelAsked ? TurnError.Cancelled : TurnError.Interrupted, retryAfter: null, speaks: false);
}
