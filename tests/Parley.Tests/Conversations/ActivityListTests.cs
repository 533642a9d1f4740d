using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>
/// The partitions of the lists by activity: how evenly they are used, and rows that an instance of version 0.2.0 writes
/// into the tenant's partition.
/// </summary>
public sealed class ActivityListTests
{
    private static readonly ConversationFilter All = new(null, null);
    private readonly VirtualTime time = new(new DateTimeOffset(2026, 1, 2, 9, 30, 30, TimeSpan.Zero));
    private readonly StrictTables tables;
    private readonly Dictionary<string, int> writes = new(StringComparer.Ordinal);
    private readonly ParleyProcess process;
    private readonly EarlierInstance earlier;
    private int calls;

    public ActivityListTests()
    {
        tables = new StrictTables(time);
        process = new ParleyProcess(tables.Connect("counted", new TableHooks { After = Count }), time, seed: 1);
        earlier = new EarlierInstance(new ParleyTables(tables.Connect("earlier").ServiceClient()), time, new RandomSource(2));
    }

    [Fact]
    public async Task A_thousand_newly_active_conversations_use_no_partition_more_than_twice_each()
    {
        const int Conversations = 1_000;
        var all = await CreateAsync(Conversations);

        // Quiet for more than an hour, and then unread: c|C and the unread row in the tenant's partition.
        time.Advance(TimeSpan.FromHours(2));
        writes.Clear();
        await PostToEachAsync(all, MessageRole.Customer);
        Assert.Equal(2 * Conversations, writes[Appends.Tenant.PartitionKey]);
        AssertSpread(Conversations);

        // Active in another minute of that hour: nothing in the tenant's partition.
        time.Advance(TimeSpan.FromMinutes(1));
        writes.Clear();
        await PostToEachAsync(all, MessageRole.Staff);
        Assert.DoesNotContain(Appends.Tenant.PartitionKey, writes.Keys);
        AssertSpread(Conversations);
    }

    [Fact]
    public async Task A_page_reads_each_partition_once_and_few_rows_beyond_it()
    {
        await CreateAsync(200);
        foreach (var size in new[] { 10, 20, 50, 100 })
        {
            calls = 0;
            var page = await process.ConversationList.ReadAsync(Appends.Tenant, All, null, size, CancellationToken.None);
            Assert.Equal(size, page.Conversations.Count);

            // The partitions, the heads, and at most twice for the key that signs cursors.
            Assert.InRange(calls, 8 + size, 8 + size + 2);
        }
    }

    [Fact]
    public async Task A_tenant_whose_rows_are_all_in_its_own_partition_is_listed_in_pages()
    {
        var all = await CreateAsync(60);
        time.Advance(TimeSpan.FromMinutes(1));
        foreach (var conversation in all)
        {
            await earlier.AppendAsync(conversation, "earlier");
            await DeleteOwnRowsAsync(conversation);
        }

        calls = 0;
        var page = await process.ConversationList.ReadAsync(Appends.Tenant, All, null, 50, CancellationToken.None);

        // A second page of the tenant's partition; two calls for the key that signs cursors.
        Assert.Equal(8 + 50 + 1 + 2, calls);
        Assert.Equal(all.Select(conversation => conversation.Number).Reverse().Take(50), page.Conversations.Select(conversation => conversation.Key.Number));
    }

    [Fact]
    public async Task Rows_of_an_earlier_version_are_listed_and_deleted_by_the_next_move()
    {
        var conversation = (await CreateAsync(1))[0];
        time.Advance(TimeSpan.FromMinutes(1));
        await earlier.AppendAsync(conversation, "earlier");
        Assert.Equal([1], await ListAsync());
        var head = await HeadAsync(conversation);
        var before = EarlierInstance.ListRows(head, head.ActivityMinute);
        Assert.Equal(3, before.Count);
        Assert.All(before, row => Assert.Equal(Appends.Tenant.PartitionKey, row.PartitionKey));

        time.Advance(TimeSpan.FromMinutes(1));
        await Appends.AppendAsync(process, conversation, "now");

        var stored = await ListRowsAsync();
        Assert.DoesNotContain(stored, row => row.PartitionKey == Appends.Tenant.PartitionKey);
        Assert.All(ConversationActivity.ListRows(await HeadAsync(conversation)), row => Assert.Contains((row.PartitionKey, row.RowKey), stored));
        Assert.Equal([1], await ListAsync());
    }

