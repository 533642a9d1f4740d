using Azure;
using Parley.Core;

namespace Parley.Storage;

/// <summary>
/// Limits the time and the attempts of one write. Exports read a range 30 s after its end and depend on no message with
/// an earlier date being committed later: an append older than 15 s is not sent, and one send takes at most 10 s.
/// </summary>
public sealed class WriteBudget(TimeProvider time, RandomSource random)
{
    /// <summary>
    /// Maximum sends of a write, and maximum rounds: the steps before a send may fail too, so rounds without a send
    /// count.
    /// </summary>
    public const int MaxAttempts = 8;

    /// <summary>Limit of one send, with all retries of the storage client.</summary>
    public static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Nothing is sent later than this after the start of the write.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(1);

    /// <summary>Starts the time limit of a write.</summary>
    public Running Start() => new(time, random);

    /// <summary>
    /// One write's use of the budget. Each round calls <see cref="WaitAsync"/>, reads the current state (an earlier
    /// send may have been stored, see <see cref="MayHaveLanded"/>; the caller reports <see cref="NothingLanded"/> if
    /// none was and none can be any more), and calls
    /// <see cref="ThrowIfUsedUp"/> and <see cref="SendAsync"/>. The state is therefore read after the last send too,
    /// and <see cref="ErrorCode.Busy"/>, which means that nothing was stored, is thrown only when that is known.
    /// </summary>
    public sealed class Running(TimeProvider time, RandomSource random)
    {
        private readonly long startedAt = time.GetTimestamp();
        private int rounds;
        private int sent;

        /// <summary>
        /// True when a send may have been stored, or may still be: its response was lost. False after a definite
        /// conflict, which shows that the send was not stored.
        /// </summary>
        public bool MayHaveLanded { get; private set; }

        /// <summary>
        /// Waits before every round except the first, with full jitter, so that the writers that lost one race do not
        /// collide again.
        /// </summary>
        public async Task WaitAsync(CancellationToken cancellation)
        {
            if (rounds++ > 0)
            {
                var exponential = FirstDelay.TotalMilliseconds * Math.Pow(2, rounds - 2);
                var ceiling = Math.Min(MaxDelay.TotalMilliseconds, exponential);
                await Task.Delay(TimeSpan.FromMilliseconds(ceiling * random.NextDouble()), time, cancellation);
            }
        }

        /// <summary>Call this if no earlier send has been stored and none can be stored any more.</summary>
        public void NothingLanded() => MayHaveLanded = false;

        /// <summary>Throws when the attempts or the time are used up.</summary>
        /// <exception cref="ParleyException">
        /// <see cref="ErrorCode.Busy"/> if nothing was stored, else <see cref="ErrorCode.StorageUnavailable"/>.
        /// </exception>
        public void ThrowIfUsedUp()
        {
            if (sent < MaxAttempts && rounds <= MaxAttempts && time.GetElapsedTime(startedAt) <= MaxAge)
            {
                return;
            }

            throw MayHaveLanded ? ParleyException.OutcomeUnknown() : ParleyException.Busy();
        }

        /// <summary>Sends a write with <see cref="SendTimeout"/>, unless the budget is used up.</summary>
        /// <exception cref="ParleyException">As of <see cref="ThrowIfUsedUp"/>.</exception>
        public async Task<T> SendAsync<T>(Func<CancellationToken, Task<T>> write, CancellationToken cancellation)
        {
            ThrowIfUsedUp();
            sent++;
            var earlierMayHaveLanded = MayHaveLanded;
            MayHaveLanded = true;
            using var counting = SendCounter.Count(out var sends);
            using var timeout = new CancellationTokenSource(SendTimeout, time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
            try
            {
                return await write(linked.Token);
            }
            catch (RequestFailedException e) when (e.IsLostRace() && sends.Count == 1)
            {
                // A conflict in the response to a single request: another writer was first.
                MayHaveLanded = earlierMayHaveLanded;
                throw;
            }
        }
    }
}
