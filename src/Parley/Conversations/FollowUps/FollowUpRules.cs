using Parley.Core;

namespace Parley.Conversations.FollowUps;

/// <summary>The conditions for a conversation to accept a follow-up, and the limits of its due time.</summary>
public static class FollowUpRules
{
    /// <summary>The most that a due time may be in the past. An older one is a mistake, not a late request.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromHours(24);

    /// <summary>The most years that a due time may be ahead.</summary>
    public const int MaxYears = 2;

    /// <summary>The most that the time of an end may be ahead: clocks of clients may be that fast.</summary>
    public static readonly TimeSpan MaxFinishedAhead = TimeSpan.FromMinutes(5);

    /// <summary>Throws unless the conversation accepts one more follow-up.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.FollowUpRefused"/>, <see cref="ErrorCode.TooManyFollowUps"/>.
    /// </exception>
    internal static void RequireOpen(Conversation head, DateTimeOffset now)
    {
        var refusal = head switch
        {
            { Last: 0 } => "The chat has no message to follow up.",
            { LastRole: MessageRole.Customer } => "The customer has written last; answer first.",
            _ when head.HandedOffUntil > now => "The chat is handed off to a human.",
            { FollowUps: FollowUpRowKeys.MaxFollowUp } =>
                $"A chat takes {FollowUpRowKeys.MaxFollowUp} follow-ups. Start a new one.",
            _ => null,
        };
        if (refusal is not null)
        {
            throw ErrorCode.FollowUpRefused.With(refusal);
        }

        if (head.Pending.Count >= PendingFollowUp.Max)
        {
            throw ErrorCode.TooManyFollowUps.With($"A chat has at most {PendingFollowUp.Max} pending follow-ups.");
        }
    }

    /// <summary>Returns the error text of a due time; null when it is valid.</summary>
    public static string? InvalidDueReason(DateTimeOffset dueAt, DateTimeOffset now) =>
        dueAt < now - MaxAge ? $"Must be at most {MaxAge.TotalHours} hours ago."
        : dueAt > now.AddYears(MaxYears) ? $"Must be at most {MaxYears} years ahead."
        : null;

    /// <summary>Throws unless the due time is valid.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/>.</exception>
    internal static void RequireDue(DateTimeOffset dueAt, DateTimeOffset now)
    {
        if (InvalidDueReason(dueAt, now) is { } invalid)
        {
            throw ParleyException.Field("dueDate", invalid);
        }
    }

    /// <summary>Throws unless a client's time of the end is valid.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/>.</exception>
    internal static void RequireFinished(DateTimeOffset finishedAt, DateTimeOffset createdAt, DateTimeOffset now)
    {
        if (finishedAt < createdAt)
        {
            throw ParleyException.Field("finishedAt", "Must not be before createdAt.");
        }

        if (finishedAt > now + MaxFinishedAhead)
        {
            throw ParleyException.Field(
                "finishedAt", $"Must be at most {MaxFinishedAhead.TotalMinutes} minutes ahead.");
        }
    }
}
