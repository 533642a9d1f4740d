using Azure;
using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>
/// The storage calls of sending follow-ups, with rows of the same shape, made with the storage SDK alone.
/// </summary>
internal sealed class RawFollowUps(ParleyTables tables, TimeProvider time, RandomSource random)
{
    /// <summary>Parley's own number of concurrent conversations in a chunk.</summary>
    private const int AtOnce = 6;

    /// <summary>
    /// The transaction alone: {message, follow-up, its event, the row that finds it by the message, conversation row}.
    /// </summary>
    public Task SendAsync(SeededChat chat) => SendAsync(chat, chat.Listed, time.NowInMilliseconds());

    /// <summary>Reads the conversation row and the follow-up concurrently, then runs the transaction.</summary>
    public async Task ReadAndSendAsync(SeededChat chat)
    {
        await ReadAsync(chat);
        await SendAsync(chat);
    }

    /// <summary>
    /// All calls of a chunk: its schedule rows; both reads of each follow-up; the rows in the list by status
    /// and by activity; the transaction of each; and the deletion of the rows that are no longer needed.
    /// </summary>
    public async Task SendChunkAsync(SeededChat[] chats, DateTimeOffset dueAt)
    {
        var due = chats.Select(chat => chat.ScheduleRow(dueAt)).ToList();
        await foreach (var row in tables.Schedule.QueryAsync<TableEntity>(Filters.Range(due[0].PartitionKey, due[0].RowKey, due[^1].RowKey)))
        {
            _ = row.GetDateTimeOffset("QueuedUntil");
        }

        await ForEachAsync(chats, ReadAsync);
        var now = time.NowInMilliseconds();
        var listing = tables.Tenants.SubmitTransactionAsync(chats.Select(chat =>
            new TableTransactionAction(TableTransactionActionType.UpsertReplace, chat.StatusListRow(FollowUpStatus.Sent, 2))));
        var moving = Task.WhenAll(ByPartition(chats.Select(chat => chat.ActivityRow(now.Minute()))).Select(rows =>
            tables.Tenants.SubmitTransactionAsync(rows.Select(row => new TableTransactionAction(TableTransactionActionType.UpsertReplace, row)))));
        var raised = await tables.Tenants.SubmitTransactionAsync(chats.Select(chat =>
            new TableTransactionAction(TableTransactionActionType.UpdateMerge, Listing(chat, now), chat.Listed)));
        var listed = chats.Zip(raised.Value).ToDictionary(pair => pair.First, pair => pair.Second.Headers.ETag!.Value);
        await Task.WhenAll(listing, moving);
        await ForEachAsync(chats, chat => SendAsync(chat, listed[chat], time.NowInMilliseconds()));
        await Task.WhenAll(
            DropAsync(tables.Tenants, chats.Select(chat => chat.StatusListRow(FollowUpStatus.Pending, 1))),
            Task.WhenAll(ByPartition(chats.Select(chat => chat.ActivityRow(chat.ActivityMinute))).Select(rows => DropAsync(tables.Tenants, rows))),
            DropAsync(tables.Schedule, due));
    }

    private static TableEntity Listing(SeededChat chat, DateTimeOffset at) =>
        ConversationIndexRow.Raised(chat.Key, ConversationIndexRow.UntilOf(at.Minute()));

    private static IEnumerable<IGrouping<string, TableEntity>> ByPartition(IEnumerable<TableEntity> rows) => rows.GroupBy(row => row.PartitionKey);

    private static Task ForEachAsync(SeededChat[] chats, Func<SeededChat, Task> work) =>
        Parallel.ForEachAsync(chats, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (chat, _) => await work(chat));

    private static Task<Response<IReadOnlyList<Response>>> DropAsync(TableClient table, IEnumerable<TableEntity> rows) =>
        table.SubmitTransactionAsync(rows.Select(row => new TableTransactionAction(TableTransactionActionType.Delete, row, ETag.All)));

    private Task ReadAsync(SeededChat chat) => Task.WhenAll(
        tables.Conversations.GetEntityIfExistsAsync<TableEntity>(chat.Key.PartitionKey, ConversationRowKeys.Head),
        tables.Conversations.GetEntityIfExistsAsync<TableEntity>(chat.Key.PartitionKey, FollowUpRowKeys.FollowUp(chat.Number)));

    private async Task SendAsync(SeededChat chat, ETag listed, DateTimeOffset now)
    {
        const string Text = "Is there anything else?";
        var (partition, check) = (chat.Key.PartitionKey, random.NextBits(EntityId.CheckBits));
        var id = new EntityId(EntityKind.Message, chat.Key, chat.Number + 1, check).ToGuid();
        var message = new TableEntity(partition, MessageRowKeys.Message(chat.Number + 1))
        {
            ["WriteId"] = random.NextWriteId(),
            ["Check"] = check,
            ["Rev"] = 1,
            ["Role"] = 2,
            ["Type"] = "text",
            ["CreatedAt"] = now,
            ["UpdatedAt"] = now,
            ["Text"] = Text,
        };
        var followUp = new TableEntity(partition, FollowUpRowKeys.FollowUp(chat.Number))
        {
            ["Rev"] = 2,
            ["Status"] = (int)FollowUpStatus.Sent,
            ["FinishedAt"] = now,
            ["UpdatedAt"] = now,
            ["MessageId"] = id,
        };
        var sent = new TableEntity(partition, FollowUpRowKeys.FollowUpEvent(chat.Number, 2))
        {
            ["At"] = now,
            ["From"] = (int)FollowUpStatus.Pending,
            ["To"] = (int)FollowUpStatus.Sent,
            ["Actor"] = FollowUpEvent.Parley,
        };
        var head = new TableEntity(partition, ConversationRowKeys.Head)
        {
            ["Rev"] = 2,
            ["Last"] = chat.Number + 1,
            ["LastMessage"] = Text,
            ["LastMessageAt"] = now,
            ["LastRole"] = 2,
            ["LastId"] = id,
            ["Unread"] = 0,
            ["UnreadRev"] = 0,
            ["ActivityMinute"] = now.Minute(),
            ["ListMinute"] = now.Minute(),
            ["ListedUntil"] = ConversationIndexRow.UntilOf(now.Minute()),
            ["ListETag"] = listed.ToString(),
            ["KeyHour"] = 0L,
            ["Pending"] = "",
        };
        await tables.Conversations.SubmitTransactionAsync(
        [
            new(TableTransactionActionType.Add, message),
            new(TableTransactionActionType.UpdateMerge, followUp, ETag.All),
            new(TableTransactionActionType.Add, sent),
            new(TableTransactionActionType.UpsertReplace, new TableEntity(partition, FollowUpRowKeys.MessageFollowUp(chat.Number + 1, chat.Number))),
            new(TableTransactionActionType.UpdateMerge, head, chat.Head),
        ]);
    }
}
