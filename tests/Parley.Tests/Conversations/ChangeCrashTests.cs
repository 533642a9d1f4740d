using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Conversations.Threads;
using Parley.Conversations.Tickets;
using Parley.Core;
using Parley.Senders;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>Every change except posting, with a crash at each of its storage calls and the client's retry.</summary>
public sealed class ChangeCrashTests
{
    [Fact]
    public async Task Reading_150_messages_is_complete_after_a_crash_and_a_retry() => await CrashExploration.RunAsync(
        async (run, tables) =>
        {
            var ground = await Ground.BuildAsync(run, tables);
            for (var i = 3; i <= 160; i++)
            {
                await ground.AppendAsync(ground.Quiet, i % 16 == 0 ? MessageRole.Staff : MessageRole.Customer);
            }

            return ground;
        },
        (ground, connection) => ground.Process(connection, 1).Reading.ReadAsync(ground.Id, null, CancellationToken.None),
        async (ground, connection) =>
        {
            // Wherever the first attempt stopped, the marks and the unread count agree.
            await ground.VerifyAsync();
            var process = ground.Process(connection, 2);
            var read = await process.Reading.ReadAsync(ground.Id, null, CancellationToken.None);
            Assert.Equal((0, 160), (read.Conversation.Unread, read.Message!.Value.Sequence));
            await ground.AppendAsync(process, MessageRole.Customer);
        },
        async (ground, _) =>
        {
            var head = await ground.VerifyAsync();
            Assert.Equal((1, 160), (head.Unread, head.ReadUpTo));
            Assert.Equal(1, (await ground.Quiet.Unread.ReadAsync(Appends.Tenant, [head], CancellationToken.None))[head.Inbox!.Id]);
        },
        CrashExploration.CrashesAndLateCalls,
        seeds: 2);

