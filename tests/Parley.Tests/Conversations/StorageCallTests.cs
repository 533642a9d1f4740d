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
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>What docs/performance.md says that a request costs, counted at the transport.</summary>
public sealed class StorageCallTests : IAsyncLifetime
{
    // In the middle of a minute and an hour, which this time never leaves by itself.
    private readonly VirtualTime time = new(new DateTimeOffset(2026, 1, 2, 9, 30, 30, TimeSpan.Zero));
    private TableConnection connection = null!;
    private ParleyProcess process = null!;
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
        Assert.Equal(3, await CallsAsync(() => Appends.AppendAsync(process, conversation, "first that is unread in its inbox")));
        Assert.Equal(2, await CallsAsync(() => Appends.AppendAsync(process, conversation, "next")));
        Assert.Equal(3, await CallsAsync(() => Appends.AppendAsync(process, conversation, "first with a key in this hour", "a")));
        Assert.Equal(2, await CallsAsync(() => Appends.AppendAsync(process, conversation, "next with a key", "b")));
        Assert.Equal(4, await CallsAsync(() => Appends.AppendAsync(process, conversation, "next with a key", "b")));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(4, await CallsAsync(() => Appends.AppendAsync(process, conversation, "first in this minute")));
        Assert.Equal(2, await CallsAsync(() => Appends.AppendAsync(process, conversation, "next in this minute")));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(5, await CallsAsync(() => Appends.AppendAsync(process, conversation, "first in both", "c")));
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 3)]
    [InlineData(14, 3)]
    [InlineData(15, 4)]
    public async Task Listing_whatever_the_page(int quotesOutside, int calls)
    {
        for (var i = 0; i < 40; i++)
        {
            await Appends.AppendAsync(process, conversation, $"message {i}");
        }

        for (var i = 0; i < 20; i++)
        {
            var quoted = i < quotesOutside ? $"{new MessageKey(conversation, i + 1).IntegerId}" : null;
            await process.Append.AppendAsync(
                new EntityRef<ConversationKey>(conversation, null), new NewMessage(MessageRole.Staff, "quoting", 1, "staff", quoted), null, CancellationToken.None);
        }

        var pages = process.Pages;
        Assert.Equal(calls, await CallsAsync(async () =>
        {
            var page = await pages.ReadAsync(new EntityRef<ConversationKey>(conversation, null), 1, 20, newestFirst: true, CancellationToken.None);
            Assert.Equal((20, quotesOutside), (page.Messages.Count, page.QuotedTexts.Count));
        }));
        Assert.Equal(2, await CallsAsync(() => pages.ReadAsync(new EntityRef<ConversationKey>(conversation, null), 3, 20, newestFirst: true, CancellationToken.None)));
        Assert.Equal(1, await CallsAsync(() => pages.ReadAsync(new EntityRef<ConversationKey>(conversation, null), 4, 20, newestFirst: true, CancellationToken.None)));
    }

    [Fact]
    public async Task Changing()
    {
        await Appends.AppendAsync(process, conversation, "text");
        var (id, message) = (new EntityRef<ConversationKey>(conversation, null), $"{new MessageKey(conversation, 1).IntegerId}");

        Assert.Equal(3, await CallsAsync(() => process.Change.EditAsync(id, message, "edited", "editor", null, CancellationToken.None)));
        Assert.Equal(6, await CallsAsync(() => process.Reading.ReadAsync(id, null, CancellationToken.None)));
        Assert.Equal(3, await CallsAsync(() => process.Change.DeleteAsync(id, message, "editor", null, CancellationToken.None)));
        Assert.Equal(2, await CallsAsync(() => process.Change.DeleteAsync(id, message, "editor", null, CancellationToken.None)));

        // The last unread one: its inbox has one unread conversation less.
        await Appends.AppendAsync(process, conversation, "unread");
        var unread = $"{new MessageKey(conversation, 2).IntegerId}";
        Assert.Equal(5, await CallsAsync(() => process.Change.DeleteAsync(id, unread, "editor", null, CancellationToken.None)));
    }

    [Fact]
    public async Task Following_up()
    {
        var id = new EntityRef<ConversationKey>(conversation, null);
        await PostTextAsync(MessageRole.Assistant);

        // The head; the list's row and Due's; the transaction.
        Assert.Equal(4, await CallsAsync(() => CreateAsync(TimeSpan.FromHours(1))));
        var created = await CreateAsync(TimeSpan.FromHours(2));

        // The follow-up; the head; both rows; the transaction; both old rows.
        Assert.Equal(7, await CallsAsync(() => process.FollowUpWriter.ChangeAsync(
            Appends.Tenant, $"{created.Id}", new() { DueAt = created.DueAt.AddHours(1) }, "test", null, CancellationToken.None)));
        Assert.Equal(1, await CallsAsync(() => process.FollowUps.GetAsync(Appends.Tenant, $"{created.Id}", CancellationToken.None)));

        // A list of one status: its rows, and each follow-up shown; of all, the four lists; of a chat, the head and its rows.
        Assert.Equal(3, await CallsAsync(() => ListAsync(new([], [], [], [FollowUpStatus.Pending]))));
        Assert.Equal(6, await CallsAsync(() => ListAsync(new([], [], [], []))));
        Assert.Equal(2, await CallsAsync(() => ListAsync(new([$"{conversation.Number}"], [], [], []))));

        // Beyond the post's own two, and one for the first unread message: the rows of those that it ends, and the old ones.
        Assert.Equal(5, await CallsAsync(() => PostTextAsync(MessageRole.Customer)));

        async Task<FollowUp> CreateAsync(TimeSpan delay) =>
            (await process.FollowUpWriter.CreateAsync(id, time.GetUtcNow() + delay, "text", "test", null, CancellationToken.None)).FollowUp;

        Task PostTextAsync(MessageRole role) => process.Append.AppendAsync(id, new(role, "text", null, null, null), null, CancellationToken.None);

        Task ListAsync(FollowUpFilter filter) => process.FollowUpList.ReadAsync(Appends.Tenant, filter, 1, 10, CancellationToken.None);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(100)]
    public async Task Sending_follow_ups(int count)
    {
        var dueAt = time.GetUtcNow();
        for (var i = 0; i < count; i++)
        {
            var (created, _) = await process.Creation.CreateAsync(Appends.Tenant, new(null, null, null, null, null, null, null), null, CancellationToken.None);
            var id = new EntityRef<ConversationKey>(created.Key, null);
            await process.Append.AppendAsync(id, new(MessageRole.Assistant, "text", null, null, null), null, CancellationToken.None);
            await process.FollowUpWriter.CreateAsync(id, dueAt, "text", "test", null, CancellationToken.None);
        }

        var chunk = new FollowUpChunk(ScheduleRowKeys.SchedulePartition(dueAt), FollowUpRowKeys.ScheduledFollowUps, KeyParts.EndOf(FollowUpRowKeys.ScheduledFollowUps));

        // Two reads and a transaction each; for all: Due's rows, the rows of what is sent, and the old rows in Due and in the list.
        Assert.Equal(3 * count + 4, await CallsAsync(() => process.FollowUpSender.SendAsync(chunk, CancellationToken.None)));
        Assert.Empty(await process.Tables.Schedule.QueryAsync<TableEntity>().ToListAsync());
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
        var chunk = new FollowUpChunk(ScheduleRowKeys.SchedulePartition(dueAt), FollowUpRowKeys.ScheduledFollowUps, KeyParts.EndOf(FollowUpRowKeys.ScheduledFollowUps));

        // Beyond those of the same minute: activity rows of twenty conversations a call, and their old ones, a hundred rows a call.
        Assert.Equal(304 + 5 + 2, await CallsAsync(() => process.FollowUpSender.SendAsync(chunk, CancellationToken.None)));
    }

    [Fact]
    public async Task Looking_for_what_is_due()
    {
        // Of a tick that finds nothing, and of one that finds a hundred of one second.
        Assert.Equal(1, await CallsAsync(() => process.FollowUpDispatch.DispatchAsync(CancellationToken.None)));
        for (var i = 1; i <= 100; i++)
        {
            await process.Tables.Schedule.UpsertEntityAsync(new IndexedFollowUp(new ConversationKey(Appends.Tenant, i), 1, 1, FollowUpStatus.Pending, 0, time.GetUtcNow()).ScheduleRow);
        }

        Assert.Equal(2, await CallsAsync(() => process.FollowUpDispatch.DispatchAsync(CancellationToken.None)));
    }

    [Fact]
    public async Task Creating_and_reading_a_conversation()
    {
        var draft = new NewConversation("title", "web", null, null, null, null, null);
        Task CreateAsync(string? key) => process.Creation.CreateAsync(
            Appends.Tenant, draft, key is null ? null : IdempotencyKey.Create(key, ["title"]), CancellationToken.None);

        Assert.Equal(3, await CallsAsync(() => CreateAsync(null)));
        Assert.Equal(4, await CallsAsync(() => CreateAsync("a")));
        Assert.Equal(3, await CallsAsync(() => CreateAsync("b")));
        Assert.Equal(1, await CallsAsync(() => process.Conversations.GetAsync(new EntityRef<ConversationKey>(conversation, null), CancellationToken.None)));
    }

    [Fact]
    public async Task Authenticating()
    {
        var random = new RandomSource(1);
        var administration = new TenantAdministration(process.Tables, time, random, new WriteBudget(time, random));
        var tenant = await administration.CreateTenantAsync("tenant", CancellationToken.None);
        var key = await administration.CreateKeyAsync(tenant.Tenant, "key", Scopes.MessagesRead, null, CancellationToken.None);
        var authenticator = new Authenticator(process.Tables, time);

        Assert.Equal(1, await CallsAsync(() => authenticator.AuthenticateAsync(key.Key, CancellationToken.None)));
        Assert.Equal(0, await CallsAsync(() => authenticator.AuthenticateAsync(key.Key, CancellationToken.None)));
        time.Advance(Authenticator.CacheTime + TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, await CallsAsync(() => authenticator.AuthenticateAsync(key.Key, CancellationToken.None)));
    }

    [Fact]
    public async Task Posting_the_first_unread_message_of_an_inbox()
    {
        Assert.Equal(3, await CallsAsync(() => Appends.AppendAsync(process, conversation, "the row among the unread")));
        await ReadAsync();
        Assert.Equal(5, await CallsAsync(() => Appends.AppendAsync(process, conversation, "looked for first, and first in this hour", "a")));
        await ReadAsync();
        Assert.Equal(4, await CallsAsync(() => Appends.AppendAsync(process, conversation, "looked for first", "b")));
        await ReadAsync();
        Assert.Equal(3, await CallsAsync(() => Appends.AppendAsync(process, conversation, "looked for first", "b")));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(4, await CallsAsync(() => Appends.AppendAsync(process, conversation, "with the rows of its minute")));

        Task<ReadMark> ReadAsync() => process.Reading.ReadAsync(Id, null, CancellationToken.None);
    }

    [Fact]
    public async Task Page_1_and_page_600_cost_the_same()
    {
        for (var i = 0; i < 10_000; i++)
        {
            await Appends.AppendAsync(process, conversation, "text");
        }

        foreach (var newestFirst in new[] { true, false })
        {
            foreach (var page in new[] { 1, 600 })
            {
                // The head and the page, no row more.
                Assert.Equal((2, 1 + 15), await CostAsync(() => process.Pages.ReadAsync(Id, page, 15, newestFirst, CancellationToken.None)));
            }
        }
    }

    [Fact]
    public async Task Listing_by_cursor()
    {
        for (var i = 0; i < 30; i++)
        {
            await Appends.AppendAsync(process, conversation, $"message {i}");
        }

        // Once for a process, the key of the cursors: looked for and made.
        var pages = process.Pages;
        CursorPage page = null!;
        Assert.Equal((4, 11), await CostAsync(async () => page = (await pages.ReadNewestAsync(Id, null, 10, CancellationToken.None))!));
        Assert.Equal((2, 11), await CostAsync(async () => page = (await pages.ReadNewestAsync(Id, page.Next, 10, CancellationToken.None))!));
        Assert.Equal((2, 11), await CostAsync(async () => page = (await pages.ReadNewestAsync(Id, page.Next, 10, CancellationToken.None))!));
        Assert.Null(page.Next);
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
        Assert.Equal((2, 1 + 65), await CostAsync(() => ReadAsync(null, [], 1000)));
        Assert.Equal((2, 1 + 50), await CostAsync(() => ReadAsync(null, [], 50)));

        // A range of fewer than fourteen is read by name.
        Assert.Equal((3, 1 + 1 + 3), await CostAsync(() => ReadAsync(null, tickets[..1], 1000)));
        Assert.Equal((3, 1 + 14 + 14), await CostAsync(() => ReadAsync(null, tickets[..14], 14)));
        Assert.Equal((4, 1 + 15 + 14), await CostAsync(() => ReadAsync(null, tickets, 14)));
        Assert.Equal((4, 1 + 1 + 15 + 14), await CostAsync(() => ReadAsync($"{thread.Id}", [], 14)));
        Assert.Equal((5, 1 + 1 + 15 + 15), await CostAsync(() => ReadAsync($"{thread.Id}", [], 15)));

        async Task ReadAsync(string? ofThread, IReadOnlyList<string> ofTickets, int limit)
        {
            var list = await process.Chats.OpenAsync(Id, new ChatFilter(ofThread, ofTickets), null, limit, CancellationToken.None);
            Assert.True(await list.Messages.CountAsync() > 0);
        }
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
        Assert.Equal(1 + 5, await CallsAsync(() => ListAsync(new ConversationFilter(null, null), 5)));
        Assert.Equal(1, await CallsAsync(() => process.Unread.ReadAsync(Appends.Tenant, page.Conversations, CancellationToken.None)));
        Assert.Equal(1 + 10, await CallsAsync(() => ListAsync(new ConversationFilter(null, null), 20)));
        Assert.Equal(2, await CallsAsync(() => process.Unread.ReadAsync(Appends.Tenant, page.Conversations, CancellationToken.None)));
        Assert.Equal(1 + 5, await CallsAsync(() => ListAsync(new ConversationFilter(inbox, null), 20)));

        // The contact first.
        Assert.Equal(1 + 1 + 10, await CallsAsync(() => ListAsync(new ConversationFilter(null, "1"), 20)));
        Assert.Equal(1 + 1 + 5, await CallsAsync(() => ListAsync(new ConversationFilter(inbox, "1"), 20)));

        // A stale row costs a look at its head, and one day its deletion; a page that it leaves short goes on behind it.
        var stale = new TableEntity(Appends.Tenant.PartitionKey, ConversationRowKeys.Activity(ConversationRowKeys.ActivityList, time.GetUtcNow().AddMinutes(1).Minute(), 1));
        await process.Tables.Tenants.AddEntityAsync(stale);
        Assert.Equal(1 + 1 + 10, await CallsAsync(() => ListAsync(new ConversationFilter(null, null), 20)));
        time.Advance(IndexRows.StaleAfter + TimeSpan.FromSeconds(1));
        Assert.Equal(1 + 1 + 1 + 10, await CallsAsync(() => ListAsync(new ConversationFilter(null, null), 20)));
        Assert.Equal(1 + 10, await CallsAsync(() => ListAsync(new ConversationFilter(null, null), 20)));

        async Task ListAsync(ConversationFilter filter, int size) =>
            page = await process.ConversationList.ReadAsync(Appends.Tenant, filter, null, size, CancellationToken.None);
    }

    [Fact]
    public async Task Changing_a_conversation()
    {
        Task PatchAsync() => process.ConversationChange.ChangeAsync(Id, head => head with { Title = "other" }, "test", null, CancellationToken.None);
        Assert.Equal(2, await CallsAsync(PatchAsync));
        Assert.Equal(1, await CallsAsync(PatchAsync));
    }

    [Fact]
    public async Task Reading_what_has_been_read()
    {
        await Appends.AppendAsync(process, conversation, "text");
        await ReadAsync();

        // The head, and whether it has a row among the unread.
        Assert.Equal(2, await CallsAsync(ReadAsync));

        Task<ReadMark> ReadAsync() => process.Reading.ReadAsync(Id, null, CancellationToken.None);
    }

    [Fact]
    public async Task Senders()
    {
        await WarmCursorsAsync();
        var (writer, reader) = (process.SenderWriter, process.Senders);
        Sender made = null!;

        // The counter, then it, the sender and what finds it.
        Assert.Equal(2, await CallsAsync(async () => made = await writer.CreateAsync(
            Appends.Tenant, sender => sender with { Name = "Bob", Identifier = "bob", ExternalId = "4" }, CancellationToken.None)));
        var id = new EntityRef<SenderKey>(made.Key, made.Check);
        Assert.Equal(1, await CallsAsync(() => reader.GetAsync(id, CancellationToken.None)));
        Assert.Equal(2, await CallsAsync(() => reader.FindByIdentifierAsync(Appends.Tenant, "bob", CancellationToken.None)));
        Assert.Equal(2, await CallsAsync(() => reader.FindByExternalIdAsync(Appends.Tenant, "4", CancellationToken.None)));
        Assert.Equal(2, await CallsAsync(() => reader.ListAsync(Appends.Tenant, null, 20, CancellationToken.None)));
        Assert.Equal(1, await CallsAsync(() => reader.FindAllAsync(Appends.Tenant, Enumerable.Range(1, 14), CancellationToken.None)));
        Assert.Equal(2, await CallsAsync(() => reader.FindAllAsync(Appends.Tenant, Enumerable.Range(1, 15), CancellationToken.None)));

        // Only what is unique and new is looked for.
        Assert.Equal(2, await CallsAsync(() => writer.ChangeAsync(id, sender => sender with { Name = "Rob" }, null, CancellationToken.None)));
        Assert.Equal(3, await CallsAsync(() => writer.ChangeAsync(id, sender => sender with { Identifier = "rob" }, null, CancellationToken.None)));
        Assert.Equal(2, await CallsAsync(() => writer.ChangeAsync(
            id, sender => sender with { Identifier = null, ExternalId = null }, null, CancellationToken.None)));
    }

    [Fact]
    public async Task Chatbots()
    {
        await WarmCursorsAsync();
        var (writer, reader) = (process.ChatbotWriter, process.Chatbots);
        Chatbot made = null!;

        // The counter, then it and the chatbot.
        Assert.Equal(2, await CallsAsync(async () => made = await writer.CreateAsync(Appends.Tenant, chatbot => chatbot with { Name = "Bot" }, CancellationToken.None)));
        var id = new EntityRef<ChatbotKey>(made.Key, made.Check);
        Assert.Equal(1, await CallsAsync(() => reader.GetAsync(id, CancellationToken.None)));
        Assert.Equal(1, await CallsAsync(() => reader.GetReferencedAsync(Appends.Tenant, "1", CancellationToken.None)));
        Assert.Equal(0, await CallsAsync(() => reader.GetReferencedAsync(Appends.Tenant, null, CancellationToken.None)));
        Assert.Equal(2, await CallsAsync(() => reader.ListAsync(Appends.Tenant, null, 20, CancellationToken.None)));
        Assert.Equal(2, await CallsAsync(() => writer.ChangeAsync(id, chatbot => chatbot with { Name = "Rob" }, null, CancellationToken.None)));
        Assert.Equal(2, await CallsAsync(() => writer.DeleteAsync(id, null, CancellationToken.None)));
    }

    [Fact]
    public async Task Completing()
    {
        var chatbot = await process.ChatbotWriter.CreateAsync(Appends.Tenant, chatbot => chatbot with { Name = "Bot" }, CancellationToken.None);
        await Appends.AppendAsync(process, conversation, "first with a key in this hour", "first");

        // The chatbot; the head, the rows of Due and of the records, and the transaction. With a key, whether there is one.
        Completion completion = null!;
        Assert.Equal(5, await CallsAsync(() => StartAsync(null)));
        Assert.Equal(6, await CallsAsync(async () => completion = await StartAsync("a")));
        Assert.Equal(1, await CallsAsync(async () => completion = await process.CompletionWriter.AppendTextAsync(completion, completion.WithText("one "))));

        // The head, the transaction, and Due's row.
        Assert.Equal(3, await CallsAsync(() => process.CompletionWriter.EndAsync(completion.WithText("two"), null, null, isProducer: true)));

        // The turn by its id; and where it is sent again, the chatbot, the head, the key, the message and the turn.
        Assert.Equal(1, await CallsAsync(() => process.CompletionReader.GetAsync(Appends.Tenant, $"{completion.Id}", CancellationToken.None)));
        Assert.Equal(5, await CallsAsync(() => StartAsync("a")));

        // Of a message on its own: the chatbot, and both rows.
        await process.ConversationChange.ChangeAsync(Id, head => head with { Chatbot = chatbot.Id }, "test", null, CancellationToken.None);
        Assert.Equal(2 + 3, await CallsAsync(async () =>
            completion = (await process.AutoReplies.AppendAsync(Id, new NewMessage(MessageRole.Customer, "text", null, null, null), null, CancellationToken.None)).Completion!));

        // When it is run: the turn, the head, the message and the chatbot; both rows of Due, and the turn. Then, for here is no provider, its end and Due's row.
        Assert.Equal(7 + 2, await CallsAsync(() => process.AutoReplies.RunAsync(QueuedReply.Of(completion.Key), CancellationToken.None)));

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

        // The keys; four records of a conversation a call, with their replies.
        Assert.Equal((2, 9 + 3), await CostAsync(() => ListAsync(size: 1)));
        Assert.Equal((2, 9 + 12), await CostAsync(() => ListAsync(size: 4)));
        Assert.Equal((4, 9 + 27), await CostAsync(() => ListAsync(size: 100)));

        // Replies that others came between: one call for every fourteen of a conversation.
        var (other, _) = await process.Creation.CreateAsync(Appends.Tenant, new(null, null, null, null, null, null, null), null, CancellationToken.None);
        await AnswerAsync(new EntityRef<ConversationKey>(other.Key, null), isNext: false);
        Assert.Equal(3, await CallsAsync(() => ListAsync(size: 1)));
        Assert.Equal(1 + 3 + 1 + 1, await CallsAsync(() => ListAsync(size: 100)));

        // The workbook: sixteen at a time.
        Assert.Equal(1 + 3 + 1 + 1, await CallsAsync(async () => Assert.Equal(10, await process.Records.ReadAllAsync(chatbot, default, CancellationToken.None).CountAsync())));

        // The turn, and its transaction; then both messages.
        Assert.Equal(2, await CallsAsync(() => ScoreAsync(0.5)));
        Assert.Equal(1, await CallsAsync(() => ScoreAsync(0.5)));
        Assert.Equal(1, await CallsAsync(() => process.Records.ReadAsync(completion, CancellationToken.None)));

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
        Assert.Equal(2, await CallsAsync(async () => ticket = $"{(await process.TicketWriter.OpenAsync(Id, null, CancellationToken.None)).Ticket.Id}"));
        Assert.Equal(3, await CallsAsync(() => MoveAsync(ticket)));
        Assert.Equal(3, await CallsAsync(() => MoveAsync(ticket)));
        Assert.Equal(1, await CallsAsync(() => process.Tickets.GetAsync(Appends.Tenant, ticket, CancellationToken.None)));
        Assert.Equal(1, await CallsAsync(() => process.Tickets.ListAsync(conversation, null, 1000, CancellationToken.None)));

        var head = await process.Conversations.GetAsync(Id, CancellationToken.None);
        ChatThread thread = null!;
        Assert.Equal(2, await CallsAsync(async () => thread = await CreateAsync()));
        Assert.Equal(3, await CallsAsync(CreateAsync));
        Assert.Equal(1, await CallsAsync(() => process.Threads.FindAsync(conversation, $"{thread.Id}", CancellationToken.None)));
        Assert.Equal(1, await CallsAsync(() => process.Threads.ListAsync(conversation, null, 1000, CancellationToken.None)));

        Task<ChatThread> CreateAsync() => process.ThreadCreation.CreateAsync(head, $"{new MessageKey(conversation, 1).IntegerId}", CancellationToken.None);
    }

    private EntityRef<ConversationKey> Id => new(conversation, null);

    private async Task<Ticket> MoveAsync(string ticket) => (await process.TicketWriter.ChangeAsync(
        Appends.Tenant, ticket, current => current with { Status = current.Status + 1 }, null, CancellationToken.None)).Ticket;

    /// <summary>A process looks for the key of the cursors once.</summary>
    private async Task WarmCursorsAsync()
    {
        await process.SenderWriter.CreateAsync(Appends.Tenant, sender => sender, CancellationToken.None);
        Assert.NotNull((await process.Senders.ListAsync(Appends.Tenant, null, 1, CancellationToken.None)).Next);
    }

    private async Task<(int Calls, int Entities)> CostAsync(Func<Task> request)
    {
        var before = connection.EntitiesRead;
        return (await CallsAsync(request), connection.EntitiesRead - before);
    }

    private async Task<int> CallsAsync(Func<Task> request)
    {
        var before = connection.Calls;
        await request();
        return connection.Calls - before;
    }
}
