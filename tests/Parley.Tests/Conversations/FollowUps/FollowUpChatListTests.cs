using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>
/// A page of a chat's follow-ups of a status costs what the page contains. Outdated rows and writes of earlier versions
/// do not change the answer.
/// </summary>
public sealed class FollowUpChatListTests
{
    private const int Size = 10;
    private readonly VirtualTime time = new();
    private readonly StrictTables tables;
    private readonly TableConnection connection;
    private readonly ParleyProcess process;

    public FollowUpChatListTests()
    {
        tables = new StrictTables(time);
        connection = tables.Connect();
        process = new ParleyProcess(connection, time, seed: 1);
    }

    [Theory]
    [InlineData(FollowUpStatus.Cancelled, 1, 3, 30)]
    [InlineData(FollowUpStatus.Cancelled, 2, 3, 40)]
    [InlineData(FollowUpStatus.Failed, 1, 2, 1)]
    [InlineData(null, 1, 2, 11)]
    [InlineData(null, 2, 2, 11)]
    public async Task A_page_costs_the_same_of_few_and_of_many(FollowUpStatus? status, int page, int calls, int rows)
    {
        var costs = new List<(int, int)>();
        foreach (var count in new[] { 20, 5_000 })
        {
            var chat = await StartAsync();
            await AddEndedAsync(chat, 2 * count);
            FollowUpStatus[] statuses = status is { } one ? [one] : [];
            costs.Add(await CountAsync(() => ListAsync(process, chat, page, statuses)));
        }

        Assert.Equal([(calls, rows), (calls, rows)], costs);
    }

    [Fact]
    public async Task Lists_are_completed_once_after_an_earlier_version_has_written()
    {
        var chat = await StartAsync();
        var earlier = new ParleyProcess(EarlierVersion.Connect(tables), time, seed: 2);
        for (var i = 0; i < 150; i++)
        {
            await CancelAsync(earlier, await CreateAsync(earlier, chat));
        }

        var expected = Enumerable.Range(1, 150).Reverse().Take(Size).ToList();
        var answers = new List<IReadOnlyList<int>>();

        // The head, the mark, the follow-ups, two transactions, the mark, the list and the page; then four of them.
        var first = await CountAsync(async () => answers.Add(await ListAsync(process, chat, 1, FollowUpStatus.Cancelled)));
        var second = await CountAsync(async () => answers.Add(await ListAsync(process, chat, 1, FollowUpStatus.Cancelled)));
        Assert.Equal([expected, expected], answers);
        Assert.Equal((8, 4), (first.Calls, second.Calls));

        await CancelAsync(process, await CreateAsync(process, chat));
        Assert.Equal(4, (await CountAsync(() => ListAsync(process, chat, 1, FollowUpStatus.Cancelled))).Calls);
        await CancelAsync(earlier, await CreateAsync(process, chat));
        Assert.Equal([152, 151, .. expected.Take(8)], await ListAsync(process, chat, 1, FollowUpStatus.Cancelled));
    }

    [Fact]
    public async Task A_list_is_answered_when_it_cannot_be_completed()
    {
        var chat = await StartAsync();
        var earlier = new ParleyProcess(EarlierVersion.Connect(tables), time, seed: 2);
        await CancelAsync(earlier, await CreateAsync(earlier, chat));
        await CreateAsync(earlier, chat);
        var hooks = new TableHooks { Fault = call => call.IsWrite ? Fault.Busy : Fault.None };
        var reader = new ParleyProcess(tables.Connect("reader", hooks), time, seed: 3);

        Assert.Equal([1], await ListAsync(reader, chat, 1, FollowUpStatus.Cancelled));
        Assert.Equal([2, 1], await ListAsync(reader, chat, 1, FollowUpStatus.Cancelled, FollowUpStatus.Pending));
    }

    [Fact]
    public async Task A_row_of_an_earlier_status_is_dropped_by_the_change_or_by_its_next_reader()
    {
        var chat = await StartAsync();
        var created = await CreateAsync(process, chat);
        var row = FollowUpRowKeys.FollowUpInChat((int)FollowUpStatus.Cancelled, created.Number);
        await CancelAsync(process, created);
        Assert.NotNull(await FindAsync(chat, row));
        await ArmAsync(process, created);
        Assert.Null(await FindAsync(chat, row));

        var hooks = new TableHooks { Fault = call => call.Kind == TableCallKind.Delete ? Fault.Busy : Fault.None };
        await CancelAsync(process, created);
        await ArmAsync(new ParleyProcess(tables.Connect("failing", hooks), time, seed: 2), created);
        Assert.NotNull(await FindAsync(chat, row));
        Assert.Empty(await ListAsync(process, chat, 1, FollowUpStatus.Cancelled));
        Assert.Null(await FindAsync(chat, row));
        Assert.Equal([1], await ListAsync(process, chat, 1, FollowUpStatus.Pending, FollowUpStatus.Cancelled));
    }

