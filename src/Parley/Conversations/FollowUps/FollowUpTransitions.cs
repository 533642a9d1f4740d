using Parley.Conversations.Messages;
using Parley.Core;

namespace Parley.Conversations.FollowUps;

/// <summary>What a client changes of a follow-up; null is not given.</summary>
public sealed record FollowUpChange
{
    /// <summary>Where it is to go.</summary>
    public FollowUpStatus? Status { get; init; }

    /// <summary>When it is to be sent.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>What is to be sent.</summary>
    public string? Text { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>The message that it became, as the client sent it.</summary>
    public string? MessageId { get; init; }

    /// <summary>When it stopped to be pending: only its present value is taken.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Its conversation, as the client sent it: only the present one is taken.</summary>
    public string? Chat { get; init; }

    /// <summary>The message that triggered it, as the client sent it: only the present one is taken.</summary>
    public string? TriggerId { get; init; }
}

/// <summary>
/// Where clients may take a follow-up: pending → sent, failed or cancelled; cancelled or failed → pending. What is sent
/// stays so.
/// </summary>
internal static class FollowUpTransitions
{
    /// <summary>The follow-up as the client wants it; the same one when that changes nothing.</summary>
    /// <param name="change">What the client wants.</param>
    /// <param name="before">As it is.</param>
    /// <param name="head">Its conversation.</param>
    /// <param name="message">
    /// The message that the client names as what it became; null when it names none that is there.
    /// </param>
    /// <param name="now">Now.</param>
    /// <exception cref="ParleyException">As <see cref="FollowUpWriter.ChangeAsync"/> lists them.</exception>
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
            (FollowUpStatus.Pending, FollowUpStatus.Cancelled) => Ended(before, change, now) with { Reason = change.Reason ?? FollowUpReasons.CancelledByClient },
            (FollowUpStatus.Pending, FollowUpStatus.Failed) => Ended(before, change, now) with { Reason = change.Reason ?? throw Required("reason") },
            (FollowUpStatus.Pending, FollowUpStatus.Sent) => Ended(before, change, now) with { MessageId = SentAs(change, message) },
            (FollowUpStatus.Cancelled or FollowUpStatus.Failed, FollowUpStatus.Pending) => Rearmed(before, change, head, now),
            _ when to == before.Status && to != FollowUpStatus.Sent && Edited(before, change, now) == before => before,
            _ => throw ErrorCode.FollowUpStatus.With(
                $"A {NameOf(before.Status)} follow-up {(to == before.Status ? "cannot be changed" : $"cannot become {NameOf(to)}")}."),
        };
        return after == before || to != FollowUpStatus.Pending || before.Revision < FollowUpRowKeys.MaxFollowUpRevision - 1
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
            : throw ErrorCode.Immutable.With("dueDate and message can be changed only of a follow-up that is pending afterwards.");
    }

    private static FollowUp Rearmed(FollowUp before, FollowUpChange change, Conversation head, DateTimeOffset now)
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

        if (change.Chat is { } chat && !(ConversationRef.TryParse(chat, followUp.Conversation.Tenant, out var conversation)
            && conversation.Key == followUp.Conversation && conversation.Matches(followUp.ConversationCheck)))
        {
            throw ErrorCode.Immutable.With("A follow-up stays in its chat.");
        }

        if (change.TriggerId is { } trigger && !Names(trigger, followUp.TriggerId, followUp))
        {
            throw ErrorCode.Immutable.With("triggerChatMessageId is set by the server.");
        }

        if (change.MessageId is { } message && !becomesSent && !(followUp.MessageId is { } sent && Names(message, sent, followUp)))
        {
            throw ErrorCode.Immutable.With("chatMessageId goes with the status sent.");
        }
    }

    private static bool Names(string id, Guid message, FollowUp followUp) =>
        MessageRef.TryParse(id, followUp.Conversation, out var named)
        && EntityId.TryFromGuid(message, EntityKind.Message, out var known)
        && named.Key.Sequence == known.Sequence && named.Matches(known.Check);

    private static ParleyException Required(string field) => ParleyException.Field(field, "Is required.");

    private static string NameOf(FollowUpStatus status) => status.ToString().ToLowerInvariant();
}
