using System.Collections.Immutable;
using Parley.Storage;

namespace Parley.Callbacks;

/// <summary>What comes after an attempt.</summary>
public enum CallbackVerdict
{
    /// <summary>The receiver has it.</summary>
    Taken,

    /// <summary>The receiver wants no more callbacks, this one or others.</summary>
    Refused,

    /// <summary>Another attempt, later.</summary>
    Retry,

    /// <summary>No attempt is left.</summary>
    GivenUp,
}

/// <summary>What comes after an attempt, and for a retry how much later.</summary>
public readonly record struct CallbackStep(CallbackVerdict Verdict, TimeSpan Delay = default);

/// <summary>
/// When a callback is tried again, and when not. Status codes mean what Standard Webhooks says ("Delivery success and failure"): redirects
/// are failures, since following one would call a URL that nobody registered. Failures without an answer are tried again like others, also a refused
/// address: names change.
/// </summary>
public sealed class CallbackSchedule(Entropy entropy)
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
    public CallbackStep After(int attempt, CallbackResult result)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(attempt, 1);
        return result.Status switch
        {
            >= 200 and < 300 => new CallbackStep(CallbackVerdict.Taken),
            410 => new CallbackStep(CallbackVerdict.Refused),
            _ when attempt >= MaxAttempts => new CallbackStep(CallbackVerdict.GivenUp),
            _ => new CallbackStep(CallbackVerdict.Retry, DelayAfter(attempt, result.RetryAfter ?? TimeSpan.Zero)),
        };
    }

    private TimeSpan DelayAfter(int attempt, TimeSpan asked)
    {
        var bounded = asked < MaxRetryAfter ? asked : MaxRetryAfter;
        var least = bounded > Delays[attempt - 1] ? bounded : Delays[attempt - 1];
        return least * (1 + (Jitter * entropy.NextDouble()));
    }
}
