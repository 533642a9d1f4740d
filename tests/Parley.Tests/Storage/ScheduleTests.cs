using Azure.Data.Tables;
using Parley.Assistants.Completions;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Exports;
using Parley.Files;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Storage;

/// <summary>The two tables of schedule rows: their keys, and reads over both.</summary>
public sealed class ScheduleTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 30, TimeSpan.Zero);

    private static readonly string[] Kinds =
    [
        FollowUpRowKeys.ScheduledFollowUps,
        ExportRowKeys.ScheduledExports,
        CompletionRowKeys.ScheduledCompletions,
        IdempotencyRowKeys.ScheduledKeys,
        FileRowKeys.ScheduledFiles,
    ];

    private readonly VirtualTime time = new(Noon);
    private StrictTables tables = null!;
    private TableConnection connection = null!;
    private ParleyProcess process = null!;
    private ParleyProcess ofDue = null!;

    public async Task InitializeAsync()
    {
        tables = new StrictTables(time);
        connection = tables.Connect();
        process = new ParleyProcess(connection, time, seed: 1);
        ofDue = new ParleyProcess(tables.Connect("due"), time, seed: 2, write: ScheduleTable.Due);
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public void Keys_are_as_documented()
    {
        var (conversation, file) = (new ConversationKey(new TenantId(300), 7), new Guid("00000000-0000-4000-8000-000000000001"));
        var keys = IdempotencyKey.ScheduledDeletion(new TenantId(300), 7, Noon.Hour());

        Assert.Equal(("k|c|202603021300", "k|00000300|0000000007|00492324"), KeysOf(process, keys));
        Assert.Equal(("202603021300", "k|00000300|0000000007"), KeysOf(ofDue, keys));
        Assert.Equal("b|00000300|0000000007|00000000000040008000000000000001|0000000003", FileRowKeys.ScheduledFile(conversation, file, 3));
        Assert.Equal((conversation, file), FileRowKeys.ReadScheduledFile(FileRowKeys.ScheduledFile(conversation, file, 3)));
        Assert.Equal((conversation, file), FileRowKeys.ReadScheduledFile(FileRowKeys.ScheduledFile(conversation, file)));
        Assert.Equal((new TenantId(300), 7), IdempotencyRowKeys.ReadScheduledIdempotencyKeys(keys.RowKey));
        Assert.Equal((new TenantId(300), 7), IdempotencyRowKeys.ReadScheduledIdempotencyKeys(keys.DueRowKey));
        Assert.Equal(new DateTimeOffset(2026, 3, 2, 13, 0, 0, TimeSpan.Zero), ScheduleRowKeys.ReadMinute("k|c|202603021300"));
        Assert.Equal(new DateTimeOffset(2026, 3, 2, 13, 0, 0, TimeSpan.Zero), ScheduleRowKeys.ReadMinute("202603021300"));

        static (string, string) KeysOf(ParleyProcess process, ScheduledItem item) =>
            process.Schedule.RowOf(item) is var row ? (row.PartitionKey, row.RowKey) : default;
    }

    [Fact]
    public async Task Rows_of_both_tables_are_read_in_the_order_of_their_minutes()
    {
        for (var tenant = 1; tenant <= 40; tenant++)
        {
            var minutes = tenant % 7;
            await WriteAsync(tenant % 3 == 0 ? ofDue : process, "f|", tenant, Noon.AddMinutes(-minutes));
            await WriteAsync(process, "f|", tenant, Noon.AddMinutes(1 + minutes));
        }

        var rows = await process.Schedule.ReadDueAsync("f|", Noon, CancellationToken.None).ToListAsync();

        Assert.Equal(40, rows.Count);
        Assert.Equal(rows.OrderBy(row => row.Minute).ThenByDescending(row => row.IsInDue).ThenBy(row => row.RowKey, StringComparer.Ordinal), rows);
        Assert.Equal(13, rows.Count(row => row.IsInDue));
        Assert.All(rows, row => Assert.InRange(row.Minute, Noon.AddMinutes(-7), Noon));
    }

    [Fact]
    public async Task Rows_are_marked_and_deleted_in_the_table_where_they_were_read()
    {
        await WriteAsync(process, "t|", tenant: 1, Noon);
        await WriteAsync(ofDue, "t|", tenant: 1, Noon);
        foreach (var row in await ReadAsync("t|"))
        {
            await process.Schedule.MarkAsync(row, new TableEntity(row.PartitionKey, row.RowKey) { ["AskedUntil"] = Noon }, CancellationToken.None);
            await process.Schedule.DropAsync(row, CancellationToken.None);
        }

        var marked = await ReadAsync("t|");
        Assert.Equal(2, marked.Count);
        Assert.All(marked, row => Assert.Equal(Noon, row.Entity.GetDateTimeOffset("AskedUntil")));
        await process.Schedule.DeleteAllAsync(marked, CancellationToken.None);
        Assert.Empty(await ReadAsync("t|"));
    }

    [Fact]
    public async Task A_timer_reads_no_rows_of_other_kinds()
    {
        foreach (var (i, kind) in Kinds.Index())
        {
            for (var tenant = 1; tenant <= 20 * (i + 1); tenant++)
            {
                await WriteAsync(process, kind, tenant, Noon);
            }
        }

        foreach (var (i, kind) in Kinds.Index())
        {
            var (calls, read) = (connection.Calls, connection.EntitiesRead);
            Assert.Equal(20 * (i + 1), (await ReadAsync(kind)).Count);
            Assert.Equal(20 * (i + 1), connection.EntitiesRead - read);
            Assert.Equal(17, connection.Calls - calls);
        }
    }

    [Fact]
    public async Task First_keyed_posts_of_an_hour_are_spread_over_partitions()
    {
        for (var i = 0; i < 100; i++)
        {
            var (tenant, draft) = (new TenantId(1 + (i % 20)), new Parley.Conversations.NewConversation(null, null, null, null, null, null, null));
            var (created, _) = await process.Creation.CreateAsync(tenant, draft, null, CancellationToken.None);
            await Appends.AppendAsync(process, created.Key, "text", "key");
        }

        var rows = await process.Tables.ScheduledRowsAsync();

        Assert.Equal(100, rows.Count);
        Assert.Equal(16, rows.Select(row => row.PartitionKey).Distinct().Count());
        Assert.Single(rows.Select(row => row.Minute).Distinct());
    }

    private Task<List<ScheduledRow>> ReadAsync(string kind) => process.Schedule.ReadDueAsync(kind, Noon, CancellationToken.None).ToListAsync().AsTask();

    private static Task WriteAsync(ParleyProcess process, string kind, int tenant, DateTimeOffset at) =>
        process.Schedule.WriteAsync(new ScheduledItem(new TenantId(tenant), at, $"{kind}{tenant:D8}|test"), CancellationToken.None);
}