    [Fact]
    public async Task Opening_a_ticket_opens_one_after_a_crash_and_a_retry()
    {
        var calls = await CrashExploration.RunAsync(
            Ground.BuildAsync,
            (ground, connection) => OpenAsync(ground, ground.Process(connection, 1)),
            async (ground, connection) =>
            {
                var process = ground.Process(connection, 2);
                await ground.AppendAsync(process, MessageRole.Customer);
                await OpenAsync(ground, process);
                await ground.AppendAsync(process, MessageRole.Staff);
            },
            async (ground, _) =>
            {
                var head = await ground.VerifyAsync();
                Assert.Equal((1, 1, 4), (head.Tickets, head.OpenTicket, head.Last));
            },
            CrashExploration.CrashesAndLateCalls,
            seeds: 10);
        // Reads the head, then commits the head and the ticket.
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task Completing_a_ticket_ends_its_range_at_its_last_message_after_a_crash_and_a_retry()
    {
        var calls = await CrashExploration.RunAsync(
            async (run, tables) =>
            {
                var ground = await Ground.BuildAsync(run, tables);
                ground.EntityId = (await ground.Quiet.TicketWriter.OpenAsync(ground.Id, "ticket", CancellationToken.None)).Ticket.Id;
                await MoveAsync(ground, ground.Quiet, TicketStatus.Ongoing);
                await ground.AppendAsync(ground.Quiet, MessageRole.Customer);
                return ground;
            },
            (ground, connection) => MoveAsync(ground, ground.Process(connection, 1), TicketStatus.Completed),
            async (ground, connection) =>
            {
                var process = ground.Process(connection, 2);
                await ground.AppendAsync(process, MessageRole.Customer);
                await MoveAsync(ground, process, TicketStatus.Completed);
                await ground.AppendAsync(process, MessageRole.Customer);
                await OpenAsync(ground, process);
                await ground.AppendAsync(process, MessageRole.Customer);
            },
            async (ground, _) =>
            {
                var head = await ground.VerifyAsync();
                Assert.Equal((2, 2, 6), (head.Tickets, head.OpenTicket, head.Last));
            },
            CrashExploration.CrashesAndLateCalls,
            seeds: 10);
        // Reads the ticket and the head, then commits both in one transaction.
        Assert.Equal(3, calls);
    }

    [Fact]
    public async Task Changing_a_conversation_is_complete_after_a_crash_and_a_retry()
    {
        var calls = await CrashExploration.RunAsync(
            Ground.BuildAsync,
            (ground, connection) => PatchAsync(ground, ground.Process(connection, 1)),
            async (ground, connection) =>
            {
                var process = ground.Process(connection, 2);
                await ground.AppendAsync(process, MessageRole.Customer);
                await PatchAsync(ground, process);
            },
            async (ground, _) =>
            {
                var head = await ground.VerifyAsync();
                Assert.Equal((null, "{}", false), (head.Title, head.Metadata, head.AutoReplyEnabled));
                // The creation, three messages and one change: the retry does not write an unchanged head.
                Assert.Equal(5, head.Revision);
            },
            CrashExploration.CrashesAndLateCalls,
            seeds: 10);
        Assert.Equal(2, calls);

        static Task PatchAsync(Ground ground, ParleyProcess process) => process.ConversationChange.ChangeAsync(
            ground.Id, head => head with { Title = null, Metadata = "{}", AutoReplyEnabled = false }, "test", null, CancellationToken.None);
    }

    [Fact]
    public async Task Creating_a_thread_creates_one_after_a_crash_and_a_retry()
    {
        await CrashExploration.RunAsync(
            Ground.BuildAsync,
            (ground, connection) => CreateAsync(ground, ground.Process(connection, 1)),
            async (ground, connection) =>
            {
                var process = ground.Process(connection, 2);
                var thread = await CreateAsync(ground, process);
                await ground.AppendAsync(process, MessageRole.Customer, $"{thread.Id}");
                ground.EntityId = thread.Id;
            },
            async (ground, _) =>
            {
                var head = await ground.VerifyAsync();
                var threads = await ground.Quiet.Threads.ListAsync(head.Key, null, 10, CancellationToken.None);
                Assert.Equal(ground.EntityId, Assert.Single(threads.Threads).Id);
                var list = await ground.Quiet.Chats.OpenAsync(ground.Id, new ChatFilter($"{ground.EntityId}", []), null, 10, CancellationToken.None);
                Assert.Equal(head.Last, Assert.Single(await list.Messages.ToListAsync()).Key.Sequence);
            },
            CrashExploration.CrashesAndLateCalls,
            seeds: 10);

        static async Task<ChatThread> CreateAsync(Ground ground, ParleyProcess process) => await process.ThreadCreation.CreateAsync(
            await process.Conversations.GetAsync(ground.Id, CancellationToken.None), $"{new MessageKey(ground.Id.Key, 1).IntegerId}", CancellationToken.None);
    }

    [Fact]
    public async Task Creating_a_sender_creates_one_after_a_crash_and_a_retry()
    {
        await CrashExploration.RunAsync(
            Ground.BuildAsync,
            (ground, connection) => CreateAsync(ground.Process(connection, 1)),
            (ground, connection) => UnlessThereAsync(() => CreateAsync(ground.Process(connection, 2)), ErrorCode.SenderExists),
            async (ground, _) =>
            {
                await ground.VerifySendersAsync();
                var found = await ground.Quiet.Senders.FindByIdentifierAsync(Appends.Tenant, "address", CancellationToken.None);
                Assert.Equal(found, await ground.Quiet.Senders.FindByExternalIdAsync(Appends.Tenant, "theirs", CancellationToken.None));

                // Sender 1 is the conversation's contact.
                Assert.Equal((2, "name"), (found!.Key.Number, found.Name));
                Assert.Equal(2, (await ground.Quiet.Senders.ListAsync(Appends.Tenant, null, 10, CancellationToken.None)).Items.Count);
            },
            CrashExploration.CrashesAndLateCalls,
            seeds: 10);

        static Task CreateAsync(ParleyProcess process) => process.SenderWriter.CreateAsync(
            Appends.Tenant, sender => sender with { Name = "name", Identifier = "address", ExternalId = "theirs" }, CancellationToken.None);
    }

    [Fact]
    public async Task Changing_a_sender_is_complete_after_a_crash_and_a_retry()
    {
        await CrashExploration.RunAsync(
            Ground.BuildAsync,
            (ground, connection) => ChangeAsync(ground.Process(connection, 1)),
            async (ground, connection) =>
            {
                var process = ground.Process(connection, 2);
                await ChangeAsync(process);

                // The sender's former identifier is free again.
                await process.SenderWriter.CreateAsync(Appends.Tenant, sender => sender with { Identifier = "+49" }, CancellationToken.None);
            },
            async (ground, _) =>
            {
                await ground.VerifySendersAsync();
                var first = await ground.Quiet.Senders.FindByIdentifierAsync(Appends.Tenant, "+50", CancellationToken.None);
                Assert.Equal((1, "theirs", null), (first!.Key.Number, first.ExternalId, first.Name));
                Assert.InRange(first.Revision, 2, 3);
                Assert.Equal(2, (await ground.Quiet.Senders.FindByIdentifierAsync(Appends.Tenant, "+49", CancellationToken.None))!.Key.Number);
            },
            CrashExploration.CrashesAndLateCalls,
            seeds: 10);

        static Task ChangeAsync(ParleyProcess process) => process.SenderWriter.ChangeAsync(
            new EntityRef<SenderKey>(new SenderKey(Appends.Tenant, 1), null),
            sender => sender with { Name = null, Identifier = "+50", ExternalId = "theirs" },
            null,
            CancellationToken.None);
    }

    /// <summary>
    /// Runs a request, and accepts the conflict that a retry receives when its first attempt was stored.
    /// </summary>
    private static async Task UnlessThereAsync(Func<Task> request, ErrorCode there)
    {
        try
        {
            await request();
        }
        catch (ParleyException e) when (e.Code == there)
        {
            // The first attempt was stored.
        }
    }

    private static Task OpenAsync(Ground ground, ParleyProcess process) =>
        UnlessThereAsync(() => process.TicketWriter.OpenAsync(ground.Id, "ticket", CancellationToken.None), ErrorCode.TicketOpen);

    private static Task<(Conversation Conversation, Ticket Ticket)> MoveAsync(Ground ground, ParleyProcess process, TicketStatus status) =>
        process.TicketWriter.ChangeAsync(Appends.Tenant, $"{ground.EntityId}", ticket => ticket with { Status = status }, null, CancellationToken.None);

    /// <summary>A conversation with two customer messages, in one run of a crash exploration.</summary>
    private sealed class Ground(StrictTables tables, VirtualTime time, ConversationKey conversation)
    {
        public EntityRef<ConversationKey> Id { get; } = new(conversation, null);

        /// <summary>Its calls are not scheduled by the simulation.</summary>
        public ParleyProcess Quiet { get; } = new(tables.Connect("quiet"), time, 9);

        /// <summary>The id of the thread or ticket from the response to the client.</summary>
        public Guid EntityId { get; set; }

        public static async Task<Ground> BuildAsync(Simulation run, StrictTables tables)
        {
            var ground = new Ground(tables, run.Time, await Appends.NewConversationAsync(tables, run.Time));
            await ground.AppendAsync(ground.Quiet, MessageRole.Customer);
            await ground.AppendAsync(ground.Quiet, MessageRole.Customer);
            return ground;
        }

        public ParleyProcess Process(TableConnection connection, int seed) => new(connection, time, seed);

        public Task<Appended> AppendAsync(ParleyProcess process, MessageRole role, string? thread = null) => process.Append.AppendAsync(
            Id, new NewMessage(role, "text", null, null, null) { Thread = thread }, null, CancellationToken.None);

        /// <summary>Checks the invariants of the conversation and returns its head.</summary>
        public async Task<Conversation> VerifyAsync()
        {
            var head = await Quiet.Conversations.GetAsync(Id, CancellationToken.None);
            var messages = (await Quiet.Pages.ReadAsync(Id, 1, 1000, newestFirst: false, CancellationToken.None)).Messages;
            var tickets = (await Quiet.Tickets.ListAsync(conversation, null, 10, CancellationToken.None)).Tickets;

            Assert.Equal(Enumerable.Range(1, head.Last), messages.Select(message => message.Key.Sequence));
            Assert.Equal(messages.Count(message => message.Role == MessageRole.Customer && message.Key.Sequence > head.ReadUpTo), head.Unread);
            Assert.All(messages, message =>
                Assert.Equal(message.Role == MessageRole.Customer && message.Key.Sequence <= head.ReadUpTo, message.ReadAt is not null));

            Assert.Equal(Enumerable.Range(1, head.Tickets), tickets.Select(ticket => ticket.Number));
            Assert.Equal(head.OpenTicket, tickets.SingleOrDefault(ticket => ticket.Status != TicketStatus.Completed)?.Number);
            Assert.All(messages, message => Assert.Equal(message.Ticket, tickets.SingleOrDefault(ticket =>
                ticket.FirstMessage <= message.Key.Sequence && message.Key.Sequence <= (ticket.LastMessage ?? head.Last))?.Number));
            return head;
        }

        /// <summary>
        /// Checks that every index row of a sender leads to a sender with that key, and that every sender is found by
        /// its own keys.
        /// </summary>
        public async Task VerifySendersAsync()
        {
            var finders = new Dictionary<string, int>();
            var senders = new List<Sender>();
            var partition = Appends.Tenant.PartitionKey;
            await foreach (var row in Quiet.Tables.Tenants.QueryAsync<TableEntity>(Filters.Between(partition, "s", "t")))
            {
                if (row.RowKey.StartsWith("s|", StringComparison.Ordinal))
                {
                    senders.Add(SenderRow.Read(row, Appends.Tenant));
                }
                else
                {
                    finders.Add(row.RowKey, row.GetInt32("Sender")!.Value);
                }
            }

            Assert.Equal(
                senders.SelectMany(sender => SenderRow.LookupKeys(sender).Select(key => (key, sender.Key.Number))).Order(),
                finders.Select(finder => (finder.Key, finder.Value)).Order());
            var counter = await Quiet.Tables.Tenants.GetEntityAsync<TableEntity>(partition, TenantRowKeys.Counter);
            Assert.Equal(Enumerable.Range(1, counter.Value.GetInt32("LastSender")!.Value), senders.Select(sender => sender.Key.Number));
        }
    }
}
