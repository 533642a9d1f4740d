using Azure;
using Azure.Core;
using Azure.Data.Tables;
using Xunit;

namespace Parley.Tests.Tables;

[Collection(OnTables.Name)]
public sealed class RetryTests(TablesFixture tables)
{
    [Theory]
    [InlineData(408)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task A_service_that_is_busy_is_asked_again_with_a_new_signature(int status)
    {
        var dates = new List<string?>();
        var signatures = new List<string?>();
        var (table, transport) = await NewTableAsync(async call =>
        {
            dates.Add(call.Header("x-ms-date"));
            signatures.Add(call.Header("Authorization"));
            if (call.Number < 3)
            {
                call.Request.Headers.SetValue("x-ms-date", $"old {call.Number}");
                call.Request.Headers.SetValue("Authorization", $"old {call.Number}");
                call.Answer(status);
            }
            else
            {
                await call.SendAsync();
            }
        });

        Assert.Equal(204, (await table.AddEntityAsync(new TableEntity("p", "r"))).Status);
        Assert.Equal(3, transport.Calls);
        Assert.All(dates, date => Assert.EndsWith(" GMT", date));
        Assert.All(signatures, signature => Assert.StartsWith("SharedKey", signature));
    }

    [Fact]
    public async Task Retries_end_and_the_last_answer_is_the_error()
    {
        var (table, transport) = await NewTableAsync(call =>
        {
            call.Answer(503, """{"odata.error":{"code":"ServerBusy","message":{"lang":"en-US","value":"The server is busy."}}}""");
            return Task.CompletedTask;
        });
        var refusal = await Assert.ThrowsAsync<RequestFailedException>(() => table.GetEntityIfExistsAsync<TableEntity>("p", "r"));
        Assert.Equal((503, "ServerBusy"), (refusal.Status, refusal.ErrorCode));
        Assert.Contains("The server is busy.", refusal.Message);
        Assert.Equal(4, transport.Calls);
    }

    [Fact]
    public async Task A_refusal_is_final()
    {
        var (table, transport) = await NewTableAsync(call => call.SendAsync());
        await table.AddEntityAsync(new TableEntity("p", "r"));
        Assert.Equal(409, (await Assert.ThrowsAsync<RequestFailedException>(() => table.AddEntityAsync(new TableEntity("p", "r")))).Status);
        Assert.False((await table.GetEntityIfExistsAsync<TableEntity>("p", "none")).HasValue);
        Assert.Equal(412, (await Assert.ThrowsAsync<RequestFailedException>(() => table.DeleteEntityAsync("p", "r", new ETag("W/\"datetime'2020-01-01T00%3A00%3A00.0000000Z'\"")))).Status);
        Assert.Equal(4, transport.Calls);
    }

    [Fact]
    public async Task A_dropped_connection_is_tried_again()
    {
        var (table, transport) = await NewTableAsync(call => call.Number == 1 ? throw new IOException("dropped") : call.SendAsync());
        Assert.Equal(204, (await table.AddEntityAsync(new TableEntity("p", "r"))).Status);
        Assert.Equal(2, transport.Calls);
    }

    [Fact]
    public async Task A_lost_answer_makes_an_insert_meet_itself()
    {
        var (table, transport) = await NewTableAsync(LoseFirstAnswer);
        Assert.Equal(409, (await Assert.ThrowsAsync<RequestFailedException>(() => table.AddEntityAsync(new TableEntity("p", "r")))).Status);
        Assert.Equal(2, transport.Calls);
        Assert.True((await table.GetEntityIfExistsAsync<TableEntity>("p", "r")).HasValue);
    }

    [Fact]
    public async Task A_lost_answer_makes_a_transaction_meet_itself()
    {
        var (table, _) = await NewTableAsync(LoseFirstAnswer);
        var refusal = await Assert.ThrowsAsync<TableTransactionFailedException>(() => table.SubmitTransactionAsync(
            [new(TableTransactionActionType.UpsertMerge, new TableEntity("p", "1")), new(TableTransactionActionType.Add, new TableEntity("p", "2"))]));
        Assert.Equal((409, 1), (refusal.Status, refusal.FailedTransactionActionIndex));
        Assert.True((await table.GetEntityIfExistsAsync<TableEntity>("p", "2")).HasValue);
    }

    private static async Task LoseFirstAnswer(HookTransport.Call call)
    {
        await call.SendAsync();
        if (call.Number == 1)
            throw new IOException("lost");
    }

    private async Task<(TableClient Table, HookTransport Transport)> NewTableAsync(Func<HookTransport.Call, Task> hook)
    {
        var name = (await tables.NewTableAsync()).Name;
        var transport = new HookTransport(hook);
        var options = new TableClientOptions { Transport = transport, Retry = { MaxRetries = 3, Mode = RetryMode.Fixed, Delay = TimeSpan.FromMilliseconds(1) } };
        return (new TableServiceClient(tables.ConnectionString, options).GetTableClient(name), transport);
    }
}
