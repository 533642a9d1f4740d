using System.Text;
using Azure;
using Azure.Core;
using Azure.Data.Tables;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.OnStrictTables;

/// <summary>Raw requests and responses that Parley's clients neither send nor see.</summary>
public sealed class WireTests
{
    private const string Root = "https://strict.table.invalid/";
    private const string Minimal = "application/json;odata=minimalmetadata";

    private readonly VirtualTime time = new();
    private readonly TableConnection connection;

    public WireTests() => connection = new StrictTables(time).Connect();

    [Theory]
    [InlineData("""{"RowKey":"r"}""", "PropertiesNeedValue")]
    [InlineData("""{"PartitionKey":"p"}""", "PropertiesNeedValue")]
    [InlineData("""{"PartitionKey":"p","RowKey":1}""", "InvalidValueType")]
    [InlineData("""{"PartitionKey":"p","RowKey":"r","A":1,"A":2}""", "DuplicatePropertiesSpecified")]
    [InlineData("""{"PartitionKey":"p","RowKey":"r","RowKey":"s"}""", "DuplicatePropertiesSpecified")]
    [InlineData("""{"PartitionKey":"p","RowKey":"r","A":3000000000}""", "InvalidValueType")]
    [InlineData("""{"PartitionKey":"p","RowKey":"r","A":5,"A@odata.type":"Edm.Int64"}""", "InvalidValueType")]
    [InlineData("""{"PartitionKey":"p","RowKey":"r","A":"x","A@odata.type":"Edm.Guid"}""", "InvalidValueType")]
    [InlineData("""{"PartitionKey":"p","RowKey":"r","A":"2026-03-01T00:00:00","A@odata.type":"Edm.DateTime"}""", "InvalidValueType")]
    [InlineData("""{"PartitionKey":"p","RowKey":"r","A":"?","A@odata.type":"Edm.Binary"}""", "InvalidValueType")]
    [InlineData("""{"PartitionKey":"p","RowKey":"r","A":{}}""", "InvalidValueType")]
    [InlineData("""{"PartitionKey":"p","RowKey":"r","1A":1}""", "PropertyNameInvalid")]
    [InlineData("""{"PartitionKey":"p","RowKey":"r""", "InvalidInput")]
    [InlineData("""[]""", "InvalidInput")]
    public async Task An_invalid_entity_is_refused(string json, string code)
    {
        await CreateTableAsync();
        var answer = await SendAsync("POST", "Table", json);
        Assert.Equal(400, answer.Status);
        Assert.Contains($"\"code\":\"{code}\"", Body(answer));
    }

    [Fact]
    public async Task An_entity_is_returned_with_its_types()
    {
        await CreateTableAsync();
        var answer = await SendAsync("POST", "Table", """
            {"PartitionKey":"p","RowKey":"r","I":1,"D":2.0,"E":3,"E@odata.type":"Edm.Double","N":"NaN","N@odata.type":"Edm.Double","L@odata.type":"Edm.Int64","L":"4",
             "B":true,"Null":null,"T":"2026-03-01T00:00:00.1234567Z","T@odata.type":"Edm.DateTime","X":"AQI=","X@odata.type":"Edm.Binary"}
            """, ("Prefer", "return-content"));
        Assert.Equal(201, answer.Status);
        Assert.True(answer.Headers.TryGetValue("ETag", out var etag));
        var expected =
            "{\"odata.metadata\":\"https://strict.table.invalid/$metadata#Table/@Element\",\"odata.etag\":\"" + etag.Replace("\"", "\\\"", StringComparison.Ordinal)
            + "\",\"PartitionKey\":\"p\",\"RowKey\":\"r\",\"Timestamp\":\"2026-03-01T12:00:00.0000000Z\",\"I\":1,\"D\":2.0,\"E\":3.0,\"N@odata.type\":\"Edm.Double\",\"N\":\"NaN\","
            + "\"L@odata.type\":\"Edm.Int64\",\"L\":\"4\",\"B\":true,\"T@odata.type\":\"Edm.DateTime\",\"T\":\"2026-03-01T00:00:00.1234567Z\",\"X@odata.type\":\"Edm.Binary\",\"X\":\"AQI=\"}";
        Assert.Equal(expected, Body(answer));
    }

