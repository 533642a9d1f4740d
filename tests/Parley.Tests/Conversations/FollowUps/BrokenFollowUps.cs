using Azure;
using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>Implementations that each lack one precaution, to show that the invariants detect its absence.</summary>
internal static class BrokenFollowUps
{
    /// <summary>
    /// The copy without a defect. It passes, so a failure of another copy comes from the precaution that it lacks.
    /// </summary>
    public static FollowUpOperations Whole { get; } = new()
    {
        Send = (process, chunk) => SendAsync(process, chunk, IsDue, SendAsync),
    };

    /// <summary>Uses the same schedule row for all revisions.</summary>
    public static FollowUpOperations WithoutRevision { get; } = new()
    {
        Create = CreateAsync,
        Change = async (process, id, change, actor, expected) => change is { Status: null, DueAt: { } dueAt }
            ? await RedateAsync(process, id, dueAt)
            : await FollowUpOperations.Production.Change(process, id, change, actor, expected),
        Send = (process, chunk) => SendAsync(process, chunk, IsDue, SendAsync),
    };

    /// <summary>Sends a follow-up that was pending when it was read, without checking that it still is.</summary>
    public static FollowUpOperations WithoutFence { get; } = new()
    {
        Send = (process, chunk) => SendAsync(process, chunk, IsDue, SendUncheckedAsync),
    };

    /// <summary>A hand-off does not cancel pending follow-ups.</summary>
    public static FollowUpOperations WithoutHandOff { get; } = new()
    {
        HandOff = (process, id, until) => process.Transaction.EditAsync(
            id,
            (head, plan, _) =>
            {
                plan.Next = head with { HandedOffUntil = until };
                return Task.CompletedTask;
            },
            CancellationToken.None),
    };

    /// <summary>Uses the time of a schedule row even if the row belongs to an earlier revision.</summary>
    public static FollowUpOperations WithoutTimeCheck { get; } = new()
    {
        Send = (process, chunk) => SendAsync(process, chunk, (_, row, now) => row.DueAt <= now, SendAsync),
    };

    /// <summary>
    /// Deletes a schedule row without a follow-up at once, although its writer may be between two calls.
    /// </summary>
    public static FollowUpOperations WithoutStaleAge { get; } = new()
    {
        Defect = new TableDefect
        {
            ReadsAsOld = (table, rowKey) =>
                ScheduleForms.Contains(table) && rowKey.StartsWith(FollowUpRowKeys.ScheduledFollowUps, StringComparison.Ordinal),
        },
    };

    /// <summary>Sends a due follow-up although an earlier one of the conversation is pending.</summary>
    public static FollowUpOperations WithoutOrder { get; } = new()
    {
        Send = (process, chunk) => SendAsync(
            process, chunk, IsDue, (sender, followUp) => SendAsync(sender, followUp, new UnorderedSending(followUp, sender))),
    };

    private static bool IsDue(FollowUp followUp, ScheduledFollowUp row, DateTimeOffset now) =>
        followUp.DueAt <= now && IsOf(row, followUp);

    private static bool IsOf(ScheduledFollowUp row, FollowUp followUp) =>
        row.Row.IsOf(IndexedFollowUp.Of(row.Revision == 0 ? followUp with { Revision = 0 } : followUp).Scheduled);

    private static async Task<FollowUp> CreateAsync(ParleyProcess process, EntityRef<ConversationKey> id, DateTimeOffset dueAt, string text)
    {
        var head = await process.Conversations.GetAsync(id, CancellationToken.None);
        FollowUpRules.RequireOpen(head, head.CreatedAt);
        var created = new FollowUp
        {
            Conversation = head.Key,
            ConversationCheck = head.Check,
            Number = head.FollowUps + 1,
            Check = 0,
            Revision = 1,
            Status = FollowUpStatus.Pending,
            DueAt = dueAt,
            Text = text,
            CreatedAt = head.LastFollowUpAt ?? head.CreatedAt,
            UpdatedAt = head.CreatedAt,
            TriggerId = head.LastId!.Value,
        };
        await process.Schedule.WriteAsync(Scheduled(created), CancellationToken.None);
        await process.Tables.Tenants.UpsertEntityAsync(IndexedFollowUp.Of(created).StatusListRow, TableUpdateMode.Replace);
        await CommitAsync(process, head with { FollowUps = created.Number, LastFollowUpAt = created.CreatedAt }, created, null, new(TableTransactionActionType.Add, FollowUpRow.Create(created)));
        return created;
    }

