using System.Globalization;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Conversations.Threads;
using Parley.Conversations.Tickets;
using Parley.Core;
using Parley.Exports;
using Parley.Senders;
using Parley.Storage;
using Parley.Tenants;
using Parley.Tenants.Audit;
using Parley.Testing;
using Parley.Tests.Functions.Api.Effort;

namespace Parley.Tests.Bounds;

/// <summary>
/// A store in memory whose every list has a number of entries. A few of each kind are created through the API; the
/// others are copies of their rows under further keys.
/// </summary>
internal sealed class GrownStore
{
    /// <summary>How many of each kind are created through the API.</summary>
    private const int Created = 8;

    private static readonly IReadOnlyDictionary<string, object> Same = new Dictionary<string, object>();

    private readonly Dictionary<string, List<string>> ids = [];
    private readonly int rows;
    private ConversationKey chat;

    private GrownStore(InProcessApi api, int rows) => (Api, this.rows) = (api, rows);

    public InProcessApi Api { get; }

    private string Partition => Api.Tenant.PartitionKey;

    private TableClient Tenants => Api.Get<ParleyTables>().Tenants;

    private TableClient Conversations => Api.Get<ParleyTables>().Conversations;

    /// <param name="rows">The entries of each list, more than the few that the API creates.</param>
    public static async Task<GrownStore> CreateAsync(int rows)
    {
        var api = await InProcessApi.StartAsync(new KeyValuePair<string, string?>("Exports:SettleSeconds", "0"));
        await api.Get<ExportFiles>().CreateIfNotExistsAsync(CancellationToken.None);
        var store = new GrownStore(api, rows);
        await store.CreateTenantAsync();
        await store.CreateChatAsync();
        await store.GrowChatAsync();
        await store.GrowConversationsAsync();
        await store.GrowTenantAsync();
        return store;
    }

    /// <summary>An id of a kind, another one for each number; 0 is the one whose lists have grown.</summary>
    public string IdOf(string kind, int number) => ids[kind][number];

    private async Task CreateTenantAsync()
    {
        Add("tenant", $"{Api.Tenant}");
        for (var i = 0; i < Created; i++)
        {
            var sender = await PostAsync("sender", "/v1/senders", new { entity = "external_user", name = "Ana" });
            var chatbot = await PostAsync("chatbot", "/v1/chatbots", new { name = "Bot", provider = "main" });
            var conversation = await PostAsync(
                "conversation", "/v1/conversations", new { channel = "whatsapp", contact = IdOf("sender", 0) });
            await PostAsync(null, "/v1/messages", new { conversation = conversation["id"], content = "Hello" });
            Add("inbox", $"{conversation["inbox"]!["id"]}");
            var export = await PostAsync(
                "export", "/v1/chat-messages/export", new { callbackUrl = "https://parley.test/", format = "jsonl" });
            await Api.Get<ExportFileJob>().RunAsync(
                new ExportStep(Api.Tenant.Number, i + 1, 0), CancellationToken.None);
            Add("upload", $"{Guid.Empty}");
            await PostAsync("key", "/v1/keys", new { label = "Own", scopes = new[] { "messages:read" } });
            if (i > 0)
            {
                await PostAsync("tenant", "/v1/admin/tenants", new { name = "Another" });
            }
        }
    }

