using System.Globalization;
using System.Text.Json.Nodes;
using Azure;
using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>A conversation of one message and one pending follow-up, as it is stored.</summary>
/// <param name="Key">The conversation.</param>
/// <param name="Head">The ETag of the conversation row.</param>
/// <param name="Listed">The ETag of its row in the tenant's list.</param>
/// <param name="ActivityMinute">The minute of its last message.</param>
/// <param name="CreatedAt">The time at which the follow-up was created (milliseconds since 1970).</param>
/// <param name="Number">The number of the follow-up, which is also the number of its message.</param>
internal sealed record SeededChat(ConversationKey Key, ETag Head, ETag Listed, long ActivityMinute, long CreatedAt, int Number)
{
    /// <summary>The follow-up's row in the tenant's list of a status.</summary>
    public TableEntity StatusListRow(FollowUpStatus status, int revision) =>
        new(Key.Tenant.PartitionKey, FollowUpRowKeys.FollowUpInList((int)status, CreatedAt, Key.Number, Number, revision));

    /// <summary>The conversation's row in the tenant's list by activity.</summary>
    public TableEntity ActivityRow(long minute) => new(ConversationRowKeys.ActivityPartition(Key), ConversationRowKeys.Activity(ConversationRowKeys.ActivityList, minute, Key.Number));

    /// <summary>The follow-up's schedule row.</summary>
    public TableEntity ScheduleRow(DateTimeOffset dueAt) => new(
        ScheduleRowKeys.SchedulePartition(FollowUpRowKeys.ScheduledFollowUps, Key.Tenant.Number % 16, dueAt),
        FollowUpRowKeys.ScheduledFollowUp(Key, dueAt.UtcDateTime.Second, Number, 1));
}

/// <summary>
/// Creates conversations with a follow-up each. They are copies of the rows of one conversation that was created
/// through the API, because creating all through the API would take longer than the measure. Their messages and
/// follow-ups have different numbers, as in conversations of different lengths: Azurite searches all rows with the same
/// RowKey in every partition, so thousands of first messages would measure that.
/// </summary>
internal sealed class FollowUpSeed
{
    private const int AtOnce = 16;

    /// <summary>A conversation has two rows in the tenant's partition, so this number fits a transaction.</summary>
    private const int PerTransaction = 50;

    private readonly ParleyTables tables;
    private readonly IReadOnlyList<TableEntity> rows;
    private readonly TableEntity listed;

    private FollowUpSeed(ParleyTables tables, IReadOnlyList<TableEntity> rows, TableEntity listed) => (this.tables, this.rows, this.listed) = (tables, rows, listed);

