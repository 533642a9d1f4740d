using Azure;
using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Conversations.Tickets;
using Parley.Core;
using Parley.Senders;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>
/// Walks through lists during writes, with each storage call of a page interleaved with the writers' calls, and with
/// storage pages cut short or empty. Entries that existed when the walk began are seen, and none is seen twice.
/// </summary>
public sealed class PagingUnderWritesTests
{
    private const int Runs = 1000;

    /// <summary>Twenty seconds before a full minute, so that the writers' clock reaches the next ones.</summary>
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 9, 30, 40, TimeSpan.Zero);

    [Fact]
    public Task Walks_through_messages_skip_and_repeat_nothing() => Interleaving.ExploreAsync(
        Runs,
        async run =>
        {
            var stage = await Stage.BuildAsync(run, conversations: 1);
            var conversation = stage.Conversations[0];
            var before = run.Random.Next(12);
            for (var i = 0; i < before; i++)
            {
                await AppendAsync(stage.Quiet, conversation, $"{i}");
            }

            var reader = stage.Reader("reader");
            var size = run.Random.Next(1, 6);
            await Task.WhenAll(
                stage.WriteAsync(8, writer => AppendAsync(writer, conversation, "new")),
                PagesAsync(reader, conversation, size),
                CursorsAsync(reader, conversation, size),
                ChatAsync(reader, conversation, size));
        },
        Start);

    [Fact]
    public Task Walks_through_a_thread_and_a_ticket_skip_and_repeat_nothing() => Interleaving.ExploreAsync(
        Runs,
        async run =>
        {
            var stage = await Stage.BuildAsync(run, conversations: 1);
            var conversation = stage.Conversations[0];
            var first = await AppendAsync(stage.Quiet, conversation, "first");
            var head = await stage.Quiet.Conversations.GetAsync(new EntityRef<ConversationKey>(conversation, null), CancellationToken.None);
            var thread = $"{(await stage.Quiet.ThreadCreation.CreateAsync(head, $"{first.Id}", CancellationToken.None)).Id}";
            var (_, ticket) = await stage.Quiet.TicketWriter.OpenAsync(new EntityRef<ConversationKey>(conversation, null), null, CancellationToken.None);

            // In half of the runs an earlier version writes too, as during a rolling update.
            var isUpdating = run.Random.Next(2) == 0;
            for (var i = run.Random.Next(10); i > 0; i--)
            {
                var writer = isUpdating && run.Random.Next(2) == 0 ? stage.Earlier : stage.Quiet;
                await AppendAsync(writer, conversation, "before", run.Random.Next(2) == 0 ? thread : null);
            }

            var reader = stage.Reader("reader");
            var size = run.Random.Next(1, 6);
            var step = 0;
            await Task.WhenAll(
                stage.WriteAsync(8, writer => ++step is 3 or 6
                    ? MoveOnAsync(writer, ticket)
                    : AppendAsync(writer, conversation, "new", run.Random.Next(2) == 0 ? thread : null), isUpdating),
                ChatAsync(reader, conversation, size, new ChatFilter(thread, []), message => $"{message.Thread}" == thread),
                ChatAsync(reader, conversation, size, new ChatFilter(null, [$"{ticket.Id}"]), message => message.Ticket == 1),
                ChatAsync(reader, conversation, size, new ChatFilter(thread, [$"{ticket.Id}"]), message => message.Ticket == 1 && $"{message.Thread}" == thread));
            await stage.VerifyThreadAsync(conversation, thread);
        },
        Start);

    [Fact]
    public Task Walks_through_conversations_see_each_conversation_that_does_not_move_once() => Interleaving.ExploreAsync(
        Runs,
        async run =>
        {
            var stage = await Stage.BuildAsync(run, conversations: run.Random.Next(2, 10));
            foreach (var conversation in stage.Conversations)
            {
                // Conversations over several minutes, with orphaned index rows between them.
                run.Time.Advance(TimeSpan.FromSeconds(run.Random.Next(90)));
                await AppendAsync(stage.Quiet, conversation, "before");
                await stage.LeaveStaleRowAsync(conversation, run.Time.GetUtcNow().AddMinutes(-run.Random.Next(10)));
            }

            run.Time.Advance(run.Random.Next(2) == 0 ? TimeSpan.FromSeconds(40) : IndexRows.StaleAfter);
            var moved = new HashSet<int>();
            var (inbox, contact) = (Inbox.OfChannel(Appends.Tenant, "web").Id, "1");
            var reader = stage.Reader("reader");
            var size = run.Random.Next(1, 5);
            await Task.WhenAll(
                stage.WriteAsync(6, async writer =>
                {
                    var conversation = stage.Conversations[run.Random.Next(stage.Conversations.Count)];
                    moved.Add(conversation.Number);
                    await AppendAsync(writer, conversation, "new");
                }),
                ListAsync(new ConversationFilter(null, null)),
                ListAsync(new ConversationFilter(inbox, null)),
                ListAsync(new ConversationFilter(inbox, contact)));

            async Task ListAsync(ConversationFilter filter)
            {
                var seen = await WalkAsync(async cursor =>
                {
                    var page = await reader.ConversationList.ReadAsync(Appends.Tenant, filter, cursor, size, CancellationToken.None);
                    Assert.InRange(page.Conversations.Count, 0, size);
                    return (page.Conversations.Select(conversation => conversation.Key.Number), page.Next);
                });

                // A conversation that moves goes to the top, which the walk has passed, so it may be missed. Between
                // its two rows it may be seen at both.
                Assert.All(stage.Conversations.Select(conversation => conversation.Number).Except(moved), number => Assert.Single(seen, number));
            }
        },
        Start);

    [Fact]
    public Task Walks_through_senders_skip_and_repeat_nothing() => Interleaving.ExploreAsync(
        Runs,
        async run =>
        {
            var stage = await Stage.BuildAsync(run, conversations: 0);
            var before = run.Random.Next(10);
            for (var i = 0; i < before; i++)
            {
                await CreateAsync(stage.Quiet, $"before {i}");
            }

            var (reader, size, created) = (stage.Reader("reader"), run.Random.Next(1, 5), 0);
            await Task.WhenAll(
                stage.WriteAsync(8, writer => CreateAsync(writer, $"new {created++}")),
                SendersAsync());

            async Task SendersAsync()
            {
                ListPage<Sender> page = null!;
                var seen = await WalkAsync(async cursor =>
                {
                    page = await reader.Senders.ListAsync(Appends.Tenant, cursor, size, CancellationToken.None);
                    return (page.Items.Select(sender => sender.Key.Number), page.Next);
                });
                Assert.InRange(seen.Count, before, before + created);
                Assert.Equal(Enumerable.Range(1, seen.Count).Reverse(), seen);
                Assert.Equal(Enumerable.Range(1, seen.Count), (await BackAsync(page.Items.Select(sender => sender.Key.Number), page.Previous, async cursor =>
                {
                    var earlier = await reader.Senders.ListAsync(Appends.Tenant, cursor, size, CancellationToken.None);
                    return (earlier.Items.Select(sender => sender.Key.Number), earlier.Previous);
                })).Take(seen.Count));
            }
        },
        Start);

    private static Task<Sender> CreateAsync(ParleyProcess process, string name) => process.SenderWriter.CreateAsync(
        Appends.Tenant, sender => sender with { Entity = SenderEntity.User, Name = name, Identifier = name }, CancellationToken.None);

    private static async Task<Ticket> MoveOnAsync(ParleyProcess process, Ticket ticket) => (await process.TicketWriter.ChangeAsync(
        Appends.Tenant, $"{ticket.Id}", current => current with { Status = current.Status + 1 }, null, CancellationToken.None)).Ticket;

    private static async Task<Message> AppendAsync(ParleyProcess process, ConversationKey conversation, string text, string? thread = null)
    {
        var message = new NewMessage(MessageRole.Customer, text, null, null, null) { Thread = thread };
        return (await process.Append.AppendAsync(new EntityRef<ConversationKey>(conversation, null), message, null, CancellationToken.None)).Message;
    }

    /// <summary>Pages by number, oldest first: a full page does not change.</summary>
    private static async Task PagesAsync(ParleyProcess reader, ConversationKey conversation, int size)
    {
        var (seen, total) = (new List<int>(), 0);
        for (var page = 1; ; page++)
        {
            var found = await reader.Pages.ReadAsync(new EntityRef<ConversationKey>(conversation, null), page, size, newestFirst: false, CancellationToken.None);
            Assert.InRange(found.Total, total, int.MaxValue);
            total = found.Total;
            seen.AddRange(found.Messages.Select(message => message.Key.Sequence));
            if (found.Messages.Count < size)
            {
                break;
            }
        }

        // All up to the end of the walk, which includes all that existed at its start.
        Assert.Equal(Enumerable.Range(1, total), seen);
    }

    private static async Task CursorsAsync(ParleyProcess reader, ConversationKey conversation, int size)
    {
        var first = 0;
        CursorPage page = null!;
        var seen = await WalkAsync(async cursor =>
        {
            page = await PageAsync(cursor);
            first = cursor is null ? page.Conversation.Last : first;
            return (NumbersOf(page), page.Next);
        });
        Assert.Equal(Enumerable.Range(1, first).Reverse(), seen);
        Assert.Equal(Enumerable.Range(1, seen.Count), (await BackAsync(NumbersOf(page), page.Previous, async cursor =>
        {
            page = await PageAsync(cursor);
            return (NumbersOf(page), page.Previous);
        })).Take(seen.Count));

        async Task<CursorPage> PageAsync(string? cursor) =>
            (await reader.Pages.ReadNewestAsync(new EntityRef<ConversationKey>(conversation, null), cursor, size, CancellationToken.None))!;

        static IEnumerable<int> NumbersOf(CursorPage page) => page.Messages.Select(message => message.Key.Sequence);
    }

    private static Task ChatAsync(ParleyProcess reader, ConversationKey conversation, int size) =>
        ChatAsync(reader, conversation, size, new ChatFilter(null, []), _ => true);

    private static async Task ChatAsync(ParleyProcess reader, ConversationKey conversation, int size, ChatFilter filter, Func<Message, bool> matches)
    {
        var (seen, first, total) = (new List<Message>(), -1, 0);
        await WalkAsync(async cursor =>
        {
            var page = await reader.Chats.OpenAsync(new EntityRef<ConversationKey>(conversation, null), filter, cursor, size, CancellationToken.None);
            first = first < 0 ? page.Total : first;
            Assert.InRange(page.Total, total, int.MaxValue);
            total = page.Total;
            var before = seen.Count;
            await foreach (var message in page.Messages)
            {
                seen.Add(message);
            }

            Assert.InRange(seen.Count - before, page.Next is null ? 0 : size, size);
            return (seen.Skip(before).Select(message => message.Key.Sequence), page.Next);
        });
        var numbers = seen.ConvertAll(message => message.Key.Sequence);
        Assert.Equal(numbers.Distinct().Order(), numbers);
        Assert.All(seen, message => Assert.True(matches(message)));
        Assert.InRange(seen.Count, first, total);

        // No number between the seen ones was skipped.
        var all = await reader.Pages.ReadAsync(new EntityRef<ConversationKey>(conversation, null), 1, 100, newestFirst: false, CancellationToken.None);
        Assert.Equal(all.Messages.Where(matches).Select(message => message.Key.Sequence).Take(numbers.Count), numbers);
    }

    private static async Task<List<int>> WalkAsync(Func<string?, Task<(IEnumerable<int> Numbers, string? Next)>> read)
    {
        var seen = new List<int>();
        string? cursor = null;
        do
        {
            (var numbers, cursor) = await read(cursor);
            seen.AddRange(numbers);
        }
        while (cursor is not null);

        return seen;
    }

    /// <summary>
    /// From the last page back to the newest, in ascending order. Nothing may be repeated, and entries added meanwhile
    /// are included.
    /// </summary>
    private static async Task<List<int>> BackAsync(
        IEnumerable<int> last, string? previous, Func<string, Task<(IEnumerable<int> Numbers, string? Previous)>> read)
    {
        var seen = last.Reverse().ToList();
        while (previous is { } cursor)
        {
            (var numbers, previous) = await read(cursor);
            seen.AddRange(numbers.Reverse());
        }

        Assert.Equal(Enumerable.Range(1, seen.Count), seen);
        return seen;
    }

    /// <summary>One run's storage and processes.</summary>
    private sealed class Stage(Simulation run)
    {
        private readonly StrictTables tables = new(run.Time);

        /// <summary>For calls before the run, which are not scheduled by the simulation.</summary>
        public ParleyProcess Quiet { get; private set; } = null!;

        /// <summary>As <see cref="Quiet"/>, of an earlier version.</summary>
        public ParleyProcess Earlier => new(EarlierVersion.Connect(tables), run.Time, run.Seed + 9);

        public List<ConversationKey> Conversations { get; } = [];

        public static async Task<Stage> BuildAsync(Simulation run, int conversations)
        {
            var stage = new Stage(run);
            stage.Quiet = new ParleyProcess(stage.tables.Connect("setup"), run.Time, run.Seed);
            await stage.Quiet.Tables.CreateIfNotExistsAsync(CancellationToken.None);
            for (var i = 0; i < conversations; i++)
            {
                var draft = new NewConversation($"{i}", "web", null, "+49", "Ada", null, null);
                stage.Conversations.Add((await stage.Quiet.Creation.CreateAsync(Appends.Tenant, draft, null, CancellationToken.None)).Conversation.Key);
            }

            run.CallTime = TimeSpan.FromSeconds(run.Random.Next(3));
            return stage;
        }

        /// <summary>
        /// A process whose queries return pages of zero to three rows, some with a continuation token and nothing after
        /// it.
        /// </summary>
        public ParleyProcess Reader(string name) =>
            new(run.Connect(tables, name, new TableHooks { PageRows = TableHooks.SmallPages(run.Seed) }), run.Time, run.Seed + 1);

        /// <summary>
        /// Positions are those of the rows. The count is the number of rows, unless the head shows that it may not be.
        /// </summary>
        public async Task VerifyThreadAsync(ConversationKey conversation, string id)
        {
            var rows = await Quiet.Tables.Conversations.QueryAsync<TableEntity>(Filters.Range(conversation.PartitionKey, "tm|", "tm|~")).ToListAsync();
            Assert.All(rows.Index(), row => Assert.Equal(row.Index + 1, row.Item.GetInt32("Position") ?? row.Index + 1));
            var head = await Quiet.Conversations.GetAsync(new EntityRef<ConversationKey>(conversation, null), CancellationToken.None);
            var thread = (await Quiet.Threads.FindAsync(conversation, id, CancellationToken.None))!;
            Assert.True(!thread.IsCountedFor(head) || thread.Messages == rows.Count, $"{thread.Messages} of {rows.Count} at {thread.CountedAt}; {head.EarlierVersionsUpTo} of {head.Revision}");
        }

        /// <summary>
        /// Two concurrent writers whose calls come between any two of the readers' calls; the first one possibly of an
        /// earlier version.
        /// </summary>
        public Task WriteAsync(int writes, Func<ParleyProcess, Task> write, bool isUpdating = false) => Task.WhenAll(Enumerable.Range(0, 2).Select(async i =>
        {
            var hooks = new TableHooks { Defect = isUpdating && i == 0 ? EarlierVersion.Of() : null };
            var process = new ParleyProcess(run.Connect(tables, $"writer{i}", hooks), run.Time, run.Seed + 2 + i);
            for (var n = i; n < writes; n += 2)
            {
                try
                {
                    await write(process);
                }
                catch (ParleyException e) when (e.Code == ErrorCode.Busy || e.Code == ErrorCode.StorageUnavailable)
                {
                    // The calls of others used up all its time.
                }
            }
        }));

        public Task<Response> LeaveStaleRowAsync(ConversationKey conversation, DateTimeOffset at) => Quiet.Tables.Tenants.UpsertEntityAsync(
            new TableEntity(Appends.Tenant.PartitionKey, ConversationRowKeys.Activity(ConversationRowKeys.ActivityList, at.Minute(), conversation.Number)), TableUpdateMode.Merge);
    }
}
