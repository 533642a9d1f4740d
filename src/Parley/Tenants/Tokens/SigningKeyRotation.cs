namespace Parley.Tenants.Tokens;

/// <summary>
/// Makes and removes the keys that sign access tokens. Run by a timer; instances may run it at once, and it may end at
/// any point.
/// </summary>
/// <remarks>
/// The times of <see cref="SigningKeys"/> follow from those here: every instance knows a key long before it signs, and
/// a key is removed after its last token has expired.
/// </remarks>
public sealed class SigningKeyRotation(SigningKeyStore store, TimeProvider time)
{
    /// <summary>The time for which a key signs before its successor is made.</summary>
    public static readonly TimeSpan SigningTime = TimeSpan.FromDays(30);

    /// <summary>
    /// The time from a key's creation until it signs. Longer than others cache the published keys.
    /// </summary>
    public static readonly TimeSpan PublishedBefore = TimeSpan.FromHours(24);

    /// <summary>
    /// The time for which a key verifies after its successor has begun to sign. Longer than the lifetime of a token,
    /// the permitted skew of clocks, and the time that a write takes until it is visible.
    /// </summary>
    public static readonly TimeSpan KeptAfter = TimeSpan.FromHours(1);

    /// <summary><see cref="PublishedBefore"/>; tests show that less is not enough.</summary>
    internal TimeSpan Ahead { get; init; } = PublishedBefore;

    /// <summary><see cref="KeptAfter"/>; tests show that less is not enough.</summary>
    internal TimeSpan Kept { get; init; } = KeptAfter;

    /// <summary>One call, and another one for each change. The first key is made by its first use.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var keys = await store.ReadAsync(cancellation);
        var now = time.GetUtcNow();
        foreach (var (key, successor) in keys.Zip(keys.Skip(1)))
        {
            if (successor.SignsFrom + Kept <= now)
            {
                await store.RemoveAsync(key, cancellation);
            }
        }

        if (keys is [.., var newest] && newest.SignsFrom + SigningTime <= now)
        {
            await store.AddAsync(newest.Number + 1, Ahead, cancellation);
        }
    }
}
