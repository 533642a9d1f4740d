using System.Text.Json.Nodes;
using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>
/// Fills a tenant with a year of conversations. They are copies of the rows of one conversation that was created
/// through the API, because creating all through the API would take longer than the measure. Their messages have unique
/// numbers: Azurite searches all rows with the same RowKey in every partition.
/// </summary>
internal sealed class ExportSeed
{
    private const int AtOnce = 8;

    private readonly ParleyTables tables;
    private readonly TableEntity head;
    private readonly TableEntity message;
    private readonly TableEntity listed;
    private readonly string[] texts;

    private ExportSeed(ParleyTables tables, TableEntity head, TableEntity message, TableEntity listed)
    {
        (this.tables, this.head, this.message, this.listed) = (tables, head, message, listed);
        var random = new Random(1);
        texts = [.. Enumerable.Range(0, 2_000).Select(_ => SampleText.Next(random))];
    }

    /// <summary>Creates the conversation to copy, in the client's tenant.</summary>
    public static async Task<ExportSeed> MakeAsync(TenantClient client, ParleyTables tables)
    {
        var chat = await client.CreateConversationAsync("Order and delivery");
        await client.SendAsync(HttpMethod.Post, "v1/chat-messages", new JsonObject { ["chatId"] = chat.Number, ["content"] = "Text", ["role"] = "user" });
        return new ExportSeed(
            tables,
            await tables.Conversations.GetEntityAsync<TableEntity>(chat.PartitionKey, ConversationRowKeys.Head),
            await tables.Conversations.GetEntityAsync<TableEntity>(chat.PartitionKey, MessageRowKeys.Message(1)),
            await tables.Tenants.GetEntityAsync<TableEntity>(chat.Tenant.PartitionKey, ConversationRowKeys.Conversation(chat.Number)));
    }

    /// <summary>Creates conversations, each within a quarter of an hour from its start time.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="first">The number of the first conversation.</param>
    /// <param name="times">The start time of each conversation.</param>
    /// <param name="messagesEach">Messages of each; they are a second apart.</param>
    public async Task FillAsync(TenantId tenant, int first, IReadOnlyList<DateTimeOffset> times, int messagesEach)
    {
        var done = 0;
        await Parallel.ForEachAsync(times.Index(), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (one, cancellation) =>
        {
            var key = new ConversationKey(tenant, first + one.Index);
            TableEntity[] rows = [new(head) { PartitionKey = key.PartitionKey }, .. Enumerable.Range(1, messagesEach).Select(number => MessageOf(key, number, messagesEach, one.Item))];
            foreach (var chunk in rows.Chunk(100))
            {
                // Not inserted: the client repeats a call that is slow, and an insert would then fail on its own rows.
                await tables.Conversations.SubmitTransactionAsync(chunk.Select(row => new TableTransactionAction(TableTransactionActionType.UpsertReplace, row)), cancellation);
            }

            if (Interlocked.Increment(ref done) % (times.Count / 4) == 0)
            {
                Console.WriteLine($"    {done} of {times.Count} conversations");
            }
        });
        foreach (var chunk in times.Index().Chunk(100))
        {
            await tables.Tenants.SubmitTransactionAsync(chunk.Select(one => new TableTransactionAction(TableTransactionActionType.UpsertReplace, new TableEntity(listed)
            {
                PartitionKey = tenant.PartitionKey,
                RowKey = ConversationRowKeys.Conversation(first + one.Index),
                ["FirstMinute"] = one.Item.Minute(),
                ["LastMinute"] = ConversationIndexRow.UntilOf(one.Item.AddSeconds(messagesEach).Minute()),
                ["Until"] = ConversationIndexRow.UntilOf(one.Item.AddSeconds(messagesEach).Minute()),
            })));
        }
    }

    private TableEntity MessageOf(ConversationKey key, int number, int messagesEach, DateTimeOffset begun)
    {
        var (at, unlike) = (begun.AddSeconds(number), (key.Number * messagesEach) + number);
        return new TableEntity(message)
        {
            PartitionKey = key.PartitionKey,
            RowKey = MessageRowKeys.Message(unlike),
            ["CreatedAt"] = at,
            ["UpdatedAt"] = at,
            ["Text"] = texts[unlike % texts.Length],
        };
    }
}