    [Fact]
    public async Task A_row_that_is_written_again_before_its_deletion_stays()
    {
        var chat = await StartAsync();
        var created = await CreateAsync(process, chat);
        await CancelAsync(process, created);
        var hooks = new TableHooks
        {
            Before = async (call, _) =>
            {
                if (call is { Kind: TableCallKind.Delete, Table: "Conversations" })
                {
                    await CancelAsync(process, created);
                }
            },
        };

        await ArmAsync(new ParleyProcess(tables.Connect("slow", hooks), time, seed: 2), created);

        Assert.Equal([1], await ListAsync(process, chat, 1, FollowUpStatus.Cancelled));
    }

    [Fact]
    public async Task Twenty_cancelled_by_a_message_are_listed()
    {
        var chat = await StartAsync();
        for (var i = 0; i < PendingFollowUp.Max; i++)
        {
            await CreateAsync(process, chat);
        }

        await process.Append.AppendAsync(chat, new(MessageRole.Customer, "answer", null, null, null), null, CancellationToken.None);

        Assert.Equal(Enumerable.Range(11, 10).Reverse(), await ListAsync(process, chat, 1, FollowUpStatus.Cancelled));
        Assert.Equal(Enumerable.Range(1, 10).Reverse(), await ListAsync(process, chat, 2, FollowUpStatus.Cancelled));
    }

    private async Task<EntityRef<ConversationKey>> StartAsync()
    {
        var chat = new EntityRef<ConversationKey>(await Appends.NewConversationAsync(tables, time), null);
        await process.Append.AppendAsync(chat, new(MessageRole.Assistant, "word", null, null, null), null, CancellationToken.None);
        return chat;
    }

    /// <summary>Stores follow-ups, every second one cancelled and the others sent, as transitions would.</summary>
    private async Task AddEndedAsync(EntityRef<ConversationKey> chat, int count)
    {
        var head = await process.Conversations.GetAsync(chat, CancellationToken.None);
        var ended = Enumerable.Range(1, count).Select(number => new FollowUp
        {
            Conversation = chat.Key,
            ConversationCheck = head.Check,
            Number = number,
            Check = number,
            Revision = 2,
            Status = number % 2 == 0 ? FollowUpStatus.Cancelled : FollowUpStatus.Sent,
            DueAt = head.CreatedAt,
            Text = "text",
            CreatedAt = head.CreatedAt.AddMilliseconds(number),
            UpdatedAt = head.CreatedAt,
            TriggerId = head.LastId!.Value,
        }).ToList();
        var rows = ended.SelectMany(one => new[] { FollowUpRow.Create(one), IndexedFollowUp.Of(one).ChatListRow });
        await process.Tables.Conversations.UpsertAllAsync(rows, CancellationToken.None);
        await process.Tables.Conversations.UpdateEntityAsync(
            new TableEntity(chat.Key.PartitionKey, ConversationRowKeys.Head) { ["FollowUps"] = count }, Azure.ETag.All);
    }

    private async Task<FollowUp> CreateAsync(ParleyProcess writer, EntityRef<ConversationKey> chat) =>
        (await writer.FollowUpWriter.CreateAsync(chat, time.GetUtcNow().AddHours(1), "text", "test", null, CancellationToken.None)).FollowUp;

    private static async Task CancelAsync(ParleyProcess writer, FollowUp followUp) => await writer.FollowUpWriter.ChangeAsync(
        Appends.Tenant, $"{followUp.Id}", new() { Status = FollowUpStatus.Cancelled }, "test", null, CancellationToken.None);

    private static async Task ArmAsync(ParleyProcess writer, FollowUp followUp) => await writer.FollowUpWriter.ChangeAsync(
        Appends.Tenant, $"{followUp.Id}", new() { Status = FollowUpStatus.Pending }, "test", null, CancellationToken.None);

    private static async Task<IReadOnlyList<int>> ListAsync(
        ParleyProcess reader, EntityRef<ConversationKey> chat, int page, params FollowUpStatus[] statuses)
    {
        var filter = new FollowUpFilter([$"{chat.Key.Number}"], [], [], statuses);
        return [.. (await reader.FollowUpList.ReadAsync(Appends.Tenant, filter, page, Size, CancellationToken.None)).Select(one => one.Number)];
    }

    private async Task<TableEntity?> FindAsync(EntityRef<ConversationKey> chat, string rowKey) =>
        await process.Tables.Conversations.FindAsync(chat.Key.PartitionKey, rowKey, CancellationToken.None);

    private async Task<(int Calls, int Rows)> CountAsync(Func<Task> act)
    {
        var (calls, rows) = (connection.Calls, connection.EntitiesRead);
        await act();
        return (connection.Calls - calls, connection.EntitiesRead - rows);
    }
}
