using Azure;
using Azure.Data.Tables;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.OnStrictTables;

public sealed class HookTests
{
    private static readonly TableEntity Row = new("p", "r") { ["A"] = 1 };

    private readonly StrictTables tables = new(new VirtualTime());
    private readonly List<(TableCall Call, Action Request)> late = [];

    [Theory]
    [InlineData(FaultSide.Before, false)]
    [InlineData(FaultSide.After, true)]
    public async Task A_crash_ends_the_process_and_nothing_tries_again(FaultSide side, bool stored)
    {
        var connection = await ConnectAsync(new Fault(FaultKind.Crash, side));
        var table = connection.ServiceClient(retries: 3).GetTableClient("Table");

        await Assert.ThrowsAsync<CrashException>(() => table.AddEntityAsync(Row));
        await Assert.ThrowsAsync<CrashException>(() => table.GetEntityAsync<TableEntity>("p", "r"));
        await Assert.ThrowsAsync<CrashException>(() => table.SubmitTransactionAsync([new(TableTransactionActionType.UpsertMerge, Row)]));
        Assert.True(connection.IsDead);
        Assert.Equal((1, stored), (connection.Calls, await IsStoredAsync()));
    }

    [Fact]
    public async Task A_killed_process_is_dead_and_the_next_one_lives()
    {
        var connection = await ConnectAsync(Fault.None);
        var table = connection.ServiceClient().GetTableClient("Table");
        await table.AddEntityAsync(Row);
        connection.Kill();
        await Assert.ThrowsAsync<CrashException>(() => table.DeleteEntityAsync(Row));
        Assert.True(await IsStoredAsync());
    }

