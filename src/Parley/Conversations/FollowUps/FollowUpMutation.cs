using Azure;
using Azure.Data.Tables;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// The changes to follow-ups in a transaction under the head's ETag. That ETag guards every transition, so the
/// follow-ups' own rows are merged without a read.
/// </summary>
/// <param name="Pending">The head's pending follow-ups after the transaction.</param>
/// <param name="Actions">Operations of the transaction.</param>
/// <param name="AddedIndexRows">The new revisions. Their index rows are written before the transaction.</param>
/// <param name="RemovedIndexRows">The previous revisions. Their index rows are deleted after the transaction.</param>
/// <param name="Changes">The changes to log.</param>
internal sealed record FollowUpMutation(
    IReadOnlyList<PendingFollowUp> Pending,
    IReadOnlyList<TableTransactionAction> Actions,
    IReadOnlyList<IndexedFollowUp> AddedIndexRows,
    IReadOnlyList<IndexedFollowUp> RemovedIndexRows,
    IReadOnlyList<Change> Changes)
{
    /// <summary>
    /// Adds the changes to a transaction. The rows of the new revisions are written before it, and those of the
    /// previous ones deleted after it.
    /// </summary>
    public void AddTo(ConversationPlan plan, FollowUpIndex index)
    {
        plan.Next = plan.Next! with { Pending = Pending };
        foreach (var action in Actions)
        {
            plan.Add(action);
        }

        foreach (var change in Changes)
        {
            plan.Log(change.Type, change.Id, change.Revision);
        }

        plan.Add(index.ChangeOf(AddedIndexRows, RemovedIndexRows));
    }

    /// <summary>
    /// Cancels all pending follow-ups after a message of the customer or a hand-off. The head does not contain the keys
    /// of their schedule rows, so the sender deletes those when they are due.
    /// </summary>
    public static FollowUpMutation CancelAll(Conversation head, string reason, string actor, DateTimeOffset at) =>
        Of(
            head,
            head.Pending,
            new FollowUpEvent(at, FollowUpStatus.Pending, FollowUpStatus.Cancelled, reason, actor),
            messageId: null);

    /// <summary>Changes a due follow-up to sent.</summary>
    /// <param name="head">The conversation before the message. Its pending follow-ups have due times.</param>
    /// <param name="due">The follow-up, as it was read when it was due.</param>
    /// <param name="message">The message that the follow-up is sent as.</param>
    /// <param name="now">The current time.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.FollowUpStatus"/>: the follow-up is no longer pending at this revision.
    /// <see cref="ErrorCode.FollowUpRefused"/>: by this instance's clock the conversation is still handed off. The
    /// instance that created the follow-up had a later clock.
    /// </exception>
    /// <exception cref="EarlierFollowUpException">The head contains a pending follow-up that is sent first.</exception>
    public static FollowUpMutation Send(Conversation head, FollowUp due, Message message, DateTimeOffset now)
    {
        var pending = head.Pending.FirstOrDefault(one => one.Number == due.Number && one.Revision == due.Revision)
            ?? throw ErrorCode.FollowUpStatus.With("The follow-up is not pending any more.");
        if (head.HandedOffUntil > now)
        {
            throw ErrorCode.FollowUpRefused.With("The chat is handed off to a human.");
        }

        if (head.Pending.FirstOrDefault(other => other.IsBefore(pending)) is { } earlier)
        {
            throw new EarlierFollowUpException(earlier);
        }

        var sent = new FollowUpEvent(
            message.CreatedAt, FollowUpStatus.Pending, FollowUpStatus.Sent, due.Reason, FollowUpEvent.Parley);
        var mutation = Of(head, [pending], sent, message.Id);
        return mutation with
        {
            Actions =
            [
                .. mutation.Actions,
                new(TableTransactionActionType.UpsertReplace, FollowUpRow.OfMessage(message.Key, due.Number)),
            ],
        };
    }

    private static FollowUpMutation Of(
        Conversation head,
        IReadOnlyList<PendingFollowUp> ending,
        FollowUpEvent transition,
        Guid? messageId)
    {
        var added = ending.Select(one => new IndexedFollowUp(
            head.Key, one.Number, one.Revision + 1, transition.To, one.CreatedAt, DueAt: null)).ToList();
        var actions = new List<TableTransactionAction>(3 * ending.Count);
        foreach (var pending in ending)
        {
            var change = new TableEntity(head.Key.PartitionKey, FollowUpRowKeys.FollowUp(pending.Number))
            {
                ["Rev"] = pending.Revision + 1,
                ["Status"] = (int)transition.To,
                ["FinishedAt"] = transition.At,
                ["UpdatedAt"] = transition.At,
            };
            change.SetIfAny("Reason", transition.Reason);
            change.SetIfAny("MessageId", messageId);
            actions.Add(new(TableTransactionActionType.UpdateMerge, change, ETag.All));
            actions.Add(new(
                TableTransactionActionType.Add,
                FollowUpRow.Event(head.Key, pending.Number, pending.Revision + 1, transition)));
        }

        actions.AddRange(added.Select(one => new TableTransactionAction(
            TableTransactionActionType.UpsertReplace, one.ChatListRow)));
        return new FollowUpMutation(
            [.. head.Pending.Except(ending)],
            actions,
            added,
            [
                .. ending.Select(one => new IndexedFollowUp(
                    head.Key, one.Number, one.Revision, FollowUpStatus.Pending, one.CreatedAt, DueAt: null)),
            ],
            [
                .. ending.Select(one => new Change(
                    transition.To == FollowUpStatus.Sent ? ChangeType.FollowUpSent : ChangeType.FollowUpCancelled,
                    new EntityId(EntityKind.FollowUp, head.Key, one.Number, one.Check).ToGuid(),
                    one.Revision + 1)),
            ]);
    }
}