    [Fact]
    public async Task Rows_that_an_earlier_version_leaves_in_another_partition_are_skipped_and_dropped_when_they_are_old()
    {
        var conversation = (await CreateAsync(1))[0];
        time.Advance(TimeSpan.FromMinutes(1));
        await Appends.AppendAsync(process, conversation, "now");
        time.Advance(TimeSpan.FromMinutes(1));
        await earlier.AppendAsync(conversation, "earlier");
        var own = ConversationRowKeys.ActivityPartition(conversation);
        Assert.Equal(3, (await ListRowsAsync()).Count(row => row.PartitionKey == own));

        Assert.Equal([1], await ListAsync());
        Assert.Equal(3, (await ListRowsAsync()).Count(row => row.PartitionKey == own));
        time.Advance(IndexRows.StaleAfter + TimeSpan.FromSeconds(1));
        Assert.Equal([1], await ListAsync());
        Assert.Equal(2, (await ListRowsAsync()).Count(row => row.PartitionKey == own));
    }

    /// <summary>An edit of version 0.2.0 drops the property that says where the rows are.</summary>
    [Fact]
    public async Task A_conversation_whose_rows_are_in_two_partitions_is_listed_once()
    {
        var all = await CreateAsync(5);
        foreach (var conversation in all)
        {
            Assert.True(await earlier.EditAsync(conversation));
            var head = await HeadAsync(conversation);
            await process.Tables.Tenants.UpsertAllAsync(EarlierInstance.ListRows(head, head.ActivityMinute), CancellationToken.None);
        }

        foreach (var size in new[] { 1, 2, 3, 20 })
        {
            Assert.Equal([5, 4, 3, 2, 1], await ListAsync(size));
        }

        time.Advance(TimeSpan.FromMinutes(1));
        await Appends.AppendAsync(process, all[2], "now");
        Assert.Equal([3, 5, 4, 2, 1], await ListAsync(2));
    }

    [Fact]
    public async Task The_row_that_exports_find_a_conversation_by_covers_an_hour()
    {
        var conversation = (await CreateAsync(1))[0];
        var created = await CoveredAsync(conversation);
        time.Advance(TimeSpan.FromMinutes(60));
        await Appends.AppendAsync(process, conversation, "still covered");
        Assert.Equal(created, await CoveredAsync(conversation));
        Assert.True(await IsTouchedAsync());
        time.Advance(TimeSpan.FromMinutes(1));
        await Appends.AppendAsync(process, conversation, "no longer covered");
        Assert.Equal(created.Until + 61, (await CoveredAsync(conversation)).Until);
        Assert.True(await IsTouchedAsync());
    }

    /// <summary>
    /// Such an instance writes its own minute into the property that its exports ask for. The property that it does not
    /// know still covers the hour.
    /// </summary>
    [Fact]
    public async Task An_export_finds_a_conversation_after_an_earlier_version_has_lowered_its_last_minute()
    {
        var conversation = (await CreateAsync(1))[0];
        time.Advance(TimeSpan.FromMinutes(10));
        await earlier.AppendAsync(conversation, "earlier");
        time.Advance(TimeSpan.FromMinutes(10));
        await Appends.AppendAsync(process, conversation, "now");
        var (last, until) = await CoveredAsync(conversation);
        Assert.Equal(50, until - last);
        Assert.True(await IsTouchedAsync());

        // Beyond the hour the row is raised again.
        time.Advance(TimeSpan.FromMinutes(90));
        await earlier.AppendAsync(conversation, "earlier again");
        time.Advance(TimeSpan.FromMinutes(1));
        await Appends.AppendAsync(process, conversation, "and now");
        Assert.True(await IsTouchedAsync());
    }

