using System.Text.Json.Nodes;
using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>
/// Fills a tenant with conversations of a hundred messages. They are copies of the rows of one conversation that was
/// created through the API; see <see cref="RowFill"/>.
/// </summary>
internal sealed class GrowthSeed : IDisposable
{
    public const int MessagesEach = 100;

    private readonly TenantClient client;
    private readonly ParleyTables tables;
    private readonly RowFill conversations;
    private readonly RowFill lists;
    private readonly TableEntity head;
    private readonly TableEntity message;
    private readonly TableEntity listed;
    private readonly string[] texts;

    private GrowthSeed(TenantClient client, StartedSystem system, TableEntity head, TableEntity message, TableEntity listed)
    {
        (this.client, tables, this.head, this.message, this.listed) = (client, system.RawTables, head, message, listed);
        (conversations, lists) = (new RowFill(system.Storage, tables.Conversations.Name), new RowFill(system.Storage, tables.Tenants.Name));
        var random = new Random(1);
        texts = [.. Enumerable.Range(0, 2_000).Select(_ => SampleText.Next(random))];
    }

    /// <summary>The numbers of the filled conversations.</summary>
    public List<int> Filled { get; } = [];

    public static async Task<GrowthSeed> MakeAsync(TenantClient client, StartedSystem system)
    {
        var source = system.SeedTables;
        var chat = await client.CreateConversationAsync("Order and delivery");
        await client.SendAsync(HttpMethod.Post, "v1/chat-messages", new JsonObject { ["chatId"] = chat.Number, ["content"] = "Text", ["role"] = "user" });
        return new GrowthSeed(
            client,
            system,
            await source.Conversations.GetEntityAsync<TableEntity>(chat.PartitionKey, ConversationRowKeys.Head),
            await source.Conversations.GetEntityAsync<TableEntity>(chat.PartitionKey, MessageRowKeys.Message(1)),
            await source.Tenants.GetEntityAsync<TableEntity>(chat.Tenant.PartitionKey, ConversationRowKeys.Conversation(chat.Number)));
    }

    /// <summary>Adds conversations until the tenant has this number of messages in them.</summary>
    public async Task FillAsync(int messages, DateTimeOffset begun)
    {
        // Conversations that a measure has created since then keep their numbers.
        TableEntity counter = await tables.Tenants.GetEntityAsync<TableEntity>(client.Tenant.PartitionKey, TenantRowKeys.Counter);
        var (first, count) = (counter.GetInt32("LastConversation")!.Value + 1, (messages / MessagesEach) - Filled.Count);
        var added = Enumerable.Range(first, count).ToList();
        await tables.Tenants.UpsertEntityAsync(new TableEntity(client.Tenant.PartitionKey, TenantRowKeys.Counter) { ["LastConversation"] = first + count - 1 });
        await conversations.AddAsync(added.SelectMany(number => RowsOf(new ConversationKey(client.Tenant, number), begun)));
        await lists.AddAsync(added.Select(number => new TableEntity(listed) { RowKey = ConversationRowKeys.Conversation(number), ["FirstMinute"] = begun.Minute() }));
        Filled.AddRange(added);
    }

    public void Dispose()
    {
        conversations.Dispose();
        lists.Dispose();
    }

    private IEnumerable<TableEntity> RowsOf(ConversationKey key, DateTimeOffset begun)
    {
        yield return new TableEntity(head) { PartitionKey = key.PartitionKey, ["Last"] = MessagesEach };
        for (var number = 1; number <= MessagesEach; number++)
        {
            var at = begun.AddSeconds(number);
            yield return new TableEntity(message)
            {
                PartitionKey = key.PartitionKey,
                RowKey = MessageRowKeys.Message(number),
                ["CreatedAt"] = at,
                ["UpdatedAt"] = at,
                ["Text"] = texts[((key.Number * MessagesEach) + number) % texts.Length],
            };
        }
    }
}
