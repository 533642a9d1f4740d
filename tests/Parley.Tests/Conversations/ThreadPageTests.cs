using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Conversations.Threads;
using Parley.Core;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>The calls and rows of a page of a thread do not depend on the length of the thread.</summary>
public sealed class ThreadPageTests
{
    private const int Limit = 10;
    private readonly VirtualTime time = new();
    private readonly StrictTables tables;
    private EntityRef<ConversationKey> id;
    private ChatThread thread = null!;
    private TableConnection connection = null!;
    private ParleyProcess process = null!;

    public ThreadPageTests()
    {
        tables = new StrictTables(time);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_page_costs_the_same_in_a_short_and_in_a_long_thread(bool ofTickets)
    {
        var costs = new List<List<(int Calls, int Rows)>>();
        foreach (var messages in new[] { 200, 5_000 })
        {
            await StartAsync();
            var tickets = new List<string>();
            for (var i = 0; i < messages; i++)
            {
                // Two tickets, each a fifth of the messages.
                if (ofTickets && (i == messages / 10 || i == messages / 2))
                {
                    tickets.Add(await OpenTicketAsync());
                }

                await AppendAsync(process, isInThread: i % 2 == 0);
                if (ofTickets && (i == messages * 3 / 10 - 1 || i == messages * 7 / 10 - 1))
                {
                    await CompleteTicketAsync(tickets[^1]);
                }
            }

            costs.Add(await CostsAsync(new ChatFilter($"{thread.Id}", tickets)));
        }

        Assert.Equal(costs[0], costs[1]);
        Assert.All(costs[0], cost => Assert.InRange(cost.Calls, 1, ofTickets ? 10 : 4));

        // The messages of another thread in between are read with those of the page.
        Assert.All(costs[0], cost => Assert.InRange(cost.Rows, 1, ofTickets ? 38 : 2 + (Limit + 1) + (2 * Limit - 1)));
    }

    [Fact]
    public async Task Posting_costs_the_same_in_a_short_and_in_a_long_thread()
    {
        await StartAsync();
        var (_, first) = await CountAsync(() => AppendAsync(process, isInThread: true));
        for (var i = 0; i < 1_100; i++)
        {
            await AppendAsync(process, isInThread: true);
        }

        var (calls, rows) = await CountAsync(() => AppendAsync(process, isInThread: true));

        // The head, the thread's row and the transaction.
        Assert.Equal((3, 2, 2), (calls, rows, first));
    }

    [Fact]
    public async Task A_thread_of_an_earlier_version_is_counted_once()
    {
        await StartAsync();
        var earlier = new ParleyProcess(EarlierVersion.Connect(tables), time, seed: 2);
        for (var i = 0; i < 100; i++)
        {
            await AppendAsync(earlier, isInThread: true);
        }

        var filter = new ChatFilter($"{thread.Id}", []);
        var totals = new List<int>();
        var first = await CountAsync(async () => totals.Add((await PageAsync(filter, null)).Total));
        var second = await CountAsync(async () => totals.Add((await PageAsync(filter, null)).Total));
        await AppendAsync(process, isInThread: true);
        var third = await CountAsync(async () => totals.Add((await PageAsync(filter, null)).Total));

        Assert.Equal([100, 100, 101], totals);
        // The head, the thread's row, eleven keys and ten messages.
        Assert.Equal((100 + 23, 23, 23), (first.Rows, second.Rows, third.Rows));
        Assert.Equal((6, 4, 4), (first.Calls, second.Calls, third.Calls));
    }

    [Fact]
    public async Task A_page_is_answered_when_its_count_cannot_be_stored()
    {
        await StartAsync();
        await AppendAsync(new ParleyProcess(EarlierVersion.Connect(tables), time, seed: 2), isInThread: true);
        var refused = 0;
        var hooks = new TableHooks { Fault = call => call.IsWrite && refused++ >= 0 ? new Fault(FaultKind.Busy) : Fault.None };
        var reader = new ParleyProcess(tables.Connect("reader", hooks), time, seed: 3);

        var page = await reader.Chats.OpenAsync(id, new ChatFilter($"{thread.Id}", []), null, Limit, CancellationToken.None);

        Assert.Equal((1, 1, 1), (page.Total, await page.Messages.CountAsync(), refused));
    }

    /// <summary>
    /// The cost of the first page, of one in the middle and of the last one; of tickets without the one in the middle,
    /// which may cross from one ticket to the next.
    /// </summary>
    private async Task<List<(int Calls, int Rows)>> CostsAsync(ChatFilter filter)
    {
        var (cursors, cursor) = (new List<string?>(), (string?)null);
        do
        {
            cursors.Add(cursor);
            cursor = (await PageAsync(filter, cursor)).Next;
        }
        while (cursor is not null);

        var costs = new List<(int Calls, int Rows)>();
        foreach (var one in filter.Tickets.Count > 0 ? [cursors[0], cursors[^1]] : new[] { cursors[0], cursors[cursors.Count / 2], cursors[^1] })
        {
            costs.Add(await CountAsync(() => PageAsync(filter, one)));
        }

        return costs;
    }

    private async Task<(int Total, string? Next)> PageAsync(ChatFilter filter, string? cursor)
    {
        var page = await process.Chats.OpenAsync(id, filter, cursor, Limit, CancellationToken.None);
        Assert.InRange(await page.Messages.CountAsync(), 1, Limit);
        return (page.Total, page.Next);
    }

    private async Task<(int Calls, int Rows)> CountAsync(Func<Task> act)
    {
        var (calls, rows) = (connection.Calls, connection.EntitiesRead);
        await act();
        return (connection.Calls - calls, connection.EntitiesRead - rows);
    }

    /// <summary>Creates a conversation with one message and its thread, which is empty.</summary>
    private async Task StartAsync()
    {
        connection = tables.Connect();
        process = new ParleyProcess(connection, time, seed: 1);
        id = new EntityRef<ConversationKey>(await Appends.NewConversationAsync(tables, time), null);
        await AppendAsync(process, isInThread: false);
        var head = await process.Conversations.GetAsync(id, CancellationToken.None);
        thread = await process.ThreadCreation.CreateAsync(
            head, $"{new MessageKey(id.Key, 1).IntegerId}", CancellationToken.None);
        await process.Cursors.SealNumberAsync(Appends.Tenant, "first", 1, CancellationToken.None);
    }

    private async Task AppendAsync(ParleyProcess writer, bool isInThread) => await writer.Append.AppendAsync(
        id,
        new NewMessage(MessageRole.Staff, "text", 1, "staff", null) { Thread = isInThread ? $"{thread.Id}" : null },
        null,
        CancellationToken.None);

    private async Task<string> OpenTicketAsync() =>
        $"{(await process.TicketWriter.OpenAsync(id, null, CancellationToken.None)).Ticket.Id}";

    private async Task CompleteTicketAsync(string ticket)
    {
        for (var i = 0; i < 2; i++)
        {
            await process.TicketWriter.ChangeAsync(
                Appends.Tenant, ticket, one => one with { Status = one.Status + 1 }, null, CancellationToken.None);
        }
    }
}