    private void AssertSpread(int conversations)
    {
        var lists = ConversationRowKeys.ActivityPartitions(Appends.Tenant).Skip(1).Select(partition => writes[partition]).ToList();

        // For each conversation three rows written and three deleted, and an index row of the change log.
        Assert.Equal(7 * conversations, lists.Sum());
        Assert.All(lists, count => Assert.InRange(count, 0, conversations + 7));
    }

    private async Task<List<ConversationKey>> CreateAsync(int count)
    {
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        var all = new List<ConversationKey>();
        for (var i = 0; i < count; i++)
        {
            var draft = new NewConversation($"{i}", "web", null, "+49", "Ada", null, null);
            all.Add((await process.Creation.CreateAsync(Appends.Tenant, draft, null, CancellationToken.None)).Conversation.Key);
        }

        return all;
    }

    private async Task PostToEachAsync(List<ConversationKey> conversations, MessageRole role)
    {
        foreach (var conversation in conversations)
        {
            await process.Append.AppendAsync(new EntityRef<ConversationKey>(conversation, null), new NewMessage(role, "text", null, null, null), null, CancellationToken.None);
        }
    }

    private async Task DeleteOwnRowsAsync(ConversationKey conversation)
    {
        var own = ConversationRowKeys.ActivityPartition(conversation);
        var rows = await ListRowsAsync();
        await process.Tables.Tenants.DeleteAllAsync(
            rows.Where(row => row.PartitionKey == own).Select(row => new TableEntity(row.PartitionKey, row.RowKey)), CancellationToken.None);
    }

    private Task<Conversation> HeadAsync(ConversationKey conversation) =>
        process.Conversations.GetAsync(new EntityRef<ConversationKey>(conversation, null), CancellationToken.None);

    private async Task<List<int>> ListAsync(int size = 20)
    {
        var (seen, cursor) = (new List<int>(), (string?)null);
        do
        {
            var page = await process.ConversationList.ReadAsync(Appends.Tenant, All, cursor, size, CancellationToken.None);
            seen.AddRange(page.Conversations.Select(conversation => conversation.Key.Number));
            cursor = page.Next;
        }
        while (cursor is not null);

        return seen;
    }

    private async Task<List<(string PartitionKey, string RowKey)>> ListRowsAsync() => await process.Tables.Tenants
        .QueryAsync<TableEntity>(Filters.Partitions(Appends.Tenant.PartitionKey, KeyParts.EndOf(Appends.Tenant.PartitionKey)))
        .Where(row => row.RowKey.StartsWith('a'))
        .Select(row => (row.PartitionKey, row.RowKey))
        .ToListAsync();

    private async Task<(long Last, long Until)> CoveredAsync(ConversationKey conversation)
    {
        var row = await process.Tables.Tenants.FindAsync(Appends.Tenant.PartitionKey, ConversationRowKeys.Conversation(conversation.Number), CancellationToken.None);
        return (row!.GetInt64("LastMinute")!.Value, row.GetInt64("Until")!.Value);
    }

    /// <summary>True when an export of the present minute reads the only conversation.</summary>
    private async Task<bool> IsTouchedAsync() => await process.ConversationScan
        .TouchedAsync(Appends.Tenant, time.GetUtcNow(), time.GetUtcNow(), first: 1, CancellationToken.None).AnyAsync();

    private void Count(TableCall call, int status)
    {
        calls++;
        if (call is { Table: "Tenants", IsWrite: true, PartitionKey: { } partition })
        {
            writes[partition] = writes.GetValueOrDefault(partition) + call.RowKeys.Count;
        }
    }
}