    /// <summary>
    /// The first conversation has all the messages, threads, tickets, follow-ups and completions.
    /// </summary>
    private async Task CreateChatAsync()
    {
        var id = IdOf("conversation", 0);
        chat = EntityRef.TryParse<ConversationKey>(id, Api.Tenant, out var reference)
            ? reference.Key
            : throw new InvalidOperationException($"{id} is no conversation.");
        for (var i = 0; i < Created; i++)
        {
            var ticket = await PostAsync("ticket", "/v1/tickets", new { chatId = id });
            var completion = await PostAsync(
                null,
                $"/v1/chatbots/{IdOf("chatbot", 0)}/completions",
                new { conversation = id, message = new { content = "A question" } });
            Add("completion", $"{completion["completionId"]}");
            var message = await PostAsync(
                "message", "/v1/chat-messages", new { chatId = id, content = "An answer", role = "assistant" });
            var thread = await PostAsync(
                "thread", "/v1/chat-threads", new { chatId = id, chatMessageId = message["id"] });
            await PostAsync(
                "threaded",
                "/v1/chat-messages",
                new { chatId = id, content = "In a thread", role = "assistant", chatThreadId = IdOf("thread", 0) });
            var followUp = await PostAsync(
                "follow-up",
                "/v1/chat-message-follow-ups",
                new { chatId = id, message = "Are you there?", dueDate = "2026-03-02T12:00:00Z" });
            await CallAsync("DELETE", $"/v1/chat-message-follow-ups/{followUp["id"]}");
            await CallAsync("PATCH", $"/v1/tickets/{ticket["id"]}", new { status = "ongoing" });
            await CallAsync("PATCH", $"/v1/tickets/{ticket["id"]}", new { status = "completed" });
        }
    }

    private async Task GrowChatAsync()
    {
        var (partition, conversations) = (chat.PartitionKey, Conversations.Name);
        var head = await HeadAsync(chat);
        var completion = NumberOf("completion", 1);
        var record = await Api.Get<CompletionStore>().FindAsync(new MessageKey(chat, completion), CancellationToken.None);
        var bot = new ChatbotKey(Api.Tenant, 1);

        // From here on messages alternate between a customer's, which a chatbot answers, and the reply.
        Copy(conversations, partition, MessageRowKeys.Message(completion), After(head.Last, 2), MessageRowKeys.Message);
        Copy(conversations, partition, MessageRowKeys.Message(completion + 1), After(head.Last + 1, 2), MessageRowKeys.Message);
        Api.Tables.Copy(
            conversations,
            partition,
            CompletionRowKeys.Completion(completion),
            After(head.Last, 2).Select(number => new RowCopy(
                partition,
                CompletionRowKeys.Completion(number),
                new Dictionary<string, object> { ["Reply"] = number + 1 })));
        var createdAt = record!.CreatedAt.ToUnixTimeMilliseconds();
        Copy(
            Tenants.Name,
            ChatbotRowKeys.ChatbotPartition(bot),
            RecordRowKeys.Record(createdAt, chat.Number, completion),
            After(head.Last, 2),
            number => RecordRowKeys.Record(createdAt, chat.Number, number));

        var (thread, member) = (NumberOf("thread", 0), NumberOf("threaded", Created - 1));
        var position = Created;
        Api.Tables.Copy(
            conversations,
            partition,
            ThreadRowKeys.ThreadMessage(thread, member),
            After(head.Last, 1).Select(number => new RowCopy(
                partition,
                ThreadRowKeys.ThreadMessage(thread, number),
                new Dictionary<string, object> { ["Position"] = ++position })));
        Copy(conversations, partition, ThreadRowKeys.Thread(thread), After(head.Last, 1), ThreadRowKeys.Thread);
        Copy(conversations, partition, TicketRowKeys.Ticket(1), After(Created, 1), TicketRowKeys.Ticket);

        await Conversations.UpdateEntityAsync(
            new TableEntity(partition, ThreadRowKeys.Thread(thread)) { ["Messages"] = position }, Azure.ETag.All);

        var followUp = await Api.Get<FollowUpReader>().FindAsync(chat, 1, CancellationToken.None);
        var question = await MessageRow.FindAsync(
            Api.Get<ParleyTables>(), new MessageKey(chat, completion), CancellationToken.None);
        Api.Tables.Copy(conversations, partition, FollowUpRowKeys.FollowUp(1), After(Created, 1).Select(number => new RowCopy(
            partition,
            FollowUpRowKeys.FollowUp(number),
            new Dictionary<string, object>
            {
                ["TriggerId"] = new EntityId(EntityKind.Message, chat, TriggerOf(number), question!.Check).ToGuid(),
            })));
        Copy(
            conversations,
            partition,
            FollowUpRowKeys.FollowUpInChat((int)followUp!.Status, 1),
            After(Created, 1),
            number => FollowUpRowKeys.FollowUpInChat((int)followUp.Status, number));
        EntityId.TryFromGuid(followUp.TriggerId, EntityKind.Message, out var trigger);
        Copy(
            conversations,
            partition,
            FollowUpRowKeys.MessageFollowUp(trigger.Sequence, 1),
            After(Created, 1),
            number => FollowUpRowKeys.MessageFollowUp(TriggerOf(number), number));
        var listed = IndexedFollowUp.Of(followUp);
        Copy(
            Tenants.Name,
            Partition,
            listed.StatusListRow.RowKey,
            After(Created, 1),
            number => (listed with { Number = number }).StatusListRow.RowKey);
        for (var revision = 1; revision <= followUp.Revision; revision++)
        {
            var one = revision;
            Copy(
                conversations,
                partition,
                FollowUpRowKeys.FollowUpEvent(1, one),
                After(Created, 1),
                number => FollowUpRowKeys.FollowUpEvent(number, one));
        }

        var (last, tickets) = (After(head.Last + 1, 2).Last(), After(Created, 1).Last());
        await Conversations.UpdateEntityAsync(
            new TableEntity(partition, ConversationRowKeys.Head)
            {
                ["Last"] = last,
                ["Tickets"] = tickets,
                ["FollowUps"] = tickets,
            },
            Azure.ETag.All);

        // Each of the copies has a customer's message of its own.
        int TriggerOf(int followUp) => head.Last + 1 + (2 * ((followUp - Created - 1) / 2));
    }

