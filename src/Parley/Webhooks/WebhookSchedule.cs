using System.Collections.Immutable;
using Parley.Core;

namespace Parley.Webhooks;

/// <summary>What comes after an attempt.</summary>
public enum WebhookVerdict
{
    /// <summary>The receiver has it.</summary>
    Delivered,

    /// <summary>The receiver wants no more callbacks, this one or others.</summary>
    Gone,

    /// <summary>Another attempt, later.</summary>
    Retry,

    /// <summary>No attempt is left.</summary>
    Exhausted,
}

/// <summary>What comes after an attempt, and for a retry how much later.</summary>
public readonly record struct WebhookStep(WebhookVerdict Verdict, TimeSpan Delay = default);

/// <summary>
/// When a callback is tried again, and when not. Status codes mean what Standard Webhooks says ("Delivery success and failure"): redirects
/// are failures, since following one would call a URL that nobody registered. Failures without an answer are tried again like others, also a refused
/// address: names change.
/// </summary>
public sealed class WebhookSchedule(RandomSource random)
{
    /// <summary>
    /// At most this much later than planned, so that callbacks that failed together do not come back together. Only later: the plan is
    /// what receivers are promised at the least, and what they ask for in Retry-After is not to be undercut either.
    /// </summary>
    public const double Jitter = 0.2;

    /// <summary>The least delay after the first attempt, the second, and so on.</summary>
    public static ImmutableArray<TimeSpan> Delays { get; } =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2),
        TimeSpan.FromHours(5), TimeSpan.FromHours(10), TimeSpan.FromHours(10),
    ];

    /// <summary>Attempts, with the first.</summary>
    public static int MaxAttempts => Delays.Length + 1;

    /// <summary>The longest Retry-After that is honoured, the longest delay of the plan: a receiver cannot keep a callback for ever.</summary>
    public static TimeSpan MaxRetryAfter => Delays[^1];

    /// <summary>What comes after an attempt.</summary>
    /// <param name="attempt">Its number, from 1.</param>
    /// <param name="result">How it went.</param>
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

    private TimeSpan DelayAfter(int attempt, TimeSpan asked)
    {
        var bounded = asked < MaxRetryAfter ? asked : MaxRetryAfter;
        var least = bounded > Delays[attempt - 1] ? bounded : Delays[attempt - 1];
        return least * (1 + (Jitter * random.NextDouble()));
    }
}