    private static async Task<FollowUp> RedateAsync(ParleyProcess process, Guid id, DateTimeOffset dueAt)
    {
        var before = await process.FollowUps.GetAsync(Appends.Tenant, $"{id}", CancellationToken.None);
        var head = await process.Conversations.GetAsync(new EntityRef<ConversationKey>(before.Conversation, null), CancellationToken.None);
        var after = before with { DueAt = dueAt, Revision = before.Revision + 1 };
        if (!head.Pending.Any(one => one.Number == before.Number && one.Revision == before.Revision))
        {
            return before;
        }

        await process.Schedule.WriteAsync(Scheduled(after), CancellationToken.None);
        await process.Tables.Tenants.UpsertEntityAsync(IndexedFollowUp.Of(after).StatusListRow, TableUpdateMode.Replace);
        await CommitAsync(process, head, after, before.Status, new(TableTransactionActionType.UpdateReplace, FollowUpRow.Create(after), before.ETag));
        await process.Tables.Tenants.DeleteEntityAsync(IndexedFollowUp.Of(before).StatusListRow);
        if (Scheduled(before) != Scheduled(after))
        {
            await process.Schedule.DeleteAsync(Scheduled(before), CancellationToken.None);
        }

        return after;
    }

    private static ScheduledItem Scheduled(FollowUp followUp) =>
        new(followUp.Conversation.Tenant, followUp.DueAt, FollowUpRowKeys.ScheduledFollowUp(followUp.Conversation, followUp.DueAt.Second, followUp.Number, revision: 0));

    private static async Task CommitAsync(ParleyProcess process, Conversation head, FollowUp followUp, FollowUpStatus? from, TableTransactionAction write)
    {
        var pending = head.Pending.Where(one => one.Number != followUp.Number).Append(followUp.AsPending);
        var changed = head with { Revision = head.Revision + 1, EditRevision = head.EditRevision + 1, EditId = "broken", Pending = [.. pending] };
        await process.Tables.Conversations.SubmitTransactionAsync(
        [
            write,
            new(TableTransactionActionType.UpsertReplace, FollowUpRow.OfMessage(new MessageKey(head.Key, head.Last), followUp.Number)),
            new(TableTransactionActionType.Add, FollowUpRow.Event(head.Key, followUp.Number, followUp.Revision, new(followUp.UpdatedAt, from, followUp.Status, null, "test"))),
            new(TableTransactionActionType.UpdateReplace, ConversationRow.Create(changed), head.ETag),
        ]);
    }

    /// <summary>Sends a chunk row by row.</summary>
    private static async Task SendAsync(
        ParleyProcess process, FollowUpChunk chunk, Func<FollowUp, ScheduledFollowUp, DateTimeOffset, bool> isDue, Func<ParleyProcess, FollowUp, Task<bool>> send)
    {
        foreach (var row in await RowsAsync(process, chunk))
        {
            var (followUp, now) = (await process.FollowUps.FindAsync(row.Conversation, row.Number, CancellationToken.None), process.Time.GetUtcNow());
            if (followUp is null || followUp.Revision < row.Revision)
            {
                await process.Schedule.DropIfStaleAsync(row.Row, row.WrittenAt, now, CancellationToken.None);
            }
            else if (followUp.Status == FollowUpStatus.Pending && isDue(followUp, row, now))
            {
                if (await send(process, followUp))
                {
                    await process.Schedule.DeleteAllAsync([row.Row], CancellationToken.None);
                }
            }
            else if (followUp.Status != FollowUpStatus.Pending || !IsOf(row, followUp))
            {
                await process.Schedule.DeleteAllAsync([row.Row], CancellationToken.None);
            }
        }
    }

    private static async Task<bool> SendAsync(ParleyProcess process, FollowUp followUp)
    {
        var sending = new FollowUpSending(followUp, process.FollowUps, process.FollowUpIndex, process.Time);
        var isDone = await SendAsync(process, followUp, sending);
        await process.FollowUpDispatch.SendFirstIfSoonAsync(followUp.Conversation, sending.Remaining ?? []);
        return isDone;
    }

