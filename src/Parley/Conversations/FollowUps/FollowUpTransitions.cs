using Parley.Conversations.Messages;
using Parley.Core;

namespace Parley.Conversations.FollowUps;

/// <summary>A client's change of a follow-up. Fields that are null do not change.</summary>
public sealed record FollowUpChange
{
    public FollowUpStatus? Status { get; init; }

    public DateTimeOffset? DueAt { get; init; }

    public string? Text { get; init; }

    public string? Reason { get; init; }

    /// <summary>The id of the message that the follow-up was sent as, as the client sent it.</summary>
    public string? MessageId { get; init; }

    /// <summary>Only the present value is accepted.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The conversation's id, as the client sent it. Only the present one is accepted.</summary>
    public string? Chat { get; init; }

    /// <summary>
    /// The id of the message that triggered the follow-up, as the client sent it. Only the present one is accepted.
    /// </summary>
    public string? TriggerId { get; init; }
}

/// <summary>
/// The status changes that clients may make: pending → sent, failed or cancelled; cancelled or failed → pending. A sent
/// follow-up does not change.
/// </summary>
internal static class FollowUpTransitions
{
    /// <summary>Returns the changed follow-up; the same one when the change has no effect.</summary>
    /// <param name="change">The client's change.</param>
    /// <param name="before">The follow-up before the change.</param>
    /// <param name="head">The follow-up's conversation.</param>
    /// <param name="message">
    /// The message with the id in <see cref="FollowUpChange.MessageId"/>; null without an id, or if it does not exist.
    /// </param>
    /// <param name="now">The current time.</param>
    /// <exception cref="ParleyException">The errors of <see cref="FollowUpWriter.ChangeAsync"/>.</exception>
    public static FollowUp Apply(
        FollowUpChange change,
        FollowUp before,
        Conversation head,
        Message? message,
        DateTimeOffset now)
    {
        var to = change.Status ?? before.Status;
        RequirePresent(change, before, becomesSent: to == FollowUpStatus.Sent);
        var after = (before.Status, to) switch
        {
            (FollowUpStatus.Pending, FollowUpStatus.Pending) => Edited(before, change, now),
            (FollowUpStatus.Pending, FollowUpStatus.Cancelled) =>
                Ended(before, change, now) with { Reason = change.Reason ?? FollowUpReasons.CancelledByClient },
            (FollowUpStatus.Pending, FollowUpStatus.Failed) =>
                Ended(before, change, now) with { Reason = change.Reason ?? throw Required("reason") },
            (FollowUpStatus.Pending, FollowUpStatus.Sent) =>
                Ended(before, change, now) with { MessageId = SentAs(change, message) },
            (FollowUpStatus.Cancelled or FollowUpStatus.Failed, FollowUpStatus.Pending) =>
                Reactivated(before, change, head, now),
            _ when to == before.Status && to != FollowUpStatus.Sent && Edited(before, change, now) == before => before,
            _ => throw ErrorCode.FollowUpStatus.With(
                $"A {NameOf(before.Status)} follow-up "
                    + $"{(to == before.Status ? "cannot be changed" : $"cannot become {NameOf(to)}")}."),
        };
        return after == before
            || to != FollowUpStatus.Pending
            || before.Revision < FollowUpRowKeys.MaxFollowUpRevision - 1
            ? after with { Status = to }
            : throw ErrorCode.FollowUpStatus.With("The follow-up has been changed too often; create a new one.");
    }

    private static FollowUp Edited(FollowUp before, FollowUpChange change, DateTimeOffset now)
    {
        var after = before with
        {
            DueAt = change.DueAt?.UpToMillisecond() ?? before.DueAt,
            Text = change.Text ?? before.Text,
            Reason = change.Reason ?? before.Reason,
        };
        if (after.DueAt != before.DueAt)
        {
            FollowUpRules.RequireDue(after.DueAt, now);
        }

        return after;
    }

    private static FollowUp Ended(FollowUp before, FollowUpChange change, DateTimeOffset now)
    {
        var after = Edited(before, change, now);
        return after == before with { Reason = after.Reason }
            ? after
            : throw ErrorCode.Immutable.With(
                "dueDate and message can be changed only of a follow-up that is pending afterwards.");
    }

    private static FollowUp Reactivated(FollowUp before, FollowUpChange change, Conversation head, DateTimeOffset now)
    {
        var dueAt = change.DueAt ?? throw Required("dueDate");
        if (dueAt <= now)
        {
            throw ParleyException.Field("dueDate", "Must be in the future.");
        }

        FollowUpRules.RequireOpen(head, now);
        return Edited(before, change, now) with { Status = FollowUpStatus.Pending, Reason = null, Attempts = 0 };
    }

    private static Guid SentAs(FollowUpChange change, Message? message) =>
        change.MessageId is null ? throw Required("chatMessageId")
        : message is { Role: not MessageRole.Customer, DeletedBy: null } ? message.Id
        : throw ParleyException.Field("chatMessageId", "Must be an assistant's message of this chat.");

    private static void RequirePresent(FollowUpChange change, FollowUp followUp, bool becomesSent)
    {
        if (change.FinishedAt is { } finishedAt && finishedAt != followUp.FinishedAt)
        {
            throw ErrorCode.Immutable.With("finishedAt is set by the server.");
        }

        if (change.Chat is { } chat
            && !(EntityRef.TryParse<ConversationKey>(chat, followUp.Conversation.Tenant, out var conversation)
            && conversation.Key == followUp.Conversation && conversation.Matches(followUp.ConversationCheck)))
        {
            throw ErrorCode.Immutable.With("A follow-up stays in its chat.");
        }

        if (change.TriggerId is { } trigger && !Names(trigger, followUp.TriggerId, followUp))
        {
            throw ErrorCode.Immutable.With("triggerChatMessageId is set by the server.");
        }

        if (change.MessageId is { } message
            && !becomesSent
            && !(followUp.MessageId is { } sent && Names(message, sent, followUp)))
        {
            throw ErrorCode.Immutable.With("chatMessageId goes with the status sent.");
        }
    }

    private static bool Names(string id, Guid message, FollowUp followUp) =>
        MessageKey.TryParseIn(followUp.Conversation, id, out var named)
        && EntityId.TryFromGuid(message, EntityKind.Message, out var known)
        && named.Key.Sequence == known.Sequence && named.Matches(known.Check);

    private static ParleyException Required(string field) => ParleyException.Field(field, "Is required.");

    private static string NameOf(FollowUpStatus status) => status.ToString().ToLowerInvariant();
}
