using System.Collections.Immutable;
using Parley.Core;

namespace Parley.Webhooks;

/// <summary>The outcome of an attempt for the webhook.</summary>
public enum WebhookVerdict
{
    /// <summary>The receiver accepted the webhook.</summary>
    Delivered,

    /// <summary>The receiver wants no more webhooks, neither this one nor others.</summary>
    Gone,

    /// <summary>Another attempt follows later.</summary>
    Retry,

    /// <summary>The last attempt failed.</summary>
    Exhausted,
}

/// <summary>The next step after an attempt.</summary>
/// <param name="Verdict">The outcome of the attempt.</param>
/// <param name="Delay">The time until the next attempt; zero unless the verdict is a retry.</param>
public readonly record struct WebhookStep(WebhookVerdict Verdict, TimeSpan Delay = default);

/// <summary>
/// Decides about retries. Status codes have the meanings of Standard Webhooks ("Delivery success and failure"). A
/// redirect is a failure, because following it would call a URL that was never registered. Failures without a response
/// are retried like others. So is a refused address, because the name may later resolve to another address.
/// </summary>
public sealed class WebhookSchedule(RandomSource random)
{
    /// <summary>
    /// The maximum extension of a delay, as a fraction of it, so that webhooks that failed together are not retried
    /// together. Delays are only extended: receivers may rely on the planned delay as a minimum, and a Retry-After must
    /// not be shortened either.
    /// </summary>
    public const double Jitter = 0.2;

    /// <summary>The minimum delay after the first attempt, after the second, and so on.</summary>
    public static ImmutableArray<TimeSpan> Delays { get; } =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2),
        TimeSpan.FromHours(5), TimeSpan.FromHours(10), TimeSpan.FromHours(10),
    ];

    /// <summary>The maximum number of attempts, including the first.</summary>
    public static int MaxAttempts => Delays.Length + 1;

    /// <summary>
    /// The maximum Retry-After: a receiver cannot delay a webhook without end. It is the longest of
    /// <see cref="Delays"/>.
    /// </summary>
    public static TimeSpan MaxRetryAfter => Delays[^1];

    /// <summary>Returns the next step after an attempt.</summary>
    /// <param name="attempt">The number of the attempt, from 1.</param>
    /// <param name="result">The result of the attempt.</param>
    public WebhookStep After(int attempt, WebhookResult result)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(attempt, 1);
        return result.Status switch
        {
            >= 200 and < 300 => new WebhookStep(WebhookVerdict.Delivered),
            410 => new WebhookStep(WebhookVerdict.Gone),
            _ when attempt >= MaxAttempts => new WebhookStep(WebhookVerdict.Exhausted),
            _ => new WebhookStep(WebhookVerdict.Retry, DelayAfter(attempt, result.RetryAfter ?? TimeSpan.Zero)),
        };
    }

    private TimeSpan DelayAfter(int attempt, TimeSpan retryAfter)
    {
        var bounded = retryAfter < MaxRetryAfter ? retryAfter : MaxRetryAfter;
        var minimum = bounded > Delays[attempt - 1] ? bounded : Delays[attempt - 1];
        return minimum * (1 + (Jitter * random.NextDouble()));
    }
}
