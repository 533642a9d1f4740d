using System.Diagnostics.Tracing;
using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.Core.Diagnostics;
using Azure.Data.Tables;
using Xunit;

namespace Parley.Tests.Tables;

[Collection(OnTables.Name)]
public sealed class ClientTests(TablesFixture tables)
{
    private const string Key = "c2VjcmV0IGtleSBvZiB0aGUgYWNjb3VudA==";

    [Theory]
    [InlineData($"AccountName=acct;AccountKey={Key};EndpointSuffix=core.windows.net", "https://acct.table.core.windows.net/tab", "acct")]
    [InlineData($"DefaultEndpointsProtocol=http;AccountName=acct;AccountKey={Key};EndpointSuffix=example.net;", "http://acct.table.example.net/tab", "acct")]
    [InlineData($"AccountName=acct;AccountKey={Key};TableEndpoint=http://127.0.0.1:11002/acct;", "http://127.0.0.1:11002/acct/tab", "acct")]
    [InlineData($"AccountName=acct;AccountKey={Key};TableEndpoint=http://127.0.0.1:11002/acct/", "http://127.0.0.1:11002/acct/tab", "acct")]
    [InlineData("UseDevelopmentStorage=true", "http://127.0.0.1:10002/devstoreaccount1/tab", "devstoreaccount1")]
    public void Connection_strings_name_the_account_and_its_endpoint(string connectionString, string address, string account)
    {
        var service = new TableServiceClient(connectionString);
        var table = service.GetTableClient("tab");
        Assert.Equal((address, account, "tab"), (table.Uri.AbsoluteUri, table.AccountName, table.Name));
        Assert.Equal(account, service.AccountName);
        Assert.StartsWith(service.Uri.AbsoluteUri.TrimEnd('/'), address);
        Assert.Equal(address, new TableClient(connectionString, "tab").Uri.AbsoluteUri);
    }

    [Theory]
    [InlineData("AccountName=acct")]
    [InlineData($"AccountKey={Key};EndpointSuffix=core.windows.net")]
    [InlineData($"AccountName=acct;AccountKey={Key}")]
    [InlineData("nonsense")]
    public void Other_connection_strings_are_refused_without_telling_the_key(string connectionString)
    {
        var refusal = Assert.ThrowsAny<Exception>(() => new TableServiceClient(connectionString));
        Assert.DoesNotContain(Key, refusal.ToString());
    }

    [Fact]
    public async Task An_identity_sends_its_token()
    {
        string? authorization = null, address = null;
        var transport = new HookTransport(call =>
        {
            (authorization, address) = (call.Header("Authorization"), call.Request.Uri.ToString());
            call.Answer(204, "", ("ETag", "W/\"1\""));
            return Task.CompletedTask;
        });
        var identity = new FixedIdentity();
        var service = new TableServiceClient(new Uri("https://acct.table.core.windows.net"), identity, new TableClientOptions { Transport = transport });

        var added = await service.GetTableClient("tab").AddEntityAsync(new TableEntity("p", "r"));
        Assert.Equal("Bearer the-token", authorization);
        Assert.Equal(["https://storage.azure.com/.default"], identity.Scopes);
        Assert.Equal(new ETag("W/\"1\""), added.Headers.ETag);
        Assert.Equal("acct", service.AccountName);
        Assert.StartsWith("https://acct.table.core.windows.net/tab?", address);
    }

    [Fact]
    public async Task Requests_are_those_of_the_protocol()
    {
        var sent = new List<string>();
        var transport = new HookTransport(async call =>
        {
            using var body = new MemoryStream();
            if (call.Request.Content != null)
                await call.Request.Content.WriteToAsync(body, CancellationToken.None);
            var path = call.Request.Uri.ToUri().PathAndQuery.Split("?$format=")[0];
            sent.Add($"{call.Request.Method} {path} {call.Header("If-Match")} {call.Header("Prefer")} {call.Header("DataServiceVersion")} {call.Header("x-ms-version")}");
            if (body.Length > 0)
                sent.Add(string.Join(' ', JsonDocument.Parse(body.ToArray()).RootElement.EnumerateObject().Select(property => $"{property.Name}={property.Value.GetString()}").Order(StringComparer.Ordinal)));
            call.Answer(204);
        });
        var table = new TableServiceClient($"AccountName=a;AccountKey={Key};TableEndpoint=http://127.0.0.1:1/a", new TableClientOptions { Transport = transport }).GetTableClient("tab");
        var row = new TableEntity("p'q", "r s") { ["N"] = 5L, ["Timestamp"] = DateTimeOffset.UnixEpoch, ETag = new ETag("W/\"1\"") };

        await table.AddEntityAsync(row);
        await table.UpdateEntityAsync(row, row.ETag);
        await table.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace);
        await table.UpsertEntityAsync(row);
        await table.DeleteEntityAsync(row);