    /// <summary>Conversations of one inbox and contact, unread, each with its head.</summary>
    private async Task GrowConversationsAsync()
    {
        var template = await HeadAsync(new ConversationKey(Api.Tenant, Created));
        foreach (var list in ConversationActivity.ListRows(template))
        {
            CopyConversations(list, other => ConversationActivity.ListRows(other).Single(row =>
                row.RowKey.Split('|')[0] == list.RowKey.Split('|')[0]));
        }

        CopyConversations(ConversationActivity.UnreadRow(template), ConversationActivity.UnreadRow);
        CopyConversations(
            ConversationIndexRow.Create(template), other => new TableEntity(Partition, ConversationRowKeys.Conversation(other.Key.Number)));
        Api.Tables.Copy(
            Conversations.Name,
            template.Key.PartitionKey,
            ConversationRowKeys.Head,
            Others().Select(other => new RowCopy(other.Key.PartitionKey, ConversationRowKeys.Head, Same)));
        Api.Tables.Copy(
            Conversations.Name,
            template.Key.PartitionKey,
            MessageRowKeys.Message(template.Last),
            Others().Select(other => new RowCopy(
                other.Key.PartitionKey, MessageRowKeys.Message(template.Last), Same)));

        void CopyConversations(TableEntity original, Func<Conversation, TableEntity> of) => Api.Tables.Copy(
            Tenants.Name,
            original.PartitionKey,
            original.RowKey,
            Others().Select(of).Select(row => new RowCopy(row.PartitionKey, row.RowKey, Same)));

        IEnumerable<Conversation> Others() => After(Created, 1)
            .Select(number => template with { Key = new ConversationKey(Api.Tenant, number) });
    }

