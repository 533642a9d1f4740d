using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Conversations.FollowUps;

/// <summary>A stored follow-up.</summary>
/// <param name="FollowUp">The follow-up, as it was created.</param>
/// <param name="Replayed">True when an earlier request with the same idempotency key had created it.</param>
public sealed record StoredFollowUp(FollowUp FollowUp, bool Replayed);

/// <summary>
/// Creates and changes follow-ups. Every transition is one transaction {follow-up, its event, head} under the head's
/// ETag, so that it cannot overlap with a customer's message, a hand-off or the sending. The index rows of the new
/// revision are written before it, and those of the old revision deleted after it.
/// </summary>
public sealed class FollowUpWriter(
    ParleyTables tables,
    Schedule schedule,
    ConversationTransaction transaction,
    FollowUpReader reader,
    FollowUpIndex index,
    FollowUpDispatch dispatch,
    TimeProvider time,
    RandomSource random)
{
    /// <summary>Creates a follow-up.</summary>
    /// <param name="dueAt">The time to send it. If it has passed, the follow-up is sent at once.</param>
    /// <param name="actor">The name recorded in the event.</param>
    /// <param name="key">The client's idempotency key, or null.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ConversationNotFound"/>, <see cref="ErrorCode.FollowUpRefused"/>,
    /// <see cref="ErrorCode.TooManyFollowUps"/>, <see cref="ErrorCode.InvalidFields"/> for the time,
    /// <see cref="ErrorCode.IdempotencyKeyReused"/>, <see cref="ErrorCode.Busy"/>,
    /// <see cref="ErrorCode.StorageUnavailable"/> (it is not known whether the follow-up was stored).
    /// </exception>
    public async Task<StoredFollowUp> CreateAsync(
        EntityRef<ConversationKey> id,
        DateTimeOffset dueAt,
        string text,
        string actor,
        IdempotencyKey? key,
        CancellationToken cancellation)
    {
        var (check, now) = (random.NextBits(EntityId.CheckBits), time.NowInMilliseconds());
        var (_, stored) = await transaction.EditAsync(
            id,
            async token =>
            {
                if (key is not null
                    && await key.FindResultAsync(tables.Conversations, id.Key.PartitionKey, token) is { } number)
                {
                    return await reader.FindAsync(id.Key, number, token);
                }

                FollowUpRules.RequireDue(dueAt, now);
                return null;
            },
            (head, first, plan, _) =>
            {
                if (first is not null)
                {
                    return Task.FromResult(new StoredFollowUp(AsCreated(first, dueAt, text), Replayed: true));
                }

                FollowUpRules.RequireOpen(head, now);
                var createdAt = Timestamps.Latest(now, head.LastFollowUpAt, head.LastMessageAt);
                var created = new FollowUp
                {
                    Conversation = head.Key,
                    ConversationCheck = head.Check,
                    Number = head.FollowUps + 1,
                    Check = check,
                    Revision = 1,
                    Status = FollowUpStatus.Pending,
                    DueAt = dueAt.UpToMillisecond(),
                    Text = text,
                    CreatedAt = createdAt,
                    UpdatedAt = createdAt,
                    TriggerId = head.LastId!.Value,
                    Trace = Telemetry.Context,
                };
                AddCreation(plan, head, created, actor, key, now.Hour());
                return Task.FromResult(new StoredFollowUp(created, Replayed: false));
            },
            cancellation);
        if (!stored.Replayed)
        {
            await dispatch.SendIfSoonAsync(stored.FollowUp);
        }

        return stored;
    }

    /// <summary>Applies a client's change.</summary>
    /// <param name="id">The follow-up's id, as the client sent it.</param>
    /// <param name="actor">The name recorded in the event.</param>
    /// <param name="expected">Returns true for a revision that the client expects; null when it expects none.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.FollowUpNotFound"/>, <see cref="ErrorCode.StaleRevision"/>,
    /// <see cref="ErrorCode.FollowUpStatus"/>, <see cref="ErrorCode.Immutable"/>,
    /// <see cref="ErrorCode.InvalidFields"/>, and the errors of the creation.
    /// </exception>
    public async Task<FollowUp> ChangeAsync(
        TenantId tenant,
        string id,
        FollowUpChange change,
        string actor,
        Func<int, bool>? expected,
        CancellationToken cancellation)
    {
        var (found, now) = (await reader.GetAsync(tenant, id, cancellation), time.NowInMilliseconds());
        var changed = await TransitAsync(
            found,
            async (head, before, token) =>
            {
                Revisions.Require(expected, before.Revision, "follow-up");
                var messages = await FollowUpMessages.ReadAsync(tables, change, before, token);
                return FollowUpTransitions.Apply(change, before, head, messages, now);
            },
            actor,
            detail: null,
            now,
            cancellation);
        return changed.After;
    }

    /// <summary>Ends a pending follow-up without sending it, unless its revision has changed.</summary>
    /// <param name="detail">The error message to record in the event.</param>
    /// <returns>True when this call ended it and deleted its index rows.</returns>
    internal async Task<bool> EndAsync(
        FollowUp followUp,
        FollowUpStatus status,
        string reason,
        string? detail,
        CancellationToken cancellation)
    {
        var ended = await TransitAsync(
            followUp,
            (_, before, _) => Task.FromResult(
                before.Revision == followUp.Revision ? before with { Status = status, Reason = reason } : before),
            FollowUpEvent.Parley,
            detail,
            time.NowInMilliseconds(),
            cancellation);
        return ended.After.Revision > ended.Before.Revision;
    }

    private void AddCreation(
        ConversationPlan plan, Conversation head, FollowUp created, string actor, IdempotencyKey? key, long hour)
    {
        plan.Add(FollowUpRow.Create(created));
        plan.Add(FollowUpRow.OfMessage(new MessageKey(head.Key, head.Last), created.Number));
        plan.Add(EventOf(created, from: null, actor));
        plan.Log(ChangeType.FollowUpCreated, created.Id, created.Revision);
        plan.Add(index.ChangeOf([IndexedFollowUp.Of(created)], []));
        plan.Next = head with
        {
            FollowUps = created.Number,
            LastFollowUpAt = created.CreatedAt,
            Pending = [.. head.Pending, created.AsPending],
        };
        if (key is not null)
        {
            plan.AddKey(key, created.Number, hour, schedule);
        }
    }

    private async Task<Transition> TransitAsync(
        FollowUp found,
        Func<Conversation, FollowUp, CancellationToken, Task<FollowUp>> change,
        string actor,
        string? detail,
        DateTimeOffset now,
        CancellationToken cancellation)
    {
        var (head, transition) = await transaction.EditAsync(
            new EntityRef<ConversationKey>(found.Conversation, null),
            OptimisticUpdate.StartWith(
                found, async token => (await reader.FindAsync(found.Conversation, found.Number, token))!),
            async (head, before, plan, token) =>
            {
                var after = await change(head, before, token);
                if (after == before)
                {
                    return new Transition(before, before);
                }

                var at = Timestamps.Latest(now, before.UpdatedAt, head.LastMessageAt);
                after = after with
                {
                    Revision = before.Revision + 1,
                    UpdatedAt = at,
                    FinishedAt = after.Status == FollowUpStatus.Pending ? null : after.FinishedAt ?? at,
                };
                plan.WhenStored(() => Count(before, after, actor));
                var pending = await reader.PendingOfAsync(head, token);
                AddTransition(plan, head with { Pending = pending }, before, after, actor, detail);
                return new Transition(before, after);
            },
            cancellation);
        if (transition.After.Revision > transition.Before.Revision)
        {
            await dispatch.SendIfSoonAsync(transition.After);
            if (transition.Before.Status == FollowUpStatus.Pending
                && head.Pending.Min(PendingFollowUp.Order) is { } first
                && first.Number != transition.After.Number
                && transition.Before.AsPending.IsBefore(first))
            {
                // The changed one was the first, so this one may have waited for it.
                await dispatch.SendFirstIfSoonAsync(head.Key, [first]);
            }
        }

        return transition;
    }

    private void AddTransition(
        ConversationPlan plan, Conversation head, FollowUp before, FollowUp after, string actor, string? detail)
    {
        plan.Add(index.ChangeOf([IndexedFollowUp.Of(after)], [IndexedFollowUp.Of(before)]));
        plan.Add(new TableTransactionAction(
            TableTransactionActionType.UpdateReplace, FollowUpRow.Create(after), before.ETag));
        plan.Add(EventOf(after, before.Status, actor, detail));
        plan.Log(TypeOf(before, after), after.Id, after.Revision);
        index.AddChatList(plan, before, after);
        AddLinks(plan, before, after);
        var others = head.Pending.Where(one => one.Number != after.Number);
        plan.Next = head with
        {
            Pending = after.Status == FollowUpStatus.Pending ? [.. others, after.AsPending] : [.. others],
        };
    }

    private static ChangeType TypeOf(FollowUp before, FollowUp after) => after.Status switch
    {
        _ when after.Status == before.Status => ChangeType.FollowUpUpdated,
        FollowUpStatus.Sent => ChangeType.FollowUpSent,
        FollowUpStatus.Failed => ChangeType.FollowUpFailed,
        FollowUpStatus.Cancelled => ChangeType.FollowUpCancelled,
        _ => ChangeType.FollowUpUpdated,
    };

    private static void Count(FollowUp before, FollowUp after, string actor)
    {
        if (before.Status != FollowUpStatus.Pending)
        {
            return;
        }

        // A client's reason is its own text.
        var reason = actor == FollowUpEvent.Parley ? after.Reason! : "client";
        if (after.Status == FollowUpStatus.Cancelled)
        {
            Telemetry.FollowUpCancelled(reason);
        }
        else if (after.Status == FollowUpStatus.Failed)
        {
            Telemetry.FollowUpFailed(reason);
        }
    }

    /// <summary>Links the follow-up to the messages that it refers to now, and no longer to others.</summary>
    private static void AddLinks(ConversationPlan plan, FollowUp before, FollowUp after)
    {
        var (old, current) = (FollowUpMessages.NumbersOf(before), FollowUpMessages.NumbersOf(after));
        foreach (var message in current.Except(old))
        {
            plan.Add(new TableTransactionAction(TableTransactionActionType.UpsertReplace, LinkTo(message)));
        }

        foreach (var message in old.Except(current))
        {
            plan.Add(new TableTransactionAction(TableTransactionActionType.Delete, LinkTo(message), ETag.All));
        }

        TableEntity LinkTo(int message) =>
            FollowUpRow.OfMessage(new MessageKey(after.Conversation, message), after.Number);
    }

    /// <summary>Repeats the first response: the same fields created the follow-up. Later changes do not show.</summary>
    private static FollowUp AsCreated(FollowUp followUp, DateTimeOffset dueAt, string text) => followUp with
    {
        Revision = 1,
        Status = FollowUpStatus.Pending,
        DueAt = dueAt.UpToMillisecond(),
        Text = text,
        Reason = null,
        UpdatedAt = followUp.CreatedAt,
        FinishedAt = null,
        MessageId = null,
        TriggerId = followUp.FirstTriggerId ?? followUp.TriggerId,
        FirstTriggerId = null,
    };

    private static TableEntity EventOf(FollowUp followUp, FollowUpStatus? from, string actor, string? detail = null) =>
        FollowUpRow.Event(
            followUp.Conversation,
            followUp.Number,
            followUp.Revision,
            new FollowUpEvent(followUp.UpdatedAt, from, followUp.Status, followUp.Reason, actor) { Detail = detail });

    private sealed record Transition(FollowUp Before, FollowUp After);
}
