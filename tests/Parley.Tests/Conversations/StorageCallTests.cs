using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Conversations.Threads;
using Parley.Conversations.Tickets;
using Parley.Core;
using Parley.Senders;
using Parley.Storage;
using Parley.Tenants;
using Parley.Tenants.Audit;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>
/// Counts the table calls of each operation at the transport. With PARLEY_UPDATE_GOLDEN=1 a test writes its counts to
/// docs/storage-calls.md, otherwise it compares them.
/// </summary>
public sealed class StorageCallTests : IAsyncLifetime
{
    // In the middle of a minute and an hour; this clock moves only when a test advances it.
    private readonly VirtualTime time = new(new DateTimeOffset(2026, 1, 2, 9, 30, 30, TimeSpan.Zero));
    private TableConnection connection = null!;
    private ParleyProcess process = null!;
    private readonly DocumentedCalls counts = new("Operation", "Calls", "Rows read");
    private ConversationKey conversation;

    public async Task InitializeAsync()
    {
        var tables = new StrictTables(time);
        connection = tables.Connect();
        process = new ParleyProcess(connection, time, seed: 1);
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        conversation = await Appends.NewConversationAsync(tables, time);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Posting()
    {
        await CountAsync("post, the conversation's first unread message of its inbox", () => Appends.AppendAsync(process, conversation, "first that is unread in its inbox"));
        await CountAsync("post", () => Appends.AppendAsync(process, conversation, "next"));
        await CountAsync("post with a key, the conversation's first in an hour", () => Appends.AppendAsync(process, conversation, "first with a key in this hour", "a"));
        await CountAsync("post with a key", () => Appends.AppendAsync(process, conversation, "next with a key", "b"));
        await CountAsync("post with a key, sent again", () => Appends.AppendAsync(process, conversation, "next with a key", "b"));
        time.Advance(TimeSpan.FromMinutes(1));
        await CountAsync("post, the conversation's first in a minute", () => Appends.AppendAsync(process, conversation, "first in this minute"));
        await CountAsync("post again in that minute", () => Appends.AppendAsync(process, conversation, "next in this minute"));
        time.Advance(TimeSpan.FromHours(1));
        await CountAsync("post with a key, first in a minute and an hour", () => Appends.AppendAsync(process, conversation, "first in both", "c"));
        AssertDocumented();
    }

    [Fact]
    public async Task Listing_messages()
    {
        foreach (var quotesOutside in new[] { 0, 1, 14, 15 })
        {
            var (created, _) = await process.Creation.CreateAsync(
                Appends.Tenant, new(null, null, null, null, null, null, null), null, CancellationToken.None);
            var chat = created.Key;
            for (var i = 0; i < 60; i++)
            {
                var quoted = i >= 40 && i - 40 < quotesOutside ? $"{new MessageKey(chat, i - 39).IntegerId}" : null;
                var message = new NewMessage(MessageRole.Staff, $"message {i}", 1, "staff", quoted);
                await process.Append.AppendAsync(new EntityRef<ConversationKey>(chat, null), message, null, CancellationToken.None);
            }

            await CountAsync($"list a page of 20, {quotesOutside} quoted messages outside it", async () =>
            {
                var page = await ReadPageAsync(chat, 1);
                Assert.Equal((20, quotesOutside), (page.Messages.Count, page.QuotedTexts.Count));
            });
        }

        await CountAsync("list a page past the end", () => ReadPageAsync(conversation, 4));
        AssertDocumented();

        Task<MessagePage> ReadPageAsync(ConversationKey chat, int page) => process.Pages.ReadAsync(
            new EntityRef<ConversationKey>(chat, null), page, 20, newestFirst: true, CancellationToken.None);
    }

    [Fact]
    public async Task Listing_the_newest_messages()
    {
        for (var i = 0; i < 120; i++)
        {
            var (created, _) = await process.Creation.CreateAsync(
                Appends.Tenant, new(null, null, null, null, null, null, null), null, CancellationToken.None);
            await Appends.AppendAsync(process, created.Key, "one");
            await Appends.AppendAsync(process, created.Key, "two");
        }

        // The lists by activity, a hundred heads, and a block of each of the conversations that the page can show. Then
        // blocks, and the heads of those that it shows.
        string? next = null;
        await CountAsync("list the 20 newest messages of a tenant with 120 conversations", () => ReadAsync(20));
        await CountAsync("list the next 20 of them", () => ReadAsync(20));
        await CountAsync("list the next 100 of them", () => ReadAsync(100));
        AssertDocumented();

        async Task ReadAsync(int size)
        {
            var page = await process.Recent.ReadAsync(Appends.Tenant, next, size, CancellationToken.None);
            Assert.Equal(size, page.Messages.Count);
            next = page.Next;
        }
    }

    [Fact]
    public async Task Changing()
    {
        await Appends.AppendAsync(process, conversation, "text");
        var (id, message) = (new EntityRef<ConversationKey>(conversation, null), $"{new MessageKey(conversation, 1).IntegerId}");

        await CountAsync("edit a message", () => process.Change.EditAsync(id, message, "edited", "editor", null, CancellationToken.None));
        await CountAsync("read a conversation with one unread message", () => process.Reading.ReadAsync(id, null, CancellationToken.None));
        await CountAsync("delete a message", () => process.Change.DeleteAsync(id, message, "editor", null, CancellationToken.None));
        await CountAsync("delete it again", () => process.Change.DeleteAsync(id, message, "editor", null, CancellationToken.None));

        // The last unread message of the conversation, so that its inbox has one unread conversation less.
        await Appends.AppendAsync(process, conversation, "unread");
        var unread = $"{new MessageKey(conversation, 2).IntegerId}";
        await CountAsync("delete the last unread message of an inbox", () => process.Change.DeleteAsync(id, unread, "editor", null, CancellationToken.None));
        AssertDocumented();
    }

    [Fact]
    public async Task Following_up()
    {
        var id = new EntityRef<ConversationKey>(conversation, null);
        await PostTextAsync(MessageRole.Assistant);

        // Reads the head, writes the list's row and the schedule row, and commits the transaction.
        await CountAsync("create a follow-up", () => CreateAsync(TimeSpan.FromHours(1)));
        var created = await CreateAsync(TimeSpan.FromHours(2));

        // Reads the follow-up and the head, writes both rows, commits the transaction and deletes both old rows.
        await CountAsync("change a follow-up's time", () => process.FollowUpWriter.ChangeAsync(
            Appends.Tenant, $"{created.Id}", new() { DueAt = created.DueAt.AddHours(1) }, "test", null, CancellationToken.None));
        await CountAsync("get a follow-up", () => process.FollowUps.GetAsync(Appends.Tenant, $"{created.Id}", CancellationToken.None));

        // Of one status: the index rows and each follow-up shown. Of any status: the four lists. Of a chat: the head
        // and its rows.
        await CountAsync("list follow-ups of one status, 1 of them shown", () => ListAsync(new([], [], [], [FollowUpStatus.Pending])));
        await CountAsync("list follow-ups of any status, 2 of them shown", () => ListAsync(new([], [], [], [])));
        await CountAsync("list follow-ups of a chat", () => ListAsync(new([$"{conversation.Number}"], [], [], [])));

        // In addition to the two calls of the post and one for the first unread message: the index rows of the
        // cancelled follow-ups, and the deletion of the old ones.
        await CountAsync("post a customer's message that ends 2 follow-ups", () => PostTextAsync(MessageRole.Customer));
        await CountAsync("list ended follow-ups of a chat, 2 of them shown", () => ListAsync(new([$"{conversation.Number}"], [], [], [FollowUpStatus.Cancelled])));
        AssertDocumented();

        async Task<FollowUp> CreateAsync(TimeSpan delay) =>
            (await process.FollowUpWriter.CreateAsync(id, time.GetUtcNow() + delay, "text", "test", null, CancellationToken.None)).FollowUp;

        Task PostTextAsync(MessageRole role) => process.Append.AppendAsync(id, new(role, "text", null, null, null), null, CancellationToken.None);

        Task ListAsync(FollowUpFilter filter) => process.FollowUpList.ReadAsync(Appends.Tenant, filter, 1, 10, CancellationToken.None);
    }

    [Fact]
    public async Task Sending_follow_ups()
    {
        foreach (var count in new[] { 1, 20, 100 })
        {
            await SendAsync(count);
        }

        AssertDocumented();
    }

    private async Task SendAsync(int count)
    {
        var dueAt = time.GetUtcNow();
        for (var i = 0; i < count; i++)
        {
            var (created, _) = await process.Creation.CreateAsync(Appends.Tenant, new(null, null, null, null, null, null, null), null, CancellationToken.None);
            var id = new EntityRef<ConversationKey>(created.Key, null);
            await process.Append.AppendAsync(id, new(MessageRole.Assistant, "text", null, null, null), null, CancellationToken.None);
            await process.FollowUpWriter.CreateAsync(id, dueAt, "text", "test", null, CancellationToken.None);
        }

        var chunk = new FollowUpChunk(ScheduleRowKeys.SchedulePartition(FollowUpRowKeys.ScheduledFollowUps, shard: 1, dueAt), FollowUpRowKeys.ScheduledFollowUps, KeyParts.EndOf(FollowUpRowKeys.ScheduledFollowUps));

        // Two reads and a transaction for each. Once for all: reading the schedule rows, writing the index rows of sent
        // follow-ups, and deleting the old schedule and index rows.
        await CountAsync($"send a chunk of {count}", () => process.FollowUpSender.SendAsync(chunk, CancellationToken.None));
        Assert.Empty(await process.Tables.ScheduledRowsAsync());
    }

    [Fact]
    public async Task Sending_follow_ups_in_a_new_minute()
    {
        var dueAt = time.GetUtcNow();
        for (var i = 0; i < 100; i++)
        {
            var (created, _) = await process.Creation.CreateAsync(Appends.Tenant, new(null, "web", null, null, null, null, null), null, CancellationToken.None);
            var id = new EntityRef<ConversationKey>(created.Key, null);
            await process.Append.AppendAsync(id, new(MessageRole.Assistant, "text", null, null, null), null, CancellationToken.None);
            await process.FollowUpWriter.CreateAsync(id, dueAt, "text", "test", null, CancellationToken.None);
        }

        time.Advance(TimeSpan.FromMinutes(1));
        var chunk = new FollowUpChunk(ScheduleRowKeys.SchedulePartition(FollowUpRowKeys.ScheduledFollowUps, shard: 1, dueAt), FollowUpRowKeys.ScheduledFollowUps, KeyParts.EndOf(FollowUpRowKeys.ScheduledFollowUps));

        // In addition to those within the same minute: the activity rows of each of the seven partitions, and the
        // deletion of the old ones.
        await CountAsync("send a chunk of 100, each the conversation's first message in a minute", () => process.FollowUpSender.SendAsync(chunk, CancellationToken.None));
        AssertDocumented();
    }

    [Fact]
    public async Task Enqueueing_due_follow_ups()
    {
        // A tick that finds nothing, and one that finds a hundred follow-ups of one second.
        await CountAsync("enqueue due follow-ups, none due", () => process.FollowUpDispatch.DispatchAsync(CancellationToken.None));
        for (var i = 1; i <= 100; i++)
        {
            await process.Schedule.WriteAsync(new IndexedFollowUp(new ConversationKey(Appends.Tenant, i), 1, 1, FollowUpStatus.Pending, 0, time.GetUtcNow()).Scheduled, CancellationToken.None);
        }

        await CountAsync("enqueue due follow-ups, 100 of one second", () => process.FollowUpDispatch.DispatchAsync(CancellationToken.None));
        AssertDocumented();
    }

    [Fact]
    public async Task Creating_and_reading_a_conversation()
    {
        var draft = new NewConversation("title", "web", null, null, null, null, null);
        Task CreateAsync(string? key) => process.Creation.CreateAsync(
            Appends.Tenant, draft, key is null ? null : IdempotencyKey.Create(key, ["title"]), CancellationToken.None);

        await CountAsync("create a conversation", () => CreateAsync(null));
        await CountAsync("create with a key, the tenant's first in an hour", () => CreateAsync("a"));
        await CountAsync("create with a key", () => CreateAsync("b"));
        await CountAsync("get a conversation", () => process.Conversations.GetAsync(new EntityRef<ConversationKey>(conversation, null), CancellationToken.None));
        AssertDocumented();
    }

    [Fact]
    public async Task Authenticating()
    {
        var origin = new AuditOrigin(AuditActor.Administrator, null, "request");
        var tenant = await process.Administration.CreateTenantAsync("tenant", origin, CancellationToken.None);
        var key = await process.KeyWriter.CreateAsync(tenant.Tenant, "key", Scopes.MessagesRead, Dialect.Parley, null, origin, CancellationToken.None);
        var authenticator = process.Authenticator;

        await CountAsync("authenticate, key not seen before", () => authenticator.AuthenticateAsync(key.Text, CancellationToken.None));
        await CountAsync("authenticate, key seen within half a minute", () => authenticator.AuthenticateAsync(key.Text, CancellationToken.None));
        time.Advance(CredentialCache.CacheTime + TimeSpan.FromMilliseconds(1));
        await CountAsync("authenticate, key not seen for half a minute", () => authenticator.AuthenticateAsync(key.Text, CancellationToken.None));
        AssertDocumented();
    }

    [Fact]
    public async Task Posting_the_first_unread_message_of_an_inbox()
    {
        await CountAsync("post, first unread of the inbox", () => Appends.AppendAsync(process, conversation, "the row among the unread"));
        await ReadAsync();
        await CountAsync("post with a key, first unread and first in an hour", () => Appends.AppendAsync(process, conversation, "looked for first, and first in this hour", "a"));
        await ReadAsync();
        await CountAsync("post with a key, first unread", () => Appends.AppendAsync(process, conversation, "looked for first", "b"));
        await ReadAsync();
        await CountAsync("post with a key, sent again while nothing is unread", () => Appends.AppendAsync(process, conversation, "looked for first", "b"));
        time.Advance(TimeSpan.FromMinutes(1));
        await CountAsync("post, first unread and first in a minute", () => Appends.AppendAsync(process, conversation, "with the rows of its minute"));
        AssertDocumented();

        Task<ReadMark> ReadAsync() => process.Reading.ReadAsync(Id, null, CancellationToken.None);
    }

    [Fact]
    public async Task Listing_page_1_and_page_600()
    {
        for (var i = 0; i < 10_000; i++)
        {
            await Appends.AppendAsync(process, conversation, "text");
        }

        foreach (var newestFirst in new[] { true, false })
        {
            var order = newestFirst ? "newest first" : "oldest first";
            foreach (var page in new[] { 1, 600 })
            {
                // The head and the rows of the page, no others.
                await CountAsync($"list a page of 15 of 10,000 messages, {order}, page {page}", () => process.Pages.ReadAsync(Id, page, 15, newestFirst, CancellationToken.None));
            }
        }
        AssertDocumented();
    }

    [Fact]
    public async Task Listing_by_cursor()
    {
        for (var i = 0; i < 30; i++)
        {
            await Appends.AppendAsync(process, conversation, $"message {i}");
        }

        // Once for a process: reads and creates the key of the cursors.
        var pages = process.Pages;
        CursorPage page = null!;
        await CountAsync("list 10 by cursor, the process's first cursor", async () => page = (await pages.ReadNewestAsync(Id, null, 10, CancellationToken.None))!);
        await CountAsync("list the next 10", async () => page = (await pages.ReadNewestAsync(Id, page.Next, 10, CancellationToken.None))!);
        await CountAsync("list the last 10", async () => page = (await pages.ReadNewestAsync(Id, page.Next, 10, CancellationToken.None))!);
        Assert.Null(page.Next);
        AssertDocumented();
    }

    [Fact]
    public async Task Listing_a_chat()
    {
        for (var i = 0; i < 20; i++)
        {
            await Appends.AppendAsync(process, conversation, $"message {i}");
        }

        var head = await process.Conversations.GetAsync(Id, CancellationToken.None);
        var thread = await process.ThreadCreation.CreateAsync(head, $"{new MessageKey(conversation, 1).IntegerId}", CancellationToken.None);
        var tickets = new List<string>();
        for (var i = 0; i < 15; i++)
        {
            tickets.Add($"{(await process.TicketWriter.OpenAsync(Id, null, CancellationToken.None)).Ticket.Id}");
            for (var n = 0; n < 3; n++)
            {
                await process.Append.AppendAsync(
                    Id,
                    new NewMessage(MessageRole.Staff, "text", 1, "staff", null) { Thread = n == 0 ? $"{thread.Id}" : null },
                    null,
                    CancellationToken.None);
            }

            await MoveAsync(tickets[^1]);
            await MoveAsync(tickets[^1]);
        }

        await WarmCursorsAsync();
        await CountAsync("list a chat, 65 messages", () => ReadAsync(null, [], 1000));
        await CountAsync("list a chat, 50 of 65 messages", () => ReadAsync(null, [], 50));

        // A range of fewer than fourteen messages is read by row keys.
        await CountAsync("list a chat, a ticket", () => ReadAsync(null, tickets[..1], 1000));
        await CountAsync("list a chat, 14 tickets", () => ReadAsync(null, tickets[..14], 14));
        await CountAsync("list a chat, 15 tickets, 14 messages", () => ReadAsync(null, tickets, 14));
        await CountAsync("list a chat, a thread, 14 scattered messages", () => ReadAsync($"{thread.Id}", [], 14));
        await CountAsync("list a chat, a thread, 15 scattered messages", () => ReadAsync($"{thread.Id}", [], 15));
        await CountAsync("list a chat, a thread in a ticket", () => ReadAsync($"{thread.Id}", tickets[1..2], 15));

        async Task ReadAsync(string? ofThread, IReadOnlyList<string> ofTickets, int limit)
        {
            var list = await process.Chats.OpenAsync(Id, new ChatFilter(ofThread, ofTickets), null, limit, CancellationToken.None);
            Assert.True(await list.Messages.CountAsync() > 0);
        }
        AssertDocumented();
    }

    [Fact]
    public async Task Listing_conversations()
    {
        for (var i = 0; i < 9; i++)
        {
            var draft = new NewConversation($"{i}", i < 4 ? "web" : "other", null, "+49", null, null, null);
            await process.Creation.CreateAsync(Appends.Tenant, draft, null, CancellationToken.None);
        }

        await WarmCursorsAsync();
        var inbox = Inbox.OfChannel(Appends.Tenant, "web").Id;
        ConversationPage page = null!;
        await CountAsync("list conversations, 5 of 10", () => ListAsync(new ConversationFilter(null, null), 5));
        await CountAsync("count unread conversations, 1 inbox", () => process.Unread.ReadAsync(Appends.Tenant, page.Conversations, CancellationToken.None));
        await CountAsync("list conversations, 10 of 10", () => ListAsync(new ConversationFilter(null, null), 20));
        await CountAsync("count unread conversations, 2 inboxes", () => process.Unread.ReadAsync(Appends.Tenant, page.Conversations, CancellationToken.None));
        await CountAsync("list an inbox's conversations, 5", () => ListAsync(new ConversationFilter(inbox, null), 20));

        // The contact comes first.
        await CountAsync("list a contact's conversations, 10", () => ListAsync(new ConversationFilter(null, "1"), 20));
        await CountAsync("list a contact's conversations of an inbox, 5", () => ListAsync(new ConversationFilter(inbox, "1"), 20));

        // A stale row costs a read of its head, and later its deletion. A page that it leaves short continues after it.
        var stale = new TableEntity(Appends.Tenant.PartitionKey, ConversationRowKeys.Activity(ConversationRowKeys.ActivityList, time.GetUtcNow().AddMinutes(1).Minute(), 1));
        await process.Tables.Tenants.AddEntityAsync(stale);
        await CountAsync("list conversations, 10 and a stale index row", () => ListAsync(new ConversationFilter(null, null), 20));
        time.Advance(IndexRows.StaleAfter + TimeSpan.FromSeconds(1));
        await CountAsync("list conversations, 10 and an index row to drop", () => ListAsync(new ConversationFilter(null, null), 20));
        await CountAsync("list conversations, 10 after that", () => ListAsync(new ConversationFilter(null, null), 20));
        AssertDocumented();

        async Task ListAsync(ConversationFilter filter, int size) =>
            page = await process.ConversationList.ReadAsync(Appends.Tenant, filter, null, size, CancellationToken.None);
    }

    [Fact]
    public async Task Changing_a_conversation()
    {
        Task PatchAsync() => process.ConversationChange.ChangeAsync(Id, head => head with { Title = "other" }, "test", null, CancellationToken.None);
        await CountAsync("change a conversation", PatchAsync);
        await CountAsync("change it to what it is", PatchAsync);
        AssertDocumented();
    }

    [Fact]
    public async Task Reading_a_conversation()
    {
        await Appends.AppendAsync(process, conversation, "text");
        await ReadAsync();

        // The head, and whether the conversation has an unread row.
        await CountAsync("read a conversation without unread messages", ReadAsync);
        AssertDocumented();

        Task<ReadMark> ReadAsync() => process.Reading.ReadAsync(Id, null, CancellationToken.None);
    }

    [Fact]
    public async Task Senders()
    {
        await WarmCursorsAsync();
        var (writer, reader) = (process.SenderWriter, process.Senders);
        Sender made = null!;

        // The counter, then the counter, the sender and its index rows.
        await CountAsync("create a sender", async () => made = await writer.CreateAsync(
            Appends.Tenant, sender => sender with { Name = "Bob", Identifier = "bob", ExternalId = "4" }, CancellationToken.None));
        var id = new EntityRef<SenderKey>(made.Key, made.Check);
        await CountAsync("get a sender", () => reader.GetAsync(id, CancellationToken.None));
        await CountAsync("find a sender by identifier", () => reader.FindByIdentifierAsync(Appends.Tenant, "bob", CancellationToken.None));
        await CountAsync("find a sender by external id", () => reader.FindByExternalIdAsync(Appends.Tenant, "4", CancellationToken.None));
        await CountAsync("list senders", () => reader.ListAsync(Appends.Tenant, null, 20, CancellationToken.None));
        await CountAsync("find 14 senders by number", () => reader.FindAllAsync(Appends.Tenant, Enumerable.Range(1, 14), CancellationToken.None));
        await CountAsync("find 15 senders by number", () => reader.FindAllAsync(Appends.Tenant, Enumerable.Range(1, 15), CancellationToken.None));

        // Only new unique values are looked up.
        await CountAsync("change a sender", () => writer.ChangeAsync(id, sender => sender with { Name = "Rob" }, null, CancellationToken.None));
        await CountAsync("change a sender's identifier", () => writer.ChangeAsync(id, sender => sender with { Identifier = "rob" }, null, CancellationToken.None));
        await CountAsync("remove a sender's identifier and external id", () => writer.ChangeAsync(
            id, sender => sender with { Identifier = null, ExternalId = null }, null, CancellationToken.None));
        AssertDocumented();
    }

    [Fact]
    public async Task Chatbots()
    {
        await WarmCursorsAsync();
        var (writer, reader) = (process.ChatbotWriter, process.Chatbots);
        Chatbot made = null!;

        // The counter, then the counter and the chatbot.
        await CountAsync("create a chatbot", async () => made = await writer.CreateAsync(Appends.Tenant, chatbot => chatbot with { Name = "Bot" }, CancellationToken.None));
        var id = new EntityRef<ChatbotKey>(made.Key, made.Check);
        await CountAsync("get a chatbot", () => reader.GetAsync(id, CancellationToken.None));
        await CountAsync("find the chatbot of a request", () => reader.GetReferencedAsync(Appends.Tenant, "1", CancellationToken.None));
        await CountAsync("find no chatbot", () => reader.GetReferencedAsync(Appends.Tenant, null, CancellationToken.None));
        await CountAsync("list chatbots", () => reader.ListAsync(Appends.Tenant, null, 20, CancellationToken.None));
        await CountAsync("change a chatbot", () => writer.ChangeAsync(id, chatbot => chatbot with { Name = "Rob" }, null, CancellationToken.None));
        await CountAsync("delete a chatbot", () => writer.DeleteAsync(id, null, CancellationToken.None));
        AssertDocumented();
    }

    [Fact]
    public async Task Completing()
    {
        var chatbot = await process.ChatbotWriter.CreateAsync(Appends.Tenant, chatbot => chatbot with { Name = "Bot" }, CancellationToken.None);
        await Appends.AppendAsync(process, conversation, "first with a key in this hour", "first");

        // The chatbot, the head, the schedule row, the record's row, and the transaction. With a key, also the key's
        // row.
        Completion completion = null!;
        await CountAsync("start a completion", () => StartAsync(null));
        await CountAsync("start a completion with a key", async () => completion = await StartAsync("a"));
        await CountAsync("store an event of a completion", async () => completion = await process.CompletionWriter.AppendTextAsync(completion, completion.WithText("one ")));

        // The head, the transaction, the keys of the chunks, and the deletions of the chunks and of the schedule row.
        await CountAsync("end a completion", async () =>
        {
            var ended = await process.CompletionWriter.EndAsync(completion.WithText("two"), null, null, isProducer: true);
            await process.CompletionWriter.CleanUpAsync(ended);
        });

        // The completion by its id. When it is sent again: the chatbot, the head, the key, the message and the
        // completion.
        await CountAsync("get a completion", () => process.CompletionStore.GetAsync(Appends.Tenant, $"{completion.Id}", CancellationToken.None));
        await CountAsync("start a completion with a key, sent again", () => StartAsync("a"));

        // For a message without a stream: the chatbot, and both rows.
        await process.ConversationChange.ChangeAsync(Id, head => head with { Chatbot = chatbot.Id }, "test", null, CancellationToken.None);
        Message message = null!;
        await CountAsync("post to a chatbot", async () =>
            message = (await process.AutoReplies.AppendAsync(Id, new NewMessage(MessageRole.Customer, "text", null, null, null), null, CancellationToken.None)).Message);

        // The queued run reads the completion, the head, the message and the chatbot, and writes both schedule rows and
        // the completion. Without a provider it then ends the completion and deletes the schedule row.
        await CountAsync("begin and end a queued reply without a provider", () => process.AutoReplies.RunAsync(QueuedReply.Of(message.Key), CancellationToken.None));
        AssertDocumented();

        async Task<Completion> StartAsync(string? key) => (await process.CompletionCommands.StartAsync(
            new EntityRef<ChatbotKey>(chatbot.Key, null), Id, new NewMessage(MessageRole.Customer, "text", null, null, null), key is null ? null : IdempotencyKey.Create(key, [key]), CancellationToken.None)).Completion;
    }

    [Fact]
    public async Task Records()
    {
        var chatbot = await process.ChatbotWriter.CreateAsync(Appends.Tenant, chatbot => chatbot with { Name = "Bot" }, CancellationToken.None);
        Completion completion = null!;
        for (var i = 0; i < 9; i++)
        {
            completion = await AnswerAsync(Id, isNext: true);
        }

        // The keys, then four records of a conversation a call, with their replies.
        await CountAsync("list a chatbot's records, 1 of 9", () => ListAsync(size: 1));
        await CountAsync("list records, 4 of 9", () => ListAsync(size: 4));
        await CountAsync("list records, 9 of 9", () => ListAsync(size: 100));

        // Replies that do not directly follow their messages: one call for every fourteen of a conversation.
        var (other, _) = await process.Creation.CreateAsync(Appends.Tenant, new(null, null, null, null, null, null, null), null, CancellationToken.None);
        await AnswerAsync(new EntityRef<ConversationKey>(other.Key, null), isNext: false);
        await CountAsync("list records, 1 of 10, its reply not next to its message", () => ListAsync(size: 1));
        await CountAsync("list records, 10 of two conversations", () => ListAsync(size: 100));

        // The workbook reads sixteen records at a time.
        await CountAsync("read 10 records for the workbook", async () => Assert.Equal(10, await process.Records.ReadAllAsync(chatbot, default, CancellationToken.None).CountAsync()));

        // The completion and its transaction, then both messages.
        await CountAsync("score a record", () => ScoreAsync(0.5));
        await CountAsync("score it the same again", () => ScoreAsync(0.5));
        await CountAsync("read both messages of a record", () => process.Records.ReadAsync(completion, CancellationToken.None));
        AssertDocumented();

        async Task<Completion> AnswerAsync(EntityRef<ConversationKey> id, bool isNext)
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            var started = await process.CompletionCommands.StartAsync(
                new EntityRef<ChatbotKey>(chatbot.Key, null), id, new NewMessage(MessageRole.Customer, "text", null, null, null), null, CancellationToken.None);
            if (!isNext)
            {
                await Appends.AppendAsync(process, id.Key, "between");
            }

            return await process.CompletionWriter.EndAsync(started.Completion.WithText("text"), null, null, isProducer: true);
        }

        Task ListAsync(int size) => process.Records.ListAsync(chatbot, default, 1, size, CancellationToken.None);

        Task ScoreAsync(double score) =>
            process.RecordScores.ChangeAsync(chatbot, $"{completion.Id}", scores => scores with { Faithfulness = score }, null, CancellationToken.None);
    }

