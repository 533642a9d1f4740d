using Azure;
using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>
/// The baseline for Parley: the storage calls of its operations, in their order and with rows of the same shape, made
/// with the storage SDK alone. There is no HTTP, JSON response, authentication, id, queue or retry budget.
/// </summary>
internal sealed class RawStorage(ParleyTables tables, TimeProvider time, RandomSource random)
{
    /// <summary>
    /// The calls of a page: the conversation row, then the range of rows. The values are read, as any client of the
    /// rows would.
    /// </summary>
    /// <returns>The number of rows, and the length of their texts.</returns>
    public async Task<(int Rows, int Characters)> ReadPageAsync(ConversationKey conversation, int page, int perPage)
    {
        var partition = conversation.PartitionKey;
        var head = await tables.Conversations.GetEntityIfExistsAsync<TableEntity>(partition, ConversationRowKeys.Head);
        var last = head.Value!.GetInt32("Last")!.Value - (page - 1) * perPage;
        var filter = Filters.Range(partition, MessageRowKeys.Message(last - perPage + 1), MessageRowKeys.Message(last));
        var (rows, characters) = (0, 0);
        await foreach (var row in tables.Conversations.QueryAsync<TableEntity>(filter, perPage))
        {
            characters += ReadMessage(row);
            if (++rows == perPage)
            {
                break;
            }
        }

        return (rows, characters);
    }

    /// <summary>
    /// The calls of an append: the conversation row is read, then {message, conversation row} are written under the
    /// conversation row's ETag. For the first message of a minute, the row of the list by activity and, once an hour,
    /// the one of the tenant's list are written before, and the old one is deleted afterwards.
    /// </summary>
    public async Task AppendAsync(ConversationKey conversation, string text)
    {
        var partition = conversation.PartitionKey;
        var head = (await tables.Conversations.GetEntityIfExistsAsync<TableEntity>(partition, ConversationRowKeys.Head)).Value!;
        var now = time.NowInMilliseconds();
        var activity = head.GetInt64("ActivityMinute")!.Value;
        var moves = now.Minute() > activity;
        var (listETag, until) = (new ETag(head.GetString("ListETag")), head.GetInt64("ListedUntil")!.Value);
        if (moves)
        {
            var listing = tables.Tenants.UpsertEntityAsync(ListRow(conversation, now.Minute()), TableUpdateMode.Replace);
            if (now.Minute() > until)
            {
                until = ConversationIndexRow.UntilOf(now.Minute());
                var raised = await tables.Tenants.UpdateEntityAsync(ConversationIndexRow.Raised(conversation, until), listETag);
                listETag = raised.Headers.ETag!.Value;
            }

            await listing;
        }

        var number = head.GetInt32("Last")!.Value + 1;
        await tables.Conversations.SubmitTransactionAsync(
        [
            new(TableTransactionActionType.Add, MessageRow(partition, number, text, now)),
            new(TableTransactionActionType.UpdateMerge, HeadChange(head, number, text, now, listETag, until), head.ETag),
        ]);
        if (moves)
        {
            await tables.Tenants.DeleteEntityAsync(ListRow(conversation, activity), ETag.All);
        }
    }

    private static TableEntity ListRow(ConversationKey conversation, long minute) => new(
        ConversationRowKeys.ActivityPartition(conversation),
        ConversationRowKeys.Activity(ConversationRowKeys.ActivityList, minute, conversation.Number));

    private TableEntity MessageRow(string partition, int number, string text, DateTimeOffset at) => new(partition, MessageRowKeys.Message(number))
    {
        ["WriteId"] = random.NextWriteId(),
        ["Check"] = random.NextBits(EntityId.CheckBits),
        ["Rev"] = 1,
        ["Role"] = 3,
        ["Type"] = "text",
        ["CreatedAt"] = at,
        ["Text"] = text,
        ["UserNumber"] = 1,
        ["UserName"] = "Benchmark key",
    };

    private static TableEntity HeadChange(TableEntity head, int number, string text, DateTimeOffset at, ETag listETag, long until) => new(head.PartitionKey, ConversationRowKeys.Head)
    {
        ["Rev"] = head.GetInt32("Rev")!.Value + 1,
        ["Last"] = number,
        ["LastMessage"] = text,
        ["LastMessageAt"] = at,
        ["Unread"] = head.GetInt32("Unread")!.Value,
        ["ActivityMinute"] = Math.Max(at.Minute(), head.GetInt64("ActivityMinute")!.Value),
        ["ListMinute"] = Math.Max(at.Minute(), head.GetInt64("ActivityMinute")!.Value),
        ["ListedUntil"] = until,
        ["ListETag"] = listETag.ToString(),
        ["KeyHour"] = head.GetInt64("KeyHour")!.Value,
    };

    private static int ReadMessage(TableEntity row)
    {
        _ = row.GetString("WriteId");
        _ = row.GetInt64("Check");
        _ = row.GetInt32("Rev");
        _ = row.GetInt32("Role");
        _ = row.GetString("Type");
        _ = row.GetDateTimeOffset("CreatedAt");
        _ = row.GetInt32("UserNumber");
        _ = row.GetString("UserName");
        return row.GetString("Text").Length;
    }
}
