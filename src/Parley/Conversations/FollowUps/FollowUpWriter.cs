using Azure.Data.Tables;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

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
    ConversationChange conversations,
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
        StoredFollowUp? stored = null;
        var pendingRows = new PendingIndexRows(index);
        try
        {
            await CreateAsync();
            pendingRows.IsStored = true;
        }
        finally
        {
            await pendingRows.EndAsync();
        }

        if (!stored!.Replayed)
        {
            await dispatch.SendIfSoonAsync(stored.FollowUp);
        }

        return stored;

        Task CreateAsync() => conversations.EditAsync(
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
            async (head, first, token) =>
            {
                pendingRows.Begin();
                if (first is not null)
                {
                    stored = new StoredFollowUp(AsCreated(first, dueAt, text), Replayed: true);
                    return (head, []);
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
                };
                stored = new StoredFollowUp(created, Replayed: false);
                var actions = new List<TableTransactionAction>
                {
                    new(TableTransactionActionType.Add, FollowUpRow.Create(created)),
                    new(
                        TableTransactionActionType.Add,
                        FollowUpRow.OfMessage(new MessageKey(head.Key, head.Last), created.Number)),
                    EventOf(created, from: null, actor),
                };
                var keyHour = head.KeyHour;
                if (key is not null)
                {
                    keyHour = Math.Max(keyHour, now.Hour());
                    actions.Add(new(TableTransactionActionType.Add, key.ToRow(head.Key.PartitionKey, created.Number)));
                }

                await Task.WhenAll(
                    pendingRows.WriteAsync([IndexedFollowUp.Of(created)], token),
                    keyHour > head.KeyHour
                        ? IdempotencyKey.WriteScheduleRowAsync(
                            schedule, head.Key.Tenant, head.Key.Number, keyHour, token)
                        : Task.CompletedTask);
                return (
                    head with
                    {
                        FollowUps = created.Number,
                        LastFollowUpAt = createdAt,
                        Pending = [.. head.Pending, PendingFollowUp.Of(created)],
                        KeyHour = keyHour,
                    },
                    actions);
            },
            cancellation);
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
        var (_, changed) = await TransitAsync(
            found,
            async (head, before, token) =>
            {
                Revisions.Require(expected, before.Revision, "follow-up");
                var message = change.MessageId is null
                    ? null
                    : await MessageRow.FindAsync(tables, found.Conversation, change.MessageId, token);
                return FollowUpTransitions.Apply(change, before, head, message, now);
            },
            actor,
            detail: null,
            now,
            cancellation);
        return changed;
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
        var (before, after) = await TransitAsync(
            followUp,
            (_, before, _) => Task.FromResult(
                before.Revision == followUp.Revision ? before with { Status = status, Reason = reason } : before),
            FollowUpEvent.Parley,
            detail,
            time.NowInMilliseconds(),
            cancellation);
        return after.Revision > before.Revision;
    }

    private async Task<(FollowUp Before, FollowUp After)> TransitAsync(
        FollowUp found,
        Func<Conversation, FollowUp, CancellationToken, Task<FollowUp>> change,
        string actor,
        string? detail,
        DateTimeOffset now,
        CancellationToken cancellation)
    {
        var (old, after, pendingRows) = (found, found, new PendingIndexRows(index));
        try
        {
            await TransitAsync();
            pendingRows.IsStored = true;
        }
        finally
        {
            await pendingRows.EndAsync();
        }

        if (after.Revision > old.Revision)
        {
            await index.DropAsync([IndexedFollowUp.Of(old)], cancellation);
            await dispatch.SendIfSoonAsync(after);
        }

        return (old, after);

        Task TransitAsync() => conversations.EditAsync(
            new EntityRef<ConversationKey>(found.Conversation, null),
            OptimisticUpdate.StartWith(
                found, async token => (await reader.FindAsync(found.Conversation, found.Number, token))!),
            async (head, before, token) =>
            {
                pendingRows.Begin();
                old = before;
                after = await change(head, before, token);
                if (after == before)
                {
                    return (head, []);
                }

                var at = Timestamps.Latest(now, before.UpdatedAt, head.LastMessageAt);
                after = after with
                {
                    Revision = before.Revision + 1,
                    UpdatedAt = at,
                    FinishedAt = after.Status == FollowUpStatus.Pending ? null : at,
                };
                await pendingRows.WriteAsync([IndexedFollowUp.Of(after)], token);
                var pending = head.Pending.Where(one => one.Number != after.Number);
                var actions = new List<TableTransactionAction>
                {
                    new(TableTransactionActionType.UpdateReplace, FollowUpRow.Create(after), before.ETag),
                    EventOf(after, before.Status, actor, detail),
                };
                if (after.MessageId is { } message && EntityId.TryFromGuid(message, EntityKind.Message, out var sent))
                {
                    actions.Add(new(
                        TableTransactionActionType.UpsertReplace,
                        FollowUpRow.OfMessage(new MessageKey(found.Conversation, sent.Sequence), after.Number)));
                }

                return (
                    head with
                    {
                        Pending = after.Status == FollowUpStatus.Pending
                            ? [.. pending, PendingFollowUp.Of(after)]
                            : [.. pending],
                    },
                    actions);
            },
            cancellation);
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
    };

    private static TableTransactionAction EventOf(
        FollowUp followUp,
        FollowUpStatus? from,
        string actor,
        string? detail = null) => new(
        TableTransactionActionType.Add,
        FollowUpRow.Event(
            followUp.Conversation,
            followUp.Number,
            followUp.Revision,
            new FollowUpEvent(followUp.UpdatedAt, from, followUp.Status, followUp.Reason, actor) { Detail = detail }));
}
