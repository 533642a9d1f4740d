using System.Buffers.Text;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants.Tokens;

/// <summary>
/// The keys that sign Parley's own access tokens, cached: a request costs no storage call. The first request that needs
/// a key creates it for all instances; <see cref="SigningKeyRotation"/> makes its successors.
/// </summary>
/// <remarks>
/// An operator withdraws a key by deleting its row. An instance notices it after <see cref="FreshFor"/>, and after at
/// most <see cref="ReadAgainAfter"/> if it had no requests. While storage does not answer, it cannot notice it, and the
/// cached keys count.
/// </remarks>
public sealed partial class SigningKeys
{
    /// <summary>The age from which cached keys are read again, in the background.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(5);

    /// <summary>An instance that has not tried to read for this time reads before it uses cached keys.</summary>
    public static readonly TimeSpan ReadAgainAfter = TimeSpan.FromMinutes(10);

    /// <summary>The least time between two reads. A flood of forged key ids causes no more.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>The requests that wait for a read; further ones are refused at once.</summary>
    public const int MaxWaiting = 1_000;

    /// <summary>
    /// The greatest age of keys that are published or sign: so a key is published long before it signs, and none signs
    /// that is removed soon.
    /// </summary>
    internal static readonly TimeSpan MaxAge = TimeSpan.FromHours(1);

    /// <summary>The characters of a SHA-256 in base64url.</summary>
    private const int KidLength = 43;

    /// <summary>The time from a failed read to the next one in the background.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(30);

    /// <summary>Many requests wait for the same read, so a failure must not take four times as long.</summary>
    private const int Retries = 1;

    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(5);

    private readonly SigningKeyStore store;
    private readonly TimeProvider time;
    private readonly ILogger<SigningKeys> logger;
    private readonly SharedReads reads;
    private volatile Known? known;
    private volatile bool isKeyNeeded;
    private int waiting;

    public SigningKeys(SigningKeyStore store, TimeProvider time, ILogger<SigningKeys> logger)
    {
        (this.store, this.time, this.logger) = (store, time, logger);
        reads = new SharedReads(ReadAsync, Interval, time);
    }

    /// <summary>
    /// Finds the key of a token. A known one is returned without waiting, unless the instance had no requests for long;
    /// for an unknown one, the keys are read once more.
    /// </summary>
    /// <returns>Null when there is no such key.</returns>
    /// <exception cref="ParleyException">
    /// Only for an unknown key: <see cref="ErrorCode.StorageUnavailable"/>; <see cref="ErrorCode.Busy"/>: many wait.
    /// </exception>
    public async Task<IssuerKey?> FindAsync(string kid, CancellationToken cancellation)
    {
        if (kid.Length != KidLength || !Base64Url.IsValid(kid))
        {
            return null;
        }

        await RefreshAsync(cancellation);
        if (known?.Find(kid) is { } key)
        {
            return key;
        }

        return (await ReadAgainAsync(cancellation)).Find(kid);
    }

    /// <summary>Returns the published keys, the oldest first: at least one.</summary>
    /// <inheritdoc cref="ReadAgainAsync" path="/exception"/>
    public async Task<IReadOnlyList<SigningKey>> ListAsync(CancellationToken cancellation)
    {
        isKeyNeeded = true;
        await RefreshAsync(cancellation);
        var current = known is { Keys.Count: > 0 } cached && time.GetElapsedTime(cached.ReadAt) <= MaxAge
            ? cached
            : await ReadAgainAsync(cancellation);
        return current.Keys.Count > 0
            ? current.Keys
            : throw ParleyException.StorageUnavailable("The key that signs tokens was removed just now. Try again.");
    }

    /// <summary>Returns the key that signs now.</summary>
    /// <inheritdoc cref="ReadAgainAsync" path="/exception"/>
    internal async Task<SigningKey> GetSigningAsync(CancellationToken cancellation)
    {
        var keys = await ListAsync(cancellation);
        var now = time.GetUtcNow();

        // If the operator has withdrawn the key that signs, its successor signs before its time.
        return keys.LastOrDefault(key => key.SignsFrom <= now) ?? keys[0];
    }

    /// <summary>Begins to read stale keys.</summary>
    private async Task RefreshAsync(CancellationToken cancellation)
    {
        if (known is not { } cached
            || time.GetElapsedTime(cached.ReadAt) < FreshFor
            || reads.HasBegunWithin(RetryAfter))
        {
            return;
        }

        var isIdle = !reads.HasBegunWithin(ReadAgainAfter);
        var read = reads.JoinAsync();
        if (isIdle)
        {
            await read.WaitAsync(cancellation).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Waits for a read that begins from now on.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.StorageUnavailable"/>; <see cref="ErrorCode.Busy"/>: too many wait.
    /// </exception>
    private async Task<Known> ReadAgainAsync(CancellationToken cancellation)
    {
        try
        {
            if (Interlocked.Increment(ref waiting) > MaxWaiting)
            {
                throw new ParleyException(ErrorCode.Busy, "Too many requests wait for a signing key. Try again.")
                {
                    RetryAfter = Interval,
                };
            }

            await reads.JoinAsync().WaitAsync(cancellation);
            return known!;
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            var readAt = time.GetTimestamp();
            using var timeout = new CancellationTokenSource(ReadTimeout, time);
            using var limit = RetryLimit.Begin(Retries);
            var keys = await store.ReadAsync(timeout.Token);
            if (keys.Count == 0 && isKeyNeeded)
            {
                await store.AddAsync(number: 1, signsAfter: TimeSpan.Zero, timeout.Token);
                keys = await store.ReadAsync(timeout.Token);
            }

            known = new Known(keys, [.. keys.Select(key => key.ToIssuerKey())], readAt);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogStorage(logger, StorageErrors.FirstLine(e));
            throw ParleyException.StorageUnavailable("Storage does not answer. Try again.", e, isLogged: true);
        }
    }

    [LoggerMessage(1521, LogLevel.Warning, "The keys that sign access tokens could not be read: {Reason}")]
    private static partial void LogStorage(ILogger logger, string reason);

    private sealed record Known(IReadOnlyList<SigningKey> Keys, IReadOnlyList<IssuerKey> IssuerKeys, long ReadAt)
    {
        public IssuerKey? Find(string kid) => IssuerKeys.FirstOrDefault(key => key.Key.KeyId == kid);
    }
}