    /// <returns>False when an earlier follow-up is pending.</returns>
    private static async Task<bool> SendAsync(ParleyProcess process, FollowUp followUp, IMessagePart sending)
    {
        var message = new NewMessage(MessageRole.Assistant, followUp.Text, null, null, null);
        try
        {
            await process.Append.AppendWithAsync(
                [sending], new EntityRef<ConversationKey>(followUp.Conversation, null), message, key: null, CancellationToken.None);
            return true;
        }
        catch (EarlierFollowUpException)
        {
            return false;
        }
        catch (ParleyException e) when (e.Code == ErrorCode.FollowUpStatus)
        {
            // No longer pending.
            return true;
        }
    }

    private static async Task<bool> SendUncheckedAsync(ParleyProcess process, FollowUp followUp)
    {
        while (true)
        {
            var head = await process.Conversations.GetAsync(new EntityRef<ConversationKey>(followUp.Conversation, null), CancellationToken.None);
            if (head.Pending.Any(other => other.IsBefore(followUp.AsPending)))
            {
                return false;
            }

            var message = new Message
            {
                Key = new MessageKey(head.Key, head.Last + 1),
                WriteId = followUp.Text,
                Check = 0,
                Revision = 1,
                Role = MessageRole.Assistant,
                Type = "text",
                Text = followUp.Text,
                CreatedAt = head.LastMessageAt!.Value,
                UpdatedAt = head.LastMessageAt!.Value,
            };
            var sent = followUp with { Status = FollowUpStatus.Sent, Revision = followUp.Revision + 1, MessageId = message.Id, FinishedAt = message.CreatedAt };
            var transition = new FollowUpEvent(message.CreatedAt, FollowUpStatus.Pending, sent.Status, null, FollowUpEvent.Parley);
            var change = new TableEntity(head.Key.PartitionKey, ConversationRowKeys.Head)
            {
                ["Rev"] = head.Revision + 1,
                ["Writer"] = head.Revision + 1,
                ["OldRev"] = head.EarlierVersionsUpTo,
                ["Last"] = message.Key.Sequence,
                ["LastMessage"] = message.Text,
                ["LastRole"] = (int)message.Role,
                ["LastId"] = message.Id,
                ["Pending"] = PendingFollowUp.Write(head.Pending.Where(one => one.Number != followUp.Number)),
            };
            await process.Tables.Tenants.UpsertEntityAsync(IndexedFollowUp.Of(sent).StatusListRow, TableUpdateMode.Replace);
            try
            {
                await process.Tables.Conversations.SubmitTransactionAsync(
                [
                    new(TableTransactionActionType.Add, MessageRow.Create(message)),
                    new(TableTransactionActionType.UpdateReplace, FollowUpRow.Create(sent), ETag.All),
                    new(TableTransactionActionType.UpsertReplace, IndexedFollowUp.Of(sent).ChatListRow),

                    // Inserting the transition would also detect the concurrent change, so it is upserted.
                    new(TableTransactionActionType.UpsertReplace, FollowUpRow.Event(head.Key, sent.Number, sent.Revision, transition)),
                    new(TableTransactionActionType.UpdateMerge, change, head.ETag),
                ]);
                return true;
            }
            catch (RequestFailedException e) when (e.IsLostRace())
            {
                // Retries with the new head.
            }
        }
    }

    private static async Task<List<ScheduledFollowUp>> RowsAsync(ParleyProcess process, FollowUpChunk chunk) =>
        await process.Schedule.ReadRangeAsync(chunk.Partition, chunk.First, chunk.Last, CancellationToken.None).Select(ScheduledFollowUp.Read).ToListAsync();

    /// <summary>Sends as <see cref="FollowUpSending"/> does, as if no other follow-up were pending.</summary>
    private sealed class UnorderedSending(FollowUp due, ParleyProcess process) : IMessagePart
    {
        public int MaxOperations => 4;

        public Message Shape(Message message) => message with { FollowUp = due.Number };

        public Task AddAsync(ConversationPlan plan, Message message, CancellationToken cancellation)
        {
            var head = plan.Head!;
            var alone = head with { Pending = [.. head.Pending.Where(one => one.Number == due.Number)] };
            var sent = FollowUpMutation.Send(alone, due, message, process.Time.GetUtcNow());
            (sent with { Pending = [.. head.Pending.Where(one => one.Number != due.Number)] }).AddTo(plan, process.FollowUpIndex);
            return Task.CompletedTask;
        }
    }
}
