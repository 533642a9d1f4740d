using Parley.Core;

namespace Parley.Conversations.FollowUps;

/// <summary>A client's change of a follow-up. Fields that are null, and are not cleared, do not change.</summary>
public sealed record FollowUpChange
{
    public FollowUpStatus? Status { get; init; }

    public DateTimeOffset? DueAt { get; init; }

    public string? Text { get; init; }

    public string? Reason { get; init; }

    /// <summary>The client sent null for <see cref="Reason"/>.</summary>
    public bool ClearsReason { get; init; }

    /// <summary>The id of the message that the follow-up was sent as, as the client sent it.</summary>
    public string? MessageId { get; init; }

    /// <summary>The client sent null for <see cref="MessageId"/>.</summary>
    public bool ClearsMessageId { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The client sent null for <see cref="FinishedAt"/>.</summary>
    public bool ClearsFinishedAt { get; init; }

    /// <summary>The conversation's id, as the client sent it. Only the present one is accepted.</summary>
    public string? Chat { get; init; }

    /// <summary>The id of the message that triggered the follow-up, as the client sent it.</summary>
    public string? TriggerId { get; init; }
}

/// <summary>
/// The changes that clients may make. The status changes from pending to sent, failed or cancelled, and from cancelled
/// or failed to pending. The other fields can be changed in every status, and <see cref="FollowUp.FinishedAt"/> is null
/// exactly while the follow-up is pending.
/// </summary>
internal static class FollowUpTransitions
{
    /// <summary>
    /// Returns the changed follow-up; the same one when the change has no effect. When the follow-up ends and the
    /// client sent no time, <see cref="FollowUp.FinishedAt"/> is null, and the caller sets it.
    /// </summary>
    /// <param name="change">The client's change.</param>
    /// <param name="before">The follow-up before the change.</param>
    /// <param name="head">The follow-up's conversation.</param>
    /// <param name="messages">The messages of the changed follow-up.</param>
    /// <param name="now">The current time.</param>
    /// <exception cref="ParleyException">The errors of <see cref="FollowUpWriter.ChangeAsync"/>.</exception>
    public static FollowUp Apply(
        FollowUpChange change,
        FollowUp before,
        Conversation head,
        FollowUpMessages messages,
        DateTimeOffset now)
    {
        var to = change.Status ?? before.Status;
        var becomesPending = to == FollowUpStatus.Pending && before.Status != FollowUpStatus.Pending;
        RequireTransition(before.Status, to);
        RequireSameChat(change, before);
        var after = before with
        {
            Status = to,
            DueAt = DueAt(change, before, becomesPending, now),
            Text = change.Text ?? before.Text,
            Reason = change.Reason ?? (change.ClearsReason ? null : DefaultReason(before, to)),
            FinishedAt = FinishedAt(change, before, to, now),
            MessageId = messages.Sent,
            TriggerId = messages.Trigger,
            FirstTriggerId = before.FirstTriggerId ?? (messages.Trigger == before.TriggerId ? null : before.TriggerId),
            Attempts = becomesPending ? 0 : before.Attempts,
            RetryAt = becomesPending ? null : before.RetryAt,
        };
        if (becomesPending)
        {
            FollowUpRules.RequireOpen(head, now);
        }

        // A pending follow-up keeps one revision for its end.
        var last = FollowUpRowKeys.MaxFollowUpRevision - (to == FollowUpStatus.Pending ? 1 : 0);
        return after == before || before.Revision < last
            ? after
            : throw ErrorCode.FollowUpStatus.With("The follow-up has been changed too often; create a new one.");
    }

    private static void RequireTransition(FollowUpStatus from, FollowUpStatus to)
    {
        var isAllowed = from == to
            || from == FollowUpStatus.Pending
            || (to == FollowUpStatus.Pending && from != FollowUpStatus.Sent);
        if (!isAllowed)
        {
            throw ErrorCode.FollowUpStatus.With($"A {NameOf(from)} follow-up cannot become {NameOf(to)}.");
        }
    }

    private static void RequireSameChat(FollowUpChange change, FollowUp followUp)
    {
        if (change.Chat is { } chat
            && !(EntityRef.TryParse<ConversationKey>(chat, followUp.Conversation.Tenant, out var conversation)
            && conversation.Key == followUp.Conversation && conversation.Matches(followUp.ConversationCheck)))
        {
            throw ErrorCode.Immutable.With("chatId cannot be changed: a follow-up stays in its chat.");
        }
    }

    private static DateTimeOffset DueAt(
        FollowUpChange change, FollowUp before, bool becomesPending, DateTimeOffset now)
    {
        var dueAt = change.DueAt?.UpToMillisecond() ?? before.DueAt;
        if (becomesPending && dueAt <= now)
        {
            throw ParleyException.Field(
                "dueDate",
                change.DueAt is null
                    ? "Is required, because the stored due date has passed. Send a time in the future."
                    : "Must be in the future.");
        }

        if (dueAt != before.DueAt)
        {
            FollowUpRules.RequireDue(dueAt, now);
        }

        return dueAt;
    }

    private static string? DefaultReason(FollowUp before, FollowUpStatus to) => (before.Status, to) switch
    {
        (FollowUpStatus.Pending, FollowUpStatus.Cancelled) => FollowUpReasons.CancelledByClient,
        (not FollowUpStatus.Pending, FollowUpStatus.Pending) => null,
        _ => before.Reason,
    };

    private static DateTimeOffset? FinishedAt(
        FollowUpChange change, FollowUp before, FollowUpStatus to, DateTimeOffset now)
    {
        if (to == FollowUpStatus.Pending)
        {
            return change.FinishedAt is null
                ? null
                : throw ErrorCode.FollowUpStatus.With(
                    "finishedAt must be null while a follow-up is pending. "
                        + "Send a time with or after the status sent, failed or cancelled.");
        }

        if (change.ClearsFinishedAt)
        {
            throw ErrorCode.FollowUpStatus.With(
                $"finishedAt of a {NameOf(to)} follow-up must be a time. It is null only while the status is pending.");
        }

        if (change.FinishedAt?.UpToMillisecond() is not { } finishedAt || finishedAt == before.FinishedAt)
        {
            return before.FinishedAt;
        }

        FollowUpRules.RequireFinished(finishedAt, before.CreatedAt, now);
        return finishedAt;
    }

    private static string NameOf(FollowUpStatus status) => status.ToString().ToLowerInvariant();
}