    [Theory]
    [InlineData("DELETE", "Table(PartitionKey='p',RowKey='r')", null, "MissingRequiredHeader")]
    [InlineData("DELETE", "Table(PartitionKey='p',RowKey='r')", "\"1\"", "InvalidInput")]
    [InlineData("PUT", "Table(PartitionKey='p',RowKey='r')", "W/\"1\"", "InvalidInput")]
    [InlineData("GET", "Table()?NextPartitionKey=p", null, "InvalidInput")]
    [InlineData("GET", "Table()?NextRowKey=1!4!cA--", null, "InvalidInput")]
    [InlineData("GET", "Table()?$top=0", null, "InvalidInput")]
    [InlineData("GET", "Table()?$filter=A%20eq", null, "InvalidInput")]
    [InlineData("GET", "Table()?$filter=A%20eq%20'x", null, "InvalidInput")]
    [InlineData("GET", "Table()?$filter=(A%20eq%201", null, "InvalidInput")]
    [InlineData("GET", "Table()?$filter=A%20eq%20null", null, "InvalidInput")]
    [InlineData("GET", "Table()?$filter=A%20EQ%201", null, "InvalidInput")]
    [InlineData("GET", "Table()?$filter=startswith(A,'x')", null, "InvalidInput")]
    public async Task An_invalid_request_is_refused(string method, string path, string? ifMatch, string code)
    {
        await CreateTableAsync();
        await SendAsync("POST", "Table", """{"PartitionKey":"p","RowKey":"r"}""");
        var answer = await SendAsync(method, path, method == "PUT" ? "{}" : null, ifMatch is null ? [] : [("If-Match", ifMatch)]);
        Assert.Equal(400, answer.Status);
        Assert.Contains($"\"code\":\"{code}\"", Body(answer));
    }

    [Theory]
    [InlineData("GET", "Tables", null, null)]
    [InlineData("GET", "", null, null)]
    [InlineData("GET", "Table/x?comp=acl", null, null)]
    [InlineData("GET", "Table()?comp=acl", null, null)]
    [InlineData("GET", "Table(RowKey='r')", null, null)]
    [InlineData("OPTIONS", "Table", null, null)]
    [InlineData("GET", "Table", "If-None-Match", "*")]
    [InlineData("GET", "Table", "x-ms-version", "2011-08-18")]
    [InlineData("GET", "Table", "DataServiceVersion", "2.0")]
    [InlineData("GET", "Table", "Accept", "application/atom+xml")]
    [InlineData("POST", "Table", "X-HTTP-Method", "MERGE")]
    [InlineData("POST", "Table", "Content-Type", "application/atom+xml")]
    [InlineData("GET", "Table?$filter='x'%20eq%20A", null, null)]
    public async Task An_unsupported_request_throws(string method, string path, string? header, string? value)
    {
        await CreateTableAsync();
        await Assert.ThrowsAsync<NotSupportedException>(() => SendAsync(method, path, method == "POST" ? "{}" : null, header is null ? [] : [(header, value!)]));
    }

