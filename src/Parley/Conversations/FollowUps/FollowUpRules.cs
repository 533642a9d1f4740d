using Parley.Conversations.Messages;
using Parley.Core;

namespace Parley.Conversations.FollowUps;

/// <summary>When a conversation takes a follow-up, and for when.</summary>
public static class FollowUpRules
{
    /// <summary>Older than this is a mistake, not a late request.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromHours(24);

    /// <summary>How many years ahead one may be due.</summary>
    public const int MaxYears = 2;

    /// <summary>Whether a conversation takes one more follow-up.</summary>
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
            { FollowUps: FollowUpRowKeys.MaxFollowUp } => $"A chat takes {FollowUpRowKeys.MaxFollowUp} follow-ups. Start a new one.",
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

    /// <summary>What is wrong with a due time; null when nothing is.</summary>
    public static string? InvalidDueReason(DateTimeOffset dueAt, DateTimeOffset now) =>
        dueAt < now - MaxAge ? $"Must be at most {MaxAge.TotalHours} hours ago."
        : dueAt > now.AddYears(MaxYears) ? $"Must be at most {MaxYears} years ahead."
        : null;

    /// <summary>Whether a follow-up may be due then.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/>.</exception>
    internal static void RequireDue(DateTimeOffset dueAt, DateTimeOffset now)
    {
        if (InvalidDueReason(dueAt, now) is { } invalid)
        {
            throw ParleyException.Field("dueDate", invalid);
        }
    }
}