        const string Body = "N=5 N@odata.type=Edm.Int64 PartitionKey=p'q RowKey=r s";
        const string Row = "/a/tab(PartitionKey='p%27%27q',RowKey='r%20s')";
        Assert.Equal(
        [
            "POST /a/tab  return-no-content 3.0 2020-12-06", Body,
            $"PATCH {Row} W/\"1\"  3.0 2020-12-06", Body,
            $"PUT {Row} *  3.0 2020-12-06", Body,
            $"PATCH {Row}   3.0 2020-12-06", Body,
            $"DELETE {Row} *  3.0 2020-12-06",
        ], sent);
    }

    [Fact]
    public async Task A_cancelled_call_ends()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        var table = await tables.NewTableAsync();
        var row = new TableEntity("p", "r");
        var none = cancelled.Token;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => table.AddEntityAsync(row, none));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => table.GetEntityAsync<TableEntity>("p", "r", null, none));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => table.GetEntityIfExistsAsync<TableEntity>("p", "r", null, none));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => table.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Merge, none));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => table.UpsertEntityAsync(row, TableUpdateMode.Merge, none));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => table.DeleteEntityAsync("p", "r", default, none));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => table.SubmitTransactionAsync([new(TableTransactionActionType.Add, row)], none));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => table.CreateIfNotExistsAsync(none));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => table.DeleteAsync(none));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in table.QueryAsync<TableEntity>(cancellationToken: none))
            {
            }
        });
        Assert.False((await table.GetEntityIfExistsAsync<TableEntity>("p", "r")).HasValue);
    }

    [Fact]
    public async Task A_call_that_hangs_ends_when_cancelled()
    {
        using var source = new CancellationTokenSource();
        var transport = new HookTransport(async call =>
        {
            await source.CancelAsync();
            await new TaskCompletionSource().Task.WaitAsync(call.Message.CancellationToken);
        });
        var table = new TableServiceClient(tables.ConnectionString, new TableClientOptions { Transport = transport }).GetTableClient("t");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => table.AddEntityAsync(new TableEntity("p", "r"), source.Token));
        Assert.Equal(1, transport.Calls);
    }

    [Fact]
    public async Task Logs_tell_neither_the_key_nor_a_signature_nor_a_filter()
    {
        var log = new List<string>();
        using var listener = new AzureEventSourceListener((_, message) => Add(log, message), EventLevel.Verbose);
        var signatures = new List<string>();
        var options = new TableClientOptions
        {
            Transport = new HookTransport(async call =>
            {
                signatures.Add(call.Header("Authorization")!.Split(':')[^1]);
                await call.SendAsync();
            }),
        };
        var table = await tables.NewTableAsync(options);
        await table.AddEntityAsync(new TableEntity("p", "r"));
        await foreach (var _ in table.QueryAsync<TableEntity>("PartitionKey eq 'customer-4711'"))
        {
        }

        var refusal = await Assert.ThrowsAsync<RequestFailedException>(() => table.AddEntityAsync(new TableEntity("p", "r")));
        string text;
        lock (log)
            text = string.Join('\n', log) + refusal;
        Assert.Contains(table.Name, text);
        Assert.NotEmpty(signatures);
        Assert.All(signatures, signature => Assert.DoesNotContain(signature, text));
        Assert.DoesNotContain("customer-4711", text);
        var key = tables.ConnectionString.Split(';').FirstOrDefault(setting => setting.StartsWith("AccountKey=", StringComparison.Ordinal));
        Assert.DoesNotContain(key?["AccountKey=".Length..] ?? "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsu", text);
    }

    private static void Add(List<string> log, string message)
    {
        lock (log)
            log.Add(message);
    }

    private sealed class FixedIdentity : TokenCredential
    {
        public string[] Scopes { get; private set; } = [];

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Scopes = requestContext.Scopes;
            return new AccessToken("the-token", DateTimeOffset.MaxValue);
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));
    }
}