    [Fact]
    public async Task Tickets_and_threads()
    {
        await Appends.AppendAsync(process, conversation, "text");
        await WarmCursorsAsync();
        string ticket = null!;
        await CountAsync("open a ticket", async () => ticket = $"{(await process.TicketWriter.OpenAsync(Id, null, CancellationToken.None)).Ticket.Id}");
        await CountAsync("change a ticket", () => MoveAsync(ticket));
        await CountAsync("complete a ticket", () => MoveAsync(ticket));
        await CountAsync("get a ticket", () => process.Tickets.GetAsync(Appends.Tenant, ticket, CancellationToken.None));
        await CountAsync("list tickets", () => process.Tickets.ListAsync(conversation, null, 1000, CancellationToken.None));

        var head = await process.Conversations.GetAsync(Id, CancellationToken.None);
        ChatThread thread = null!;
        await CountAsync("create a thread", async () => thread = await CreateAsync());
        await CountAsync("create it again", CreateAsync);
        await CountAsync("find a thread", () => process.Threads.FindAsync(conversation, $"{thread.Id}", CancellationToken.None));
        await CountAsync("list threads", () => process.Threads.ListAsync(conversation, null, 1000, CancellationToken.None));
        AssertDocumented();

        Task<ChatThread> CreateAsync() => process.ThreadCreation.CreateAsync(head, $"{new MessageKey(conversation, 1).IntegerId}", CancellationToken.None);
    }

    private EntityRef<ConversationKey> Id => new(conversation, null);

    private async Task<Ticket> MoveAsync(string ticket) => (await process.TicketWriter.ChangeAsync(
        Appends.Tenant, ticket, current => current with { Status = current.Status + 1 }, null, CancellationToken.None)).Ticket;

    /// <summary>A process reads the key of the cursors once.</summary>
    private async Task WarmCursorsAsync()
    {
        await process.SenderWriter.CreateAsync(Appends.Tenant, sender => sender, CancellationToken.None);
        Assert.NotNull((await process.Senders.ListAsync(Appends.Tenant, null, 1, CancellationToken.None)).Next);
    }

    private async Task CountAsync(string operation, Func<Task> request)
    {
        var (calls, rows) = (connection.Calls, connection.EntitiesRead);
        await request();
        counts.Add(operation, connection.Calls - calls, connection.EntitiesRead - rows);
    }

    private void AssertDocumented([CallerMemberName] string test = "") => counts.AssertDocumented(test.Replace('_', ' '));
}
