using Parley.Problems;

namespace Parley.Storage;

/// <summary>
/// How long and how often one write is tried. Exports read a range 30 s after its end and rely on it that no message
/// dated before the end is committed later: an append older than 15 s is not sent, and one send takes at most 10 s.
/// </summary>
public sealed class WriteBudget(TimeProvider time, Entropy entropy)
{
    /// <summary>How often a write is sent before the caller is told to come back.</summary>
    public const int MaxAttempts = 8;

    /// <summary>One send, with all retries of the storage client.</summary>
    public static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);

    /// <summary>After this long nothing more is sent.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(1);

    /// <summary>Begins a write now.</summary>
    public Running Start() => new(time, entropy, time.GetTimestamp());

    /// <summary>One write's use of the budget.</summary>
    public sealed class Running(TimeProvider time, Entropy entropy, long startedAt)
    {
        private int attempts;

        /// <summary>Before each attempt: waits after the first one (full jitter, so that losers of one race do not meet again).</summary>
        /// <exception cref="ParleyException"><see cref="ErrorCode.ConversationBusy"/> when the budget is used up.</exception>
        public async Task NextAttemptAsync(CancellationToken cancellation)
        {
            if (attempts >= MaxAttempts)
            {
                throw Exhausted();
            }

            if (attempts > 0)
            {
                var ceiling = Math.Min(MaxDelay.TotalMilliseconds, FirstDelay.TotalMilliseconds * Math.Pow(2, attempts - 1));
                await Task.Delay(TimeSpan.FromMilliseconds(ceiling * entropy.NextDouble()), time, cancellation);
            }

            attempts++;
        }

        /// <summary>Sends a write with its time-out, unless it is too old to be sent.</summary>
        /// <exception cref="ParleyException"><see cref="ErrorCode.ConversationBusy"/> when the write is older than <see cref="MaxAge"/>.</exception>
        public async Task<T> SendAsync<T>(Func<CancellationToken, Task<T>> write, CancellationToken cancellation)
        {
            if (time.GetElapsedTime(startedAt) > MaxAge)
            {
                throw Exhausted();
            }

            using var timeout = new CancellationTokenSource(SendTimeout, time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
            return await write(linked.Token);
        }

        private static ParleyException Exhausted() =>
            new(ErrorCode.ConversationBusy, "Others are writing to the same place; nothing was stored. Try again.") { RetryAfter = TimeSpan.FromSeconds(1) };
    }
}
