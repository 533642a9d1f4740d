using Parley.Core;

namespace Parley.Storage;

/// <summary>
/// How long and how often one write is tried. Exports read a range 30 s after its end and rely on it that no message
/// dated before the end is committed later: an append older than 15 s is not sent, and one send takes at most 10 s.
/// </summary>
public sealed class WriteBudget(TimeProvider time, RandomSource random)
{
    /// <summary>How often a write is tried before the caller is told to come back: what it needs first may fail too.</summary>
    public const int MaxAttempts = 8;

    /// <summary>One send, with all retries of the storage client.</summary>
    public static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);

    /// <summary>After this long nothing more is sent.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(1);

    /// <summary>Begins a write now.</summary>
    public Running Start() => new(time, random);

    /// <summary>
    /// One write's use of the budget. Each round: <see cref="WaitAsync"/>, look at what is there (an earlier send may have landed; if it
    /// never can any more, <see cref="NothingLanded"/>), <see cref="ThrowIfUsedUp"/>, <see cref="SendAsync"/>. So the last send is
    /// looked after too, and the caller is told that nothing was stored only when that is known.
    /// </summary>
    public sealed class Running(TimeProvider time, RandomSource random)
    {
        private readonly long startedAt = time.GetTimestamp();
        private int rounds;
        private int sent;
        private bool mayHaveLanded;

        /// <summary>Waits before every round but the first (full jitter, so that losers of one race do not meet again).</summary>
        public async Task WaitAsync(CancellationToken cancellation)
        {
            if (rounds++ > 0)
            {
                var ceiling = Math.Min(MaxDelay.TotalMilliseconds, FirstDelay.TotalMilliseconds * Math.Pow(2, rounds - 2));
                await Task.Delay(TimeSpan.FromMilliseconds(ceiling * random.NextDouble()), time, cancellation);
            }
        }

        /// <summary>What is there shows that no send so far has been stored, and that none can be any more.</summary>
        public void NothingLanded() => mayHaveLanded = false;

        /// <summary>Gives up when the attempts or the time are used up.</summary>
        /// <exception cref="ParleyException">
        /// <see cref="ErrorCode.Busy"/> when nothing was stored, else <see cref="ErrorCode.StorageUnavailable"/>.
        /// </exception>
        public void ThrowIfUsedUp()
        {
            if (sent < MaxAttempts && rounds <= MaxAttempts && time.GetElapsedTime(startedAt) <= MaxAge)
            {
                return;
            }

            throw mayHaveLanded ? ParleyException.OutcomeUnknown() : ParleyException.Busy();
        }

        /// <summary>Sends a write with its time-out, unless it has become too old to be sent.</summary>
        public async Task<T> SendAsync<T>(Func<CancellationToken, Task<T>> write, CancellationToken cancellation)
        {
            ThrowIfUsedUp();
            sent++;
            mayHaveLanded = true;
            using var timeout = new CancellationTokenSource(SendTimeout, time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
            return await write(linked.Token);
        }
    }
}