    private async Task GrowTenantAsync()
    {
        var tenants = Tenants.Name;
        Copy(tenants, Partition, SenderRowKeys.Sender(1), After(Created, 1), SenderRowKeys.Sender);
        Copy(tenants, Partition, ChatbotRowKeys.Chatbot(1), After(Created, 1), ChatbotRowKeys.Chatbot);
        Copy(tenants, Partition, ExportRowKeys.Export(1), After(Created, 1), ExportRowKeys.Export);
        Copy(tenants, Partition, AdministrationRowKeys.ApiKey(2), After(Created + 1, 1), AdministrationRowKeys.ApiKey);
        var entry = await Tenants
            .QueryAsync<TableEntity>(
                Filters.Between(Partition, AuditRowKeys.AuditEntries, KeyParts.EndOf(AuditRowKeys.AuditEntries)))
            .FirstAsync();
        var (at, id) = AuditRowKeys.ReadAuditEntry(entry.RowKey);
        foreach (var partition in new[] { Partition, AuditLog.Administration.PartitionKey })
        {
            Api.Tables.Copy(tenants, Partition, entry.RowKey, After(0, 1).Select(number => new RowCopy(
                partition, AuditRowKeys.AuditEntry(at.AddHours(-number), id), Same)));
        }

        var other = new TenantId(int.Parse(IdOf("tenant", 1), CultureInfo.InvariantCulture));
        Copy(
            tenants,
            AuditLog.Administration.PartitionKey,
            AdministrationRowKeys.Tenant(other),
            After(Created, 1),
            number => AdministrationRowKeys.Tenant(new TenantId(number)));
        Api.Tables.Copy(
            tenants,
            other.PartitionKey,
            AdministrationRowKeys.Profile,
            After(Created, 1).Select(number => new RowCopy(
                new TenantId(number).PartitionKey, AdministrationRowKeys.Profile, Same)));
        var last = After(Created, 1).Last();
        await Tenants.UpdateEntityAsync(
            new TableEntity(Partition, TenantRowKeys.Counter)
            {
                ["LastConversation"] = last,
                ["LastSender"] = last,
                ["LastChatbot"] = last,
                ["LastExport"] = last,
                ["LastKey"] = last + 1,
            },
            Azure.ETag.All);
        await Tenants.UpdateEntityAsync(
            new TableEntity(AuditLog.Administration.PartitionKey, TenantRowKeys.Counter) { ["LastTenant"] = last }, Azure.ETag.All);
    }

    private IEnumerable<int> After(int number, int step) =>
        Enumerable.Range(0, (rows - Created) / step).Select(i => number + 1 + (i * step));

    private void Copy(string table, string partition, string original, IEnumerable<int> numbers, Func<int, string> key) =>
        Api.Tables.Copy(table, partition, original, numbers.Select(number => new RowCopy(partition, key(number), Same)));

    private async Task<Conversation> HeadAsync(ConversationKey key) =>
        (await Api.Get<ConversationReader>().FindAsync(key, CancellationToken.None))!;

    /// <summary>The number that a UUID encodes.</summary>
    private int NumberOf(string kind, int index)
    {
        var id = Guid.Parse(IdOf(kind, index));
        foreach (var one in Enum.GetValues<EntityKind>())
        {
            if (EntityId.TryFromGuid(id, one, out var entity))
            {
                return entity.Sequence;
            }
        }

        throw new ArgumentException($"{id} is no id.");
    }

    private void Add(string kind, string id)
    {
        ids.TryAdd(kind, []);
        ids[kind].Add(id);
    }

    private async Task<JsonNode> PostAsync(string? kind, string path, object body)
    {
        var answer = await CallAsync("POST", path, body);
        if (kind is not null)
        {
            Add(kind, $"{answer["id"] ?? answer["exportId"] ?? answer["tenant"]}");
        }

        return answer;
    }

    private async Task<JsonNode> CallAsync(string method, string path, object? body = null)
    {
        var (status, answer) = await Api.SendAsync(method, path, body);
        return status is >= 200 and < 300
            ? answer!
            : throw new InvalidOperationException($"{method} {path} was answered with {status}: {answer}");
    }
}
