using Azure;
using Azure.Data.Tables;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// What a transaction under the head's ETag does to follow-ups. That ETag guards every transition, so their own rows
/// are merged unread.
/// </summary>
/// <param name="Pending">The head's pending follow-ups afterwards.</param>
/// <param name="Actions">Operations of that transaction.</param>
/// <param name="AddedIndexRows">The revisions that it makes: their index rows are written before it.</param>
/// <param name="RemovedIndexRows">The revisions that it ends: their index rows are dropped after it.</param>
internal sealed record FollowUpMutation(
    IReadOnlyList<PendingFollowUp> Pending,
    IReadOnlyList<TableTransactionAction> Actions,
    IReadOnlyList<IndexedFollowUp> AddedIndexRows,
    IReadOnlyList<IndexedFollowUp> RemovedIndexRows)
{
    /// <summary>
    /// The customer has written, or a human takes over: all pending follow-ups end. Their rows in Due, which the head
    /// does not know, are left to whoever finds them due.
    /// </summary>
    public static FollowUpMutation EndAll(Conversation head, string reason, string actor, DateTimeOffset at) =>
        Of(head, head.Pending, new FollowUpEvent(at, FollowUpStatus.Pending, FollowUpStatus.Cancelled, reason, actor), messageId: null);

    /// <summary>A follow-up becomes a message.</summary>
    /// <param name="head">The conversation before the message.</param>
    /// <param name="due">The follow-up, as it was found due.</param>
    /// <param name="message">What it becomes.</param>
    /// <param name="now">Now.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.FollowUpStatus"/>: it is not pending at this revision any more. <see
    /// cref="ErrorCode.FollowUpRefused"/>: for this instance's clock a human still answers; it was created by one for
    /// which that is over.
    /// </exception>
    public static FollowUpMutation Send(Conversation head, FollowUp due, Message message, DateTimeOffset now)
    {
        var pending = head.Pending.FirstOrDefault(one => one.Number == due.Number && one.Revision == due.Revision)
            ?? throw ErrorCode.FollowUpStatus.With("The follow-up is not pending any more.");
        if (head.HandedOffUntil > now)
        {
            throw ErrorCode.FollowUpRefused.With("The chat is handed off to a human.");
        }

        var sent = new FollowUpEvent(message.CreatedAt, FollowUpStatus.Pending, FollowUpStatus.Sent, due.Reason, FollowUpEvent.Parley);
        var mutation = Of(head, [pending], sent, message.Id);
        return mutation with { Actions = [.. mutation.Actions, new(TableTransactionActionType.UpsertReplace, FollowUpRow.OfMessage(message.Key, due.Number))] };
    }

    private static FollowUpMutation Of(
        Conversation head,
        IReadOnlyList<PendingFollowUp> ending,
        FollowUpEvent transition,
        Guid? messageId)
    {
        var actions = new List<TableTransactionAction>(2 * ending.Count);
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
            actions.Add(new(TableTransactionActionType.Add, FollowUpRow.Event(head.Key, pending.Number, pending.Revision + 1, transition)));
        }

        return new FollowUpMutation(
            [.. head.Pending.Except(ending)],
            actions,
            [.. ending.Select(one => new IndexedFollowUp(head.Key, one.Number, one.Revision + 1, transition.To, one.CreatedAt, DueAt: null))],
            [.. ending.Select(one => new IndexedFollowUp(head.Key, one.Number, one.Revision, FollowUpStatus.Pending, one.CreatedAt, DueAt: null))]);
    }
}