    [Fact]
    public async Task A_merge_may_come_as_MERGE_and_a_batch_part_with_its_own_host()
    {
        await CreateTableAsync();
        await SendAsync("POST", "Table", """{"PartitionKey":"p","RowKey":"r","A":1}""");
        Assert.Equal(204, (await SendAsync("MERGE", "Table(PartitionKey='p',RowKey='r')", """{"B":2}""")).Status);
        const string Batch = """
            --batch_1
            Content-Type: multipart/mixed; boundary=changeset_2

            --changeset_2
            Content-Type: application/http
            Content-Transfer-Encoding: binary

            PATCH https://strict.table.invalid/Table(PartitionKey='p',RowKey='r')?$format=application%2Fjson%3Bodata%3Dminimalmetadata HTTP/1.1
            Host: strict.table.invalid
            x-ms-version: 2020-12-06
            DataServiceVersion: 3.0
            Accept: application/json
            Content-Type: application/json
            If-Match: *

            {"C":3}
            --changeset_2--

            --batch_1--

            """;
        var answer = await SendAsync("POST", "$batch", Batch.ReplaceLineEndings("\r\n"), ("Content-Type", "multipart/mixed; boundary=batch_1"));
        Assert.Equal(202, answer.Status);
        Assert.Contains("HTTP/1.1 204 No Content", Body(answer));
        Assert.EndsWith("\"A\":1,\"B\":2,\"C\":3}", Body(await SendAsync("GET", "Table(PartitionKey='p',RowKey='r')", null)));
    }

    [Fact]
    public async Task ETags_are_never_used_twice_and_rows_have_the_time_of_writing()
    {
        var table = connection.ServiceClient().GetTableClient("Table");
        await table.CreateIfNotExistsAsync();
        var seen = new HashSet<ETag>();
        for (var i = 0; i < 100; i++)
        {
            Assert.True(seen.Add((await table.UpsertEntityAsync(new TableEntity("p", $"{i % 3}"))).Headers.ETag!.Value));
            if (i % 10 == 9)
            {
                await table.DeleteEntityAsync("p", "0");
            }
        }

        time.Advance(TimeSpan.FromMinutes(1));
        await table.UpsertEntityAsync(new TableEntity("p", "1"));
        Assert.Equal(time.GetUtcNow(), (await table.GetEntityAsync<TableEntity>("p", "1")).Value.Timestamp);
    }

    [Fact]
    public async Task A_deleted_tables_name_can_be_used_again_after_a_while()
    {
        var table = connection.ServiceClient().GetTableClient("Table");
        await table.CreateIfNotExistsAsync();
        await table.DeleteAsync();
        time.Advance(TimeSpan.FromSeconds(39));
        await Assert.ThrowsAsync<RequestFailedException>(() => table.CreateIfNotExistsAsync());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(204, (await table.CreateIfNotExistsAsync()).GetRawResponse().Status);
    }

    [Theory]
    [InlineData("ab", "OutOfRangeInput")]
    [InlineData("1abc", "InvalidResourceName")]
    [InlineData("a-bc", "InvalidResourceName")]
    [InlineData("Tables", "InvalidResourceName")]
    public async Task An_invalid_table_name_is_refused(string name, string code) =>
        Assert.Contains($"\"code\":\"{code}\"", Body(await SendAsync("POST", "Tables", $$"""{"TableName":"{{name}}"}""")));

    private static string Body(Response response) => response.Content.ToString();

    private async Task CreateTableAsync() => await connection.ServiceClient().GetTableClient("Table").CreateIfNotExistsAsync();

    private async Task<Response> SendAsync(string method, string path, string? body, params (string Name, string Value)[] headers)
    {
        var message = new HttpMessage(connection.CreateRequest(), new ResponseClassifier());
        message.Request.Method = RequestMethod.Parse(method);
        message.Request.Uri.Reset(new Uri(Root + path));
        message.Request.Headers.SetValue("x-ms-version", "2020-12-06");
        message.Request.Headers.SetValue("DataServiceVersion", "3.0");
        message.Request.Headers.SetValue("Accept", Minimal);
        if (body is not null)
        {
            message.Request.Headers.SetValue("Content-Type", "application/json");
            message.Request.Content = RequestContent.Create(Encoding.UTF8.GetBytes(body));
        }

        foreach (var (name, value) in headers)
        {
            message.Request.Headers.SetValue(name, value);
        }

        await connection.ProcessAsync(message);
        return message.Response;
    }
}