    public static TheoryData<Fault, bool> Failures => new()
    {
        { Fault.Busy, false },
        { Fault.BusyAfter, true },
        { Fault.TimeOut, false },
        { Fault.TimeOutAfter, true },
        { Fault.Lost, false },
        { Fault.LostAfter, true },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_failure_looks_like_the_real_one(Fault fault, bool stored)
    {
        var table = (await ConnectAsync(fault)).ServiceClient().GetTableClient("Table");
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => table.AddEntityAsync(Row));
        Assert.True(Parley.Storage.StorageErrors.IsOutcomeUnknown(failure, CancellationToken.None), failure.ToString());
        Assert.True(fault.Kind switch
        {
            FaultKind.Busy => failure is RequestFailedException { Status: 503, ErrorCode: "ServerBusy" },
            FaultKind.TimeOut => failure is TaskCanceledException,
            _ => failure is RequestFailedException { Status: 0, InnerException: IOException },
        });
        Assert.Equal(stored, await IsStoredAsync());
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task The_clients_retries_follow_at_once_and_see_the_effect_of_the_first_attempt(Fault fault, bool stored)
    {
        var connection = await ConnectAsync(fault);
        var table = connection.ServiceClient(retries: 3).GetTableClient("Table");
        var adding = table.AddEntityAsync(Row);
        Assert.True(adding.IsCompleted, "A retry waited.");
        if (stored)
        {
            Assert.Equal(409, (await Assert.ThrowsAsync<RequestFailedException>(() => adding)).Status);
        }
        else
        {
            await adding;
        }

        Assert.Equal(2, connection.Calls);
        Assert.True(await IsStoredAsync());
    }

    [Fact]
    public async Task A_late_call_is_carried_out_when_it_is_released()
    {
        var table = (await ConnectAsync(Fault.TimeOutLate)).ServiceClient().GetTableClient("Table");
        await Assert.ThrowsAsync<TaskCanceledException>(() => table.AddEntityAsync(Row));
        Assert.False(await IsStoredAsync());
        Assert.Single(late).Request();
        Assert.True(await IsStoredAsync());
    }

    [Fact]
    public async Task A_cut_response_is_an_error()
    {
        await (await ConnectAsync(Fault.None)).ServiceClient().GetTableClient("Table").AddEntityAsync(Row);
        await Assert.ThrowsAnyAsync<Exception>(async () => await Cut(7).GetEntityAsync<TableEntity>("p", "r"));
        await Assert.ThrowsAnyAsync<Exception>(() => CountAsync(Cut(7)));
        await Assert.ThrowsAnyAsync<Exception>(() => Cut(90).SubmitTransactionAsync([new(TableTransactionActionType.Delete, Row)]));
        Assert.False(await IsStoredAsync());

        TableClient Cut(int bytes) => tables.Connect(hooks: new TableHooks { Fault = _ => Fault.Cut(bytes) }).ServiceClient().GetTableClient("Table");
    }

    [Fact]
    public async Task Hooks_see_each_call_and_its_status()
    {
        var seen = new List<string>();
        var hooks = new TableHooks
        {
            Before = (call, _) =>
            {
                seen.Add(call.ToString());
                return ValueTask.CompletedTask;
            },
            After = (call, status) => seen.Add($"{call.Number}: {status}"),
        };
        var table = tables.Connect("a", hooks).ServiceClient().GetTableClient("Table");
        await table.CreateIfNotExistsAsync();
        await table.SubmitTransactionAsync([new(TableTransactionActionType.Add, Row), new(TableTransactionActionType.UpsertMerge, new TableEntity("p", "s"))]);
        await Assert.ThrowsAsync<TableTransactionFailedException>(() => table.SubmitTransactionAsync([new(TableTransactionActionType.Add, Row)]));
        await CountAsync(table, "PartitionKey eq 'p'");
        Assert.Equal(
            ["a#1 CreateTable Table  []", "1: 204", "a#2 Transaction Table p [r, s]", "2: 202", "a#3 Transaction Table p [r]", "3: 409", "a#4 Query Table PartitionKey eq 'p'", "4: 200"],
            seen);
    }

    [Fact]
    public async Task Small_and_empty_pages_together_return_all_rows_in_order()
    {
        var table = (await ConnectAsync(Fault.None)).ServiceClient().GetTableClient("Table");
        foreach (var key in (string[])["p1", "p2", "q1", "q2", "q3", "r1", "s1"])
        {
            await table.AddEntityAsync(new TableEntity(key[..1], key));
        }

        var (empty, last) = (0, 0);
        for (var seed = 1; seed <= 100; seed++)
        {
            var cutting = tables.Connect(hooks: new TableHooks { PageRows = TableHooks.SmallPages(seed) }).ServiceClient().GetTableClient("Table");
            foreach (var (filter, expected) in new[] { ("RowKey ne 'q2'", "p1 p2 q1 q3 r1 s1"), ("PartitionKey eq 'q' and RowKey ge 'q2'", "q2 q3") })
            {
                var keys = new List<string>();
                await foreach (var page in cutting.QueryAsync<TableEntity>(filter, maxPerPage: 2).AsPages())
                {
                    keys.AddRange(page.Values.Select(row => row.RowKey));
                    empty += page.Values.Count == 0 && page.ContinuationToken is not null ? 1 : 0;
                    last += page.Values.Count == 0 && page.ContinuationToken is null ? 1 : 0;
                }

                Assert.Equal(expected, string.Join(' ', keys));
            }
        }

        Assert.True(empty > 50 && last > 10, $"{empty} {last}");
    }

    private static async Task<int> CountAsync(TableClient table, string? filter = null)
    {
        var count = 0;
        await foreach (var _ in table.QueryAsync<TableEntity>(filter))
        {
            count++;
        }

        return count;
    }

    private async Task<TableConnection> ConnectAsync(Fault firstCall)
    {
        await tables.Connect("setup").ServiceClient().GetTableClient("Table").CreateIfNotExistsAsync();
        return tables.Connect("test", new TableHooks { Fault = TableHooks.At(1, firstCall), Late = (call, request) => late.Add((call, request)) });
    }

    private async Task<bool> IsStoredAsync() =>
        (await tables.Connect("verify").ServiceClient().GetTableClient("Table").GetEntityIfExistsAsync<TableEntity>("p", "r")).HasValue;
}
