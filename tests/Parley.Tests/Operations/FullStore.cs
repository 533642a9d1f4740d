using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Assistants.Completions;
using Parley.Cleanup;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.Secrets;
using Parley.Tenants.Audit;
using Parley.Tenants.Tokens;
using Parley.Tests.Tenants;
using Parley.Tenants;
using Xunit;

namespace Parley.Tests.Operations;

/// <summary>A store with a row of every kind, created through the API. Tests only read it.</summary>
public sealed class FullStore : IAsyncLifetime
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("parley-backup-");

    internal OperatedStore Store { get; private set; } = null!;

    /// <summary>The API key of a tenant.</summary>
    internal string ApiKey { get; private set; } = "";

    /// <summary>A conversation of that tenant with messages, ticket, thread, file and follow-ups.</summary>
    internal JsonNode Chat { get; private set; } = null!;

    internal string CompletionId { get; private set; } = "";

    /// <summary>A time after the last row was written.</summary>
    internal DateTimeOffset WrittenAt { get; private set; }

    /// <summary>
    /// The responses for the list of conversations and for the messages of <see cref="Chat"/>, before the back-up.
    /// </summary>
    internal (string Conversations, string Messages) Answers { get; private set; }

    /// <summary>The rows as stored when the back-up was made.</summary>
    internal IReadOnlyList<StoredRow> Rows { get; private set; } = [];

    /// <summary>A back-up of this store.</summary>
    internal string Backup => Path.Combine(directory.FullName, "backup");

    public async Task InitializeAsync()
    {
        Store = await OperatedStore.StartAsync();
        await using (var host = await Store.StartHostAsync())
        {
            ApiKey = await OperatedStore.NewTenantAsync(host, "First");
            using (var client = OperatedStore.ClientOf(host, ApiKey))
            {
                await FillAsync(client);
                Answers = (await ConversationsAsync(client), await MessagesAsync(client));
            }

            using (var administrator = OperatedStore.ClientOf(host, OperatedStore.AdminKey))
            {
                var expiresAt = TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(30);
                await administrator.PostAsync("v1/admin/tenants/1/keys", new { label = "Expires", scopes = new[] { "messages:read" }, expiresAt });
                await administrator.PostAsync("v1/admin/tenants/1/webhook-secret", new { });
                await administrator.PostAsync("v1/admin/tenants/1/keys/2/rotate", new { });
                await administrator.CallAsync(HttpMethod.Delete, "v1/admin/tenants/1/keys/2");
                await administrator.CallAsync(HttpMethod.Patch, "v1/admin/tenants/1", new { status = "suspended" });
                await administrator.CallAsync(HttpMethod.Patch, "v1/admin/tenants/1", new { status = "active" });
            }

            using var second = OperatedStore.ClientOf(host, await OperatedStore.NewTenantAsync(host, "Second"));
            await second.PostTextAsync(await second.PostAsync("v1/conversations", new { title = "Another tenant's" }), "hello");

            // Its data are not erased before 40 minutes have passed.
            await OperatedStore.NewTenantAsync(host, "Deleted");
            using var deleting = OperatedStore.ClientOf(host, OperatedStore.AdminKey);
            await deleting.CallAsync(HttpMethod.Delete, "v1/admin/tenants/3");
        }

        await AddUnusedIndexRowAsync();
        await AddChunkAsync();
        await ListFollowUpsOfEarlierVersionAsync();
        await AddSealingRowAsync();
        await new ApiKeyListing(Store.Account.Tables, TimeProvider.System).RunAsync(CancellationToken.None);
        await AddRowsOfDueAsync();
        WrittenAt = TimeProvider.System.GetUtcNow();
        Rows = await Store.Account.ReadAllAsync();
        var (code, printed) = await Store.RunAsync("backup", "--to", Backup);
        Assert.True(code == 0, printed);
    }

    /// <summary>Creates a copy of the back-up that a test may damage.</summary>
    internal string CopyBackup()
    {
        var copy = directory.CreateSubdirectory(Path.GetRandomFileName());
        foreach (var file in Directory.EnumerateFiles(Backup))
        {
            File.Copy(file, Path.Combine(copy.FullName, Path.GetFileName(file)));
        }

        return copy.FullName;
    }

    internal static async Task<string> ConversationsAsync(HttpClient client) =>
        (await client.GetAsync("v1/conversations?pageSize=100", "results")).ToJsonString();

    internal async Task<string> MessagesAsync(HttpClient client) =>
        (await client.GetAsync($"v1/conversations/{Chat["number"]}/messages?per_page=100", "data")).ToJsonString();

    public async Task DisposeAsync()
    {
        await Store.DisposeAsync();
        directory.Delete(recursive: true);
    }

    private async Task FillAsync(HttpClient client)
    {
        var bot = await client.PostAsync("v1/chatbots", new { name = "Bot", provider = "main", model = "m", temperature = 0.3 });
        await client.PostAsync("v1/keys", new { label = "Own", scopes = new[] { "messages:read" } });
        var maiagent = await client.PostAsync("v1/keys", new { label = "MaiAgent's", scopes = new[] { "assistants:write" }, dialect = "maiagent" });
        using var clients = new HttpClient { BaseAddress = client.BaseAddress };
        clients.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Api-Key", $"{maiagent["key"]}");
        await clients.CallAsync(HttpMethod.Patch, $"v1/chatbots/{bot["id"]}", new { webChats = new[] { "5b1f2a36-9d0a-4f5e-8a55-2f6f0a1b2c77" } });
        await client.PostAsync("v1/senders", new { entity = "agent", name = "Ann", externalId = "crm-1", identifier = "ann@parley.test" });
        Chat = await client.PostAsync(
            "v1/conversations", new { title = "Every kind", channel = "whatsApp", address = "+372 555", first_name = "Eve" }, "a conversation's key");
        var number = Chat["number"]!;
        await client.PostAsync("v1/tickets", new { chatId = number, title = "A ticket" });
        var asked = await client.PostAsync("v1/chat-messages", new { chatId = number, content = "First", role = "user", externalId = "wamid-17" });
        var thread = await client.PostAsync("v1/chat-threads", new { chatId = number, chatMessageId = asked["id"] });
        await client.PostAsync("v1/chat-messages", new { chatId = number, content = "In a thread", role = "user", chatThreadId = thread["id"] });
        await client.PostAsync($"v1/conversations/{number}/messages", new { message = new string('é', 5000), metadata = new { a = 1 } }, "a message's key");
        await client.PostAsync("v1/messages", new { conversation = $"{number}", content = string.Concat(Enumerable.Repeat("Long 😀 text. ", 2600)) });
        using var file = new MultipartFormDataContent { { new ByteArrayContent("a file"u8.ToArray()), "file", "note.txt" } };
        await client.CallAsync(HttpMethod.Post, $"v1/conversations/{number}/messages/media", file);
        var answer = await client.PostTextAsync(Chat, "An answer", "assistant");

        await client.FollowUpAsync(Chat, TimeSpan.FromHours(1));
        var cancelled = await client.FollowUpAsync(Chat, TimeSpan.FromHours(2));
        await client.CallAsync(HttpMethod.Delete, $"v1/chat-message-follow-ups/{cancelled["id"]}");
        var failed = await client.FollowUpAsync(Chat, TimeSpan.FromHours(3));
        await client.CallAsync(HttpMethod.Patch, $"v1/chat-message-follow-ups/{failed["id"]}", new { status = "failed", reason = "a test" });
        var sent = await client.FollowUpAsync(Chat, TimeSpan.FromHours(4));
        await client.CallAsync(HttpMethod.Patch, $"v1/chat-message-follow-ups/{sent["id"]}", new { status = "sent", chatMessageId = answer["id"] });

        var inbox = await client.PostAsync("v1/conversations", new { title = "Unread", channel = "whatsApp", address = "+372 556" });
        await client.PostTextAsync(inbox, "Unread");
        var completion = await client.PostAsync($"v1/chatbots/{bot["id"]}/completions", new { message = new { content = "A question" } });
        CompletionId = completion["completionId"]!.GetValue<string>();
        var record = (await client.GetAsync($"v1/chatbots/{bot["id"]}/records", "results"))[0]!;
        await client.CallAsync(HttpMethod.Patch, $"v1/chatbots/{bot["id"]}/records/{record["id"]}", new { faithfulnessScore = 0.1, answerRelevancyScore = 1 });
        await SetOptionalPropertiesAsync(client, bot);
        await client.ExportAsync();
        await client.GetAsync("v1/conversations?pageSize=1", "next"); // Creates the key that signs cursors.
        await client.GetAsync(".well-known/jwks.json", "keys"); // Creates the key that signs tokens.
    }

    /// <summary>Writes optional properties of rows that the calls above do not set.</summary>
    private static async Task SetOptionalPropertiesAsync(HttpClient client, JsonNode bot)
    {
        var (url, metadata) = ("https://parley.test/picture.png", new { a = 1 });
        var person = await client.PostAsync(
            "v1/senders",
            new { entity = "agent", name = "Bo", externalId = "crm-2", identifier = "bo", avatar = url, email = "bo@parley.test", phoneNumber = "+372 557", metadata });
        await client.CallAsync(HttpMethod.Patch, $"v1/senders/{person["id"]}", new { name = "Bob" });
        var chat = await client.PostAsync(
            "v1/conversations", new { title = "Changed", channel = "whatsApp", address = "+372 558", first_name = "Ida", last_name = "Iva", metadata });
        var messages = $"v1/conversations/{chat["number"]}/messages";

        var ticket = await client.PostAsync("v1/tickets", new { chatId = chat["number"], title = "Completed" });
        var said = await client.PostAsync(
            "v1/messages",
            new
            {
                conversation = chat["id"],
                content = "All fields",
                contentPayload = metadata,
                queryMetadata = metadata,
                sender = person["id"],
                attachments = new[] { new { type = "image", filename = "picture.png", file = url } },
            });
        await client.CallAsync(HttpMethod.Patch, $"v1/messages/{said["id"]}", new { feedback = "Helpful" });
        var quoting = await client.PostAsync(messages, new { message = "A quote", quoted_message_id = said["id"], sender = person["id"] });
        await client.CallAsync(HttpMethod.Put, $"{messages}/{quoting["data"]!["message_id"]}", new { message = "An edited quote" });
        var deleted = await client.PostAsync(messages, new { message = "Deleted" });
        await client.CallAsync(HttpMethod.Delete, $"{messages}/{deleted["data"]!["message_id"]}");
        await client.CallAsync(HttpMethod.Post, $"v1/conversations/{chat["number"]}/read", new { messageId = said["id"] });
        await client.CallAsync(HttpMethod.Patch, $"v1/tickets/{ticket["id"]}", new { status = "ongoing" });
        await client.CallAsync(HttpMethod.Patch, $"v1/tickets/{ticket["id"]}", new { status = "completed" });
        await client.CallAsync(
            HttpMethod.Patch,
            $"v1/conversations/{chat["number"]}",
            new { chatbot = bot["id"], autoReplyEnabled = false, handedOffUntil = TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(1) });
        var gone = await client.PostAsync("v1/chatbots", new { name = "Deleted", instructions = "Be brief.", provider = "main" });
        await client.CallAsync(HttpMethod.Delete, $"v1/chatbots/{gone["id"]}");
    }

    /// <summary>
    /// Adds the rows of the table Due that an instance with <c>Schedule__Write=Due</c> would have written.
    /// </summary>
    private async Task AddRowsOfDueAsync()
    {
        await foreach (var row in Store.Account.Tables.Schedule.QueryAsync<TableEntity>())
        {
            var parts = row.RowKey.Split('|');
            var hasRevision = parts[0] is not ("f" or "t");
            await Store.Account.Tables.Due.AddEntityAsync(new TableEntity(
                row.PartitionKey.Split('|')[^1], string.Join('|', hasRevision ? parts[..^1] : parts)));
        }
    }

    /// <summary>
    /// Adds the row that completes the lists of follow-ups of a conversation from an earlier version.
    /// </summary>
    private async Task ListFollowUpsOfEarlierVersionAsync()
    {
        var tables = Store.Account.Tables;
        var chat = new ConversationKey(new TenantId(1), Chat["number"]!.GetValue<int>());
        var head = await new ConversationReader(tables).FindAsync(chat, CancellationToken.None);
        await new FollowUpChatLists(tables, NullLogger<FollowUpChatLists>.Instance)
            .IsCompleteAsync(head! with { EarlierVersionsUpTo = 1 }, CancellationToken.None);
    }

    /// <summary>Adds the row of the job that seals secrets again, which an app without a sealing key does not write.</summary>
    private async Task AddSealingRowAsync()
    {
        var (tables, random) = (Store.Account.Tables, new RandomSource());
        var sealer = new SecretSealer(SecretOptions.Read(TestSecrets.PlainSettings("one")), random);
        var cursors = new Cursors(tables, sealer, random);
        var log = new AuditLog(tables, cursors, TimeProvider.System, random);
        var secrets = new WebhookSecrets(tables, sealer, log, TimeProvider.System, random, new WriteBudget(TimeProvider.System, random));
        var keys = new SigningKeyStore(tables, sealer, TimeProvider.System);
        await new SecretResealing(tables, sealer, cursors, keys, secrets, TimeProvider.System, NullLogger<SecretResealing>.Instance)
            .RunAsync(CancellationToken.None);
    }

    /// <summary>
    /// Adds a chunk and its events to a completion, as when its process died before it deleted the chunks.
    /// </summary>
    private async Task AddChunkAsync()
    {
        var tables = Store.Account.Tables;
        Assert.True(EntityId.TryParse(CompletionId, EntityKind.Completion, new TenantId(1), out var id));
        var key = new MessageKey(id.Conversation, id.Sequence);
        var completion = (await CompletionRows.FindAsync(tables, key, known: null, CancellationToken.None))!;
        await tables.Conversations.UpsertEntityAsync(CompletionChunk.Create(completion with { Chunks = 1, ChunkStart = 0 }), TableUpdateMode.Replace);
    }

    /// <summary>
    /// Adds the row that remains when a process dies between the completion's schedule row and the completion itself.
    /// Schedule rows of completions that have ended are deleted.
    /// </summary>
    private async Task AddUnusedIndexRowAsync()
    {
        var completion = new MessageKey(new ConversationKey(new TenantId(1), Chat["number"]!.GetValue<int>()), 900);
        await new Schedule(Store.Account.Tables, new ScheduleOptions(ScheduleTable.Schedule)).WriteAsync(
            new ScheduledItem(new TenantId(1), TimeProvider.System.GetUtcNow().AddMinutes(4), CompletionRowKeys.ScheduledCompletion(completion, 1)),
            CancellationToken.None);
    }
}
