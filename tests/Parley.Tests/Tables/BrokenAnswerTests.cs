using System.Net;
using System.Net.Sockets;
using System.Text;
using Azure;
using Azure.Core;
using Azure.Data.Tables;
using Xunit;

namespace Parley.Tests.Tables;

[Collection(OnTables.Name)]
public sealed class BrokenAnswerTests(TablesFixture tables)
{
    [Fact]
    public async Task A_connection_that_ends_within_the_body_is_tried_again_and_then_an_error()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var answered = AnswerAsync(server, connections: 3);

        var endpoint = new Uri($"http://{server.LocalEndpoint}/account");
        var options = new TableClientOptions { Retry = { MaxRetries = 2, Mode = RetryMode.Fixed, Delay = TimeSpan.FromMilliseconds(1) } };
        var table = new TableServiceClient(endpoint, new TableSharedKeyCredential("account", "a2V5"), options).GetTableClient("t");
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => ReadAsync(table));
        Assert.True(failure is RequestFailedException { Status: 0 } or AggregateException or IOException, failure.ToString());
        await answered;
    }

    [Fact]
    public async Task An_answer_to_a_query_that_is_cut_short_is_never_a_page()
    {
        var source = await tables.NewTableAsync();
        for (var i = 0; i < 3; i++)
            await source.AddEntityAsync(new TableEntity("p", $"{i}") { ["N"] = 5L });

        for (var missing = 1; missing < 200; missing += 13)
        {
            var table = Cutting(source.Name, missing);
            await Assert.ThrowsAnyAsync<Exception>(() => ReadAsync(table));
        }
    }

    [Fact]
    public async Task An_answer_to_a_transaction_that_is_cut_short_is_never_a_success()
    {
        var source = await tables.NewTableAsync();
        TableTransactionAction[] actions = [.. Enumerable.Range(0, 3).Select(i => new TableTransactionAction(TableTransactionActionType.UpsertReplace, new TableEntity("p", $"{i}")))];
        for (var missing = 60; missing < 600; missing += 31)
        {
            var table = Cutting(source.Name, missing);
            await Assert.ThrowsAnyAsync<Exception>(() => table.SubmitTransactionAsync(actions));
        }
    }

    [Fact]
    public async Task The_operation_that_failed_is_read_from_the_services_answer()
    {
        const string Answer = """
            --batchresponse_1
            Content-Type: multipart/mixed; boundary=changesetresponse_2

            --changesetresponse_2
            Content-Type: application/http
            Content-Transfer-Encoding: binary

            HTTP/1.1 400 Bad Request
            X-Content-Type-Options: nosniff
            DataServiceVersion: 3.0;
            Content-Type: application/json;odata=minimalmetadata;streaming=true;charset=utf-8

            {"odata.error":{"code":"InvalidInput","message":{"lang":"en-US","value":"99:The batch request operation exceeds the maximum 100 changes per change set.\nRequestId:1\nTime:2"}}}
            --changesetresponse_2--
            --batchresponse_1--

            """;
        var table = Answering(202, Answer.ReplaceLineEndings("\r\n"), ("Content-Type", "multipart/mixed; boundary=batchresponse_1"));
        var refusal = await Assert.ThrowsAsync<TableTransactionFailedException>(() => table.SubmitTransactionAsync(
            [new(TableTransactionActionType.Add, new TableEntity("p", "r"))]));
        Assert.Equal((400, "InvalidInput", 99), (refusal.Status, refusal.ErrorCode, refusal.FailedTransactionActionIndex));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>Forbidden</html>")]
    [InlineData("""{"other":1}""")]
    public async Task A_refusal_without_a_readable_body_has_its_status(string body)
    {
        var refusal = await Assert.ThrowsAsync<RequestFailedException>(() => Answering(403, body).AddEntityAsync(new TableEntity("p", "r")));
        Assert.Equal(403, refusal.Status);
    }

    [Fact]
    public async Task A_row_is_read_whatever_the_order_of_types_and_values()
    {
        var table = Answering(200, """
            {"odata.metadata":"m","odata.etag":"W/\"1\"","N":"5","D@odata.type":"Edm.Double","N@odata.type":"Edm.Int64","PartitionKey":"p","RowKey":"r",
             "D":"NaN","I":1,"L":3000000000,"F":5.0,"Timestamp":"2026-03-01T00:00:00.1234567Z"}
            """);
        var row = (await table.GetEntityAsync<TableEntity>("p", "r")).Value;
        Assert.Equal((5L, double.NaN, 1, 3_000_000_000L, 5d), (row.GetInt64("N"), row.GetDouble("D"), row.GetInt32("I"), row.GetInt64("L"), row.GetDouble("F")));
        Assert.Equal(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero).AddTicks(1_234_567), row.Timestamp);
        Assert.False(row.ContainsKey("odata.metadata"));
        Assert.True(row.ContainsKey("odata.etag"));
    }

    private static async Task ReadAsync(TableClient table)
    {
        await foreach (var _ in table.QueryAsync<TableEntity>())
        {
        }
    }

    private static async Task AnswerAsync(TcpListener server, int connections)
    {
        var buffer = new byte[4096];
        for (var i = 0; i < connections; i++)
        {
            using var client = await server.AcceptTcpClientAsync();
            var stream = client.GetStream();
            _ = await stream.ReadAsync(buffer);
            await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"value\":["));
        }
    }

    private TableClient Answering(int status, string body, params (string Name, string Value)[] headers) => Client("t", call =>
    {
        call.Answer(status, body, headers);
        return Task.CompletedTask;
    });

    private TableClient Cutting(string name, int missing) => Client(name, async call =>
    {
        await call.SendAsync();
        var response = call.Message.Response;
        using var body = new MemoryStream();
        await response.ContentStream!.CopyToAsync(body);
        response.ContentStream = new MemoryStream(body.ToArray()[..^missing]);
    });

    private TableClient Client(string name, Func<HookTransport.Call, Task> hook)
    {
        var options = new TableClientOptions { Transport = new HookTransport(hook), Retry = { MaxRetries = 0 } };
        return new TableServiceClient(tables.ConnectionString, options).GetTableClient(name);
    }
}
