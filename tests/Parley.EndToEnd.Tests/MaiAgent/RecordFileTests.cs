using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Parley.Testing;
using Parley.Testing.Spreadsheets;
using Xunit;

namespace Parley.EndToEnd.Tests.MaiAgent;

/// <summary>The workbook of a chatbot's records.</summary>
public partial class RecordFileTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private static readonly string[] English =
    [
        "id", "conversation", "input_message", "context", "output_message", "reply_time_s", "time", "error", "faithfulness", "answer_relevancy", "context_precision",
        "answer_correctness", "answer_similarity", "context_recall", "input_message_2", "input_message_3", "input_message_4", "context_2", "context_3",
        "output_message_2", "output_message_3", "output_message_4",
    ];

    private static readonly string[] Portuguese =
    [
        "id", "conversa", "mensagem_do_cliente", "contexto", "resposta", "tempo_de_resposta_s", "horário", "erro", "fidelidade", "relevância_da_resposta", "precisão_do_contexto",
        "correção_da_resposta", "similaridade_da_resposta", "revocação_do_contexto", "mensagem_do_cliente_2", "mensagem_do_cliente_3", "mensagem_do_cliente_4", "contexto_2", "contexto_3",
        "resposta_2", "resposta_3", "resposta_4",
    ];

    private static readonly string[] Chinese =
    [
        "識別碼", "對話", "客戶訊息", "上下文", "回覆", "回覆時間_秒", "時間", "錯誤", "忠實度", "答案相關性", "上下文精確度", "答案正確性", "答案相似度", "上下文召回率",
        "客戶訊息_2", "客戶訊息_3", "客戶訊息_4", "上下文_2", "上下文_3", "回覆_2", "回覆_3", "回覆_4",
    ];

    [Fact]
    public async Task All_languages_have_every_record_with_every_column()
    {
        var client = await parley.NewTenantClientAsync("Records' file");
        var id = await client.NewBotAsync();
        await FillAsync(client, id);
        var records = (await client.CallAsync(HttpMethod.Get, $"v1/chatbots/{id}/records?pageSize=100"))["results"]!.AsArray();
        Assert.Equal(18, records.Count);

        foreach (var (query, headings, words) in new (string, string[], Dictionary<string, string>?)[]
        {
            ("", English, null), ("?language=enUs", English, null),
            ("?language=ptBr", Portuguese, new() { ["refused"] = "recusado", ["unavailable"] = "indisponível", ["bad_request"] = "requisição inválida", ["rate_limited"] = "limite de requisições" }),
            ("?language=zhTw", Chinese, new() { ["refused"] = "已拒絕", ["unavailable"] = "無法連線", ["bad_request"] = "無效的請求", ["rate_limited"] = "請求過多" }),
        })
        {
            var file = await FileAsync(client, $"v1/chatbots/{id}/records/export-excel{query}");
            await WorkbookAssert.HasAsync(file, [[headings, .. records.Select(record => Cells(record!, words))]], WorkbookReader.OfDotNet);
        }
    }

    [Fact]
    public async Task Net_readers_open_the_records() => await AssertOpenAsync(WorkbookReader.OfDotNet);

    [Fact]
    [Trait(nameof(Needs), Needs.Readers)]
    public async Task Npm_readers_open_the_records() => await AssertOpenAsync(NpmReaders.All);

    [Fact]
    public async Task The_range_is_that_of_the_list_and_without_records_there_are_headings()
    {
        var client = await parley.NewTenantClientAsync("File's range");
        var id = await client.NewBotAsync();
        Assert.Equal(English, Assert.Single(await RowsAsync(client, $"v1/chatbots/{id}/records/export-excel")));
        for (var i = 0; i < 3; i++)
        {
            await client.SendToChatbotAsync(id, $"/words 1 /pace 0 {i}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }

        var records = (await client.CallAsync(HttpMethod.Get, $"v1/chatbots/{id}/records"))["results"]!.AsArray();
        var (newest, oldest) = (ApiHelpers.Text(records[0]!["createdAt"]), ApiHelpers.Text(records[2]!["createdAt"]));
        var rows = await RowsAsync(client, $"v1/chatbots/{id}/records/export-excel?from={oldest}&to={newest}");
        Assert.Equal(records.Skip(1).Select(record => ApiHelpers.Text(record!["id"])), rows.Skip(1).Select(row => row[0]));
        await client.RefusedAsync(HttpMethod.Get, $"v1/chatbots/{id}/records/export-excel?from=x&to=y&language=pt", null, 422, "invalid_fields", "from", "to", "language");
        await client.RefusedAsync(HttpMethod.Get, $"v1/chatbots/{id}/records/export-excel?from={newest}&to={oldest}", null, 422, "invalid_fields", "from");
    }

    /// <summary>More records than ExcelJS has read of a workbook without references, with texts of every kind.</summary>
    private async Task AssertOpenAsync(IReadOnlyList<WorkbookReader> readers)
    {
        var client = await parley.NewTenantClientAsync("Readers of records");
        var id = await client.NewBotAsync();
        await FillAsync(client, id);
        await Parallel.ForAsync(0, 190, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
            await client.SendToChatbotAsync(id, $"/words 1 /pace 0 {NastyTexts.At(i)}"));

        var records = new List<JsonNode>();
        for (string? next = $"v1/chatbots/{id}/records?pageSize=100"; next is not null;)
        {
            var page = await client.CallAsync(HttpMethod.Get, next);
            records.AddRange(page["results"]!.AsArray().Select(record => record!));
            next = ApiHelpers.Text(page["next"]);
        }

        Assert.Equal(208, records.Count);
        var file = await FileAsync(client, $"v1/chatbots/{id}/records/export-excel");
        await WorkbookAssert.HasAsync(file, [[English, .. records.Select(record => Cells(record, words: null))]], readers);
    }

    /// <summary>
    /// Records of every kind: long and short, scored, failed, edited, deleted, and with texts that look like formulas.
    /// </summary>
    private static async Task FillAsync(HttpClient client, string id)
    {
        var conversation = ApiHelpers.Text((await client.NewConversationAsync())["id"])!;
        for (var i = 1; i <= 10; i++)
        {
            await client.SendToChatbotAsync(id, $"/words {i} /pace 0", conversation: i % 3 == 0 ? conversation : null);
        }

        foreach (var (failure, status, code) in new[]
        {
            ("refused after 2", 422, "refused"), ("unavailable", 502, "unavailable"), ("bad_request after 1", 502, "bad_request"), ("rate_limited", 429, "rate_limited"),
        })
        {
            await client.RefusedAsync(HttpMethod.Post, $"v1/chatbots/{id}/completions", new { message = new { content = $"/fail {failure} /pace 0" } }, status, code);
        }

        // A surrogate pair across the border of two cells, and the greatest length of every field.
        var start = "/words 10000 /pace 0 ";
        await client.SendToChatbotAsync(id, start + new string('x', LongText.MaxCell - start.Length - 1) + string.Concat(Enumerable.Repeat("😀", (100_000 - LongText.MaxCell + 1) / 2)), message =>
        {
            message["contentPayload"] = new JsonObject { ["k"] = new string('é', 32_000) };
            message["queryMetadata"] = new JsonObject { ["k"] = new string('y', 32_760) };
        });
        foreach (var (question, reply) in new[] { ("=1+1 😀 \"quoted\", <b>&amp;", "@SUM(1)\r\nline\ttab"), ("+49 30 1234", "-1"), (" =HYPERLINK(\"x\")", "_x0041_") })
        {
            var number = (await client.NewConversationAsync())["number"]!.GetValue<int>();
            var completion = await client.SendToChatbotAsync(id, "/words 1 /pace 0", conversation: $"{number}");
            var messages = (await client.ListAsync(number, "?order=asc"))["data"]!;
            await client.CallAsync(HttpMethod.Put, $"v1/conversations/{number}/messages/{messages[0]!["id"]}", new { message = question });
            await client.CallAsync(HttpMethod.Put, $"v1/conversations/{number}/messages/{messages[1]!["id"]}", new { message = reply });
            await client.CallAsync(HttpMethod.Patch, $"v1/chatbots/{id}/records/{completion["completionId"]}", new { faithfulnessScore = 0.1, answerRelevancyScore = 1, contextPrecisionScore = 0, answerCorrectnessScore = 1e-7, answerSimilarityScore = 0.123456789012345 });
        }

        await client.CallAsync(HttpMethod.Delete, $"v1/conversations/1/messages/{(await client.ListAsync(1, "?order=asc"))["data"]![0]!["id"]}");
    }

    /// <summary>The row expected from the record's response: texts are texts, and numbers are numbers.</summary>
    private static object?[] Cells(JsonNode record, Dictionary<string, string>? words)
    {
        var (input, context, output) = (Parts(record["inputMessage"], 4), Parts(record["context"], 3), Parts(record["outputMessage"], 4));
        return
        [
            ApiHelpers.Text(record["id"]), ApiHelpers.Text(record["conversation"]), input[0], context[0], output[0],
            Number("replyTime"),
            ApiHelpers.Time(record["createdAt"]),
            ApiHelpers.Text(record["error"]) is { } error ? words?[error] ?? error : null,
            Number("faithfulnessScore"), Number("answerRelevancyScore"), Number("contextPrecisionScore"), Number("answerCorrectnessScore"), Number("answerSimilarityScore"), Number("contextRecallScore"),
            .. input[1..], .. context[1..], .. output[1..],
        ];

        object? Number(string name) => record[name]?.GetValue<double>();
    }

    /// <summary>A text's cells, as many as it has columns. An empty text has an empty cell.</summary>
    private static string?[] Parts(JsonNode? node, int count)
    {
        var cells = LongText.Split(LineBreak().Replace(Forbidden().Replace(ApiHelpers.Text(node) ?? "", ""), "\n"));
        Assert.InRange(cells.Count, 1, count);
        return [.. cells.Select(cell => cell.Length > 0 ? cell : null), .. new string?[count - cells.Count]];
    }

    private static async Task<List<object?[]>> RowsAsync(HttpClient client, string path) =>
        Assert.Single(await WorkbookReader.OfDotNet[0].ReadAsync(await FileAsync(client, path)));

    private static async Task<byte[]> FileAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(path);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        Assert.Equal("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("attachment; filename=\"chatbot_records.xlsx\"", response.Content.Headers.ContentDisposition!.ToString());
        return await response.Content.ReadAsByteArrayAsync();
    }

    /// <summary>In a workbook, a line break is a line feed.</summary>
    [GeneratedRegex("\r\n?", RegexOptions.None, 5000)]
    private static partial Regex LineBreak();

    /// <summary>Characters in the tests' texts that XML cannot represent.</summary>
    [GeneratedRegex(@"[\u0001-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]", RegexOptions.None, 5000)]
    private static partial Regex Forbidden();
}