    /// <summary>Creates the conversation to copy; its follow-up is due in a year.</summary>
    public static async Task<FollowUpSeed> MakeAsync(StartedSystem system)
    {
        using var client = await system.NewTenantAsync();
        var chat = await client.CreateConversationAsync();
        await client.SendAsync(HttpMethod.Post, "v1/chat-messages", new JsonObject { ["chatId"] = chat.Number, ["content"] = "How can we help?", ["role"] = "assistant" });
        var followUp = new JsonObject { ["chatId"] = chat.Number, ["dueDate"] = TimeProvider.System.GetUtcNow().AddYears(1), ["message"] = "Is there anything else?" };
        await client.SendAsync(HttpMethod.Post, "v1/chat-message-follow-ups", followUp);

        var (tables, rows) = (system.SeedTables, new List<TableEntity>());
        await foreach (var row in tables.Conversations.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {chat.PartitionKey}")))
        {
            rows.Add(row);
        }

        return new FollowUpSeed(tables, rows, await tables.Tenants.GetEntityAsync<TableEntity>(chat.Tenant.PartitionKey, ConversationRowKeys.Conversation(chat.Number)));
    }

    /// <summary>
    /// Creates <paramref name="count"/> conversations, distributed evenly over the tenants. The tenants must be new.
    /// </summary>
    /// <returns>The conversations grouped by tenant, in the order of their schedule rows.</returns>
    public async Task<IReadOnlyList<SeededChat>> FillAsync(IReadOnlyList<TenantId> tenants, int count, DateTimeOffset dueAt)
    {
        var keys = Enumerable.Range(0, count).Select(i => new ConversationKey(tenants[i % tenants.Count], 1 + (i / tenants.Count)))
            .OrderBy(key => key.Tenant.Number).ThenBy(key => key.Number).ToList();
        foreach (var tenant in keys.GroupBy(key => key.Tenant))
        {
            await tables.Tenants.UpsertEntityAsync(new TableEntity(tenant.Key.PartitionKey, TenantRowKeys.Counter) { ["LastConversation"] = tenant.Count() });
        }

        var chats = new List<SeededChat>(count);
        var chunks = keys.GroupBy(key => key.Tenant).SelectMany(tenant => tenant.Chunk(PerTransaction));
        await Parallel.ForEachAsync(chunks, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (chunk, _) =>
        {
            var made = await FillAsync(chunk, tenants.Count, dueAt);
            lock (chats)
            {
                chats.AddRange(made);
                if (chats.Count / 2000 > (chats.Count - made.Count) / 2000)
                {
                    Console.WriteLine($"    {chats.Count} of {count}");
                }
            }
        });

        // Written last and quickly, because the timer may run at any time.
        chats.Sort((left, right) => (left.Key.Tenant.Number, left.Key.Number).CompareTo((right.Key.Tenant.Number, right.Key.Number)));
        await Parallel.ForEachAsync(chats.GroupBy(chat => chat.ScheduleRow(dueAt).PartitionKey).SelectMany(partition => partition.Chunk(100)), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (chunk, cancellation) =>
            await tables.Schedule.SubmitTransactionAsync(chunk.Select(chat => new TableTransactionAction(TableTransactionActionType.Add, chat.ScheduleRow(dueAt))), cancellation));
        return chats;
    }

    private async Task<List<SeededChat>> FillAsync(ConversationKey[] keys, int tenants, DateTimeOffset dueAt)
    {
        var minute = rows.First(row => row.RowKey == ConversationRowKeys.Head).GetInt64("ActivityMinute")!.Value;
        var createdAt = rows.First(row => row.RowKey == FollowUpRowKeys.FollowUp(1)).GetDateTimeOffset("CreatedAt")!.Value.ToUnixTimeMilliseconds();
        var chats = keys.Select(key => new SeededChat(key, default, default, minute, createdAt, 1 + (key.Number * tenants) + (key.Tenant.Number % tenants))).ToList();
        var lists = await tables.Tenants.SubmitTransactionAsync(chats.SelectMany(chat => new[]
        {
            // Not written ahead: the conversations have been quiet for an hour, so sending raises the row.
            new TableEntity(listed)
            {
                PartitionKey = chat.Key.Tenant.PartitionKey,
                RowKey = ConversationRowKeys.Conversation(chat.Key.Number),
                ["LastMinute"] = minute,
                ["Until"] = minute,
            },
            chat.StatusListRow(FollowUpStatus.Pending, 1),
        }).Select(row => new TableTransactionAction(TableTransactionActionType.Add, row)));
        foreach (var partition in chats.Select(chat => chat.ActivityRow(minute)).GroupBy(row => row.PartitionKey))
        {
            await tables.Tenants.SubmitTransactionAsync(partition.Select(row => new TableTransactionAction(TableTransactionActionType.Add, row)));
        }

        for (var i = 0; i < chats.Count; i++)
        {
            var chat = chats[i] with { Listed = lists.Value[2 * i].Headers.ETag!.Value };
            var copies = rows.Select(row => CopyOf(row, chat, dueAt)).ToList();
            var written = await tables.Conversations.SubmitTransactionAsync(copies.Select(row => new TableTransactionAction(TableTransactionActionType.Add, row)));
            chats[i] = chat with { Head = written.Value[copies.FindIndex(row => row.RowKey == ConversationRowKeys.Head)].Headers.ETag!.Value };
        }

        return chats;
    }

    private static TableEntity CopyOf(TableEntity row, SeededChat chat, DateTimeOffset dueAt)
    {
        var copy = new TableEntity(row) { PartitionKey = chat.Key.PartitionKey, RowKey = Moved(row.RowKey, chat.Number) };
        foreach (var (property, value) in row)
        {
            copy[property] = property switch
            {
                "LastId" or "TriggerId" => Moved((Guid)value, new MessageKey(chat.Key, chat.Number)),
                "First" or "Last" or "FollowUps" => chat.Number,
                "Pending" => string.Create(CultureInfo.InvariantCulture, $"{chat.Number}:1:{chat.CreatedAt}"),
                "ListETag" => chat.Listed.ToString(),
                "ListedUntil" => chat.ActivityMinute,
                "DueAt" => dueAt,
                _ => copy[property],
            };
        }

        return copy;
    }

    private static string Moved(string rowKey, int number) => rowKey.Split('|')[0] switch
    {
        ConversationRowKeys.Head => ConversationRowKeys.Head,
        "m" => MessageRowKeys.Message(number),
        "f" => FollowUpRowKeys.FollowUp(number),
        "fe" => FollowUpRowKeys.FollowUpEvent(number, 1),
        "fm" => FollowUpRowKeys.MessageFollowUp(number, number),
        _ => throw new BenchmarkException($"The row {rowKey} cannot be copied."),
    };

    /// <summary>The UUID of the message in another conversation.</summary>
    private static Guid Moved(Guid id, MessageKey to) => EntityId.TryFromGuid(id, EntityKind.Message, out var message)
        ? (message with { Conversation = to.Conversation, Sequence = to.Sequence }).ToGuid()
        : throw new BenchmarkException($"{id} is no message.");
}
