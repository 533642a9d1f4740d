using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Testing;
using Parley.Testing.Spreadsheets;
using Xunit;

namespace Parley.EndToEnd.Tests.MaiAgent;

/// <summary>Exports of a chatbot's records, and the size from which a workbook has to be one.</summary>
public sealed class RecordExportTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const int MaxInWorkbook = 10_000;

    [Fact]
    public async Task Records_are_exported_in_every_format()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var client = await parley.NewTenantClientAsync("Records' exports");
        var id = await client.NewBotAsync();
        for (var i = 0; i < 5; i++)
        {
            await client.SendToChatbotAsync(id, $"/words {i + 1} /pace 0");
        }

        var records = (await client.CallAsync(HttpMethod.Get, $"v1/chatbots/{id}/records"))["results"]!.AsArray();
        var number = (await client.CallAsync(HttpMethod.Get, $"v1/chatbots/{id}"))["number"]!.GetValue<int>();
        foreach (var format in new[] { "jsonl", "csv", "xlsx" })
        {
            var export = await client.ExportAsync(new { callbackUrl = receiver.Url(), format, language = "ptBr" }, $"v1/chatbots/{id}/records/export");
            Assert.Equal(("records", number), (ApiHelpers.Text(export["kind"]), export["chatbot"]!.GetValue<int>()));
            export = await client.WithWebhookAsync(export);
            Assert.Equal(records.Count, export["rows"]!.GetValue<int>());
            var file = await client.FileAsync(export);
            if (format == "jsonl")
            {
                var lines = Encoding.UTF8.GetString(file).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
                Assert.Equal(
                    records.Select(record => (ApiHelpers.Text(record!["id"]), ApiHelpers.Text(record["outputMessage"]), record["replyTime"]!.GetValue<double>())),
                    lines.Select(line => (ApiHelpers.Text(line["id"]), ApiHelpers.Text(line["output_message"]), line["reply_time_s"]!.GetValue<double>())));
            }
            else if (format == "xlsx")
            {
                // The workbook that a client waits for has the same rows.
                using var awaited = await client.GetAsync($"v1/chatbots/{id}/records/export-excel?language=ptBr");
                var rows = await WorkbookReader.OfDotNet[0].ReadAsync(await awaited.Content.ReadAsByteArrayAsync());
                Assert.Equal(rows, await WorkbookReader.OfDotNet[0].ReadAsync(file));
            }
        }
    }

    [Fact]
    public async Task A_range_of_too_many_records_is_refused_with_the_way_to_export_it()
    {
        var access = await parley.CreateTenantAsync("Too many records");
        var client = parley.NewClient(access.ApiKey);
        var id = await client.NewBotAsync();
        var number = (await client.CallAsync(HttpMethod.Get, $"v1/chatbots/{id}"))["number"]!.GetValue<int>();
        await client.SendToChatbotAsync(id, "/words 1 /pace 0");
        var oldest = DateTimeOffset.UnixEpoch.AddMilliseconds(1);
        await AddKeysAsync(access.Tenant, number, MaxInWorkbook);

        await client.RefusedAsync(HttpMethod.Get, $"v1/chatbots/{id}/records/export-excel", null, 422, "too_many_records");
        using var refused = await client.GetAsync($"v1/chatbots/{id}/records/export-excel");
        var problem = (await refused.ReadAsync(HttpStatusCode.UnprocessableEntity))["detail"]!.GetValue<string>();
        Assert.Contains($"POST /v1/chatbots/{number}/records/export", problem, StringComparison.Ordinal);
        Assert.Contains("10000", problem, StringComparison.Ordinal);

        using var shorter = await client.GetAsync($"v1/chatbots/{id}/records/export-excel?from={Uri.EscapeDataString(oldest.AddYears(40).ToString("O", CultureInfo.InvariantCulture))}");
        Assert.True(shorter.IsSuccessStatusCode, await shorter.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Requests_are_checked_as_those_for_messages()
    {
        var client = await parley.NewTenantClientAsync("Checked exports of records");
        var id = await client.NewBotAsync();
        var path = $"v1/chatbots/{id}/records/export";
        await client.RefusedAsync(HttpMethod.Post, path, new { }, 422, "invalid_fields", "callbackUrl");
        await client.RefusedAsync(HttpMethod.Post, $"v1/chatbots/{ApiHelpers.UnknownUuid}/records/export", new { callbackUrl = "https://example.com/" }, 404, "chatbot_not_found");
        await parley.NewClient(token: null).RefusedAsync(HttpMethod.Post, path, new { }, 401, "unauthenticated");
        await (await parley.NewClientWithScopeAsync("assistants:use")).RefusedAsync(HttpMethod.Post, path, new { }, 403, "scope_missing");
    }

    /// <summary>Index rows of the chatbot without completions: they count, and no page shows them.</summary>
    private static async Task AddKeysAsync(long tenant, int chatbot, int count)
    {
        var tables = new TableClient(await AzuriteFixture.GetConnectionStringAsync(), "Tenants");
        var partition = string.Create(CultureInfo.InvariantCulture, $"{tenant:D8}|b{chatbot:D10}");
        foreach (var chunk in Enumerable.Range(1, count).Chunk(100))
        {
            await tables.SubmitTransactionAsync(chunk.Select(one => new TableTransactionAction(
                TableTransactionActionType.Add,
                new TableEntity(partition, string.Create(CultureInfo.InvariantCulture, $"r|{99_999_999_999_999 - one:D14}|{int.MaxValue - 1:D10}|{1:D10}")))));
        }
    }
}
