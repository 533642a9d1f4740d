using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.MaiAgent;

/// <summary>Records of chatbots' questions and replies.</summary>
public class RecordTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private static readonly string[] Scores =
        ["faithfulnessScore", "answerRelevancyScore", "contextPrecisionScore", "answerCorrectnessScore", "answerSimilarityScore", "contextRecallScore"];

    [Fact]
    public async Task A_record_has_every_field()
    {
        var client = await parley.NewTenantClientAsync("Fields");
        var id = await client.NewBotAsync();
        var completion = await client.SendToChatbotAsync(
            id, "/words 3 /pace 0 Onde está? 😀", message => { message["contentPayload"] = new JsonObject { ["order"] = 17 }; message["queryMetadata"] = new JsonObject { ["lang"] = "pt" }; });
        var page = await client.CallAsync(HttpMethod.Get, $"v1/chatbots/{id}/records");
        var record = Assert.Single(page["results"]!.AsArray())!;
        var message = await client.CallAsync(HttpMethod.Get, $"v1/messages?conversation={completion["conversationId"]}");
        var (reply, question) = (message["results"]![0]!, message["results"]![1]!);

        Assert.Equal(["count", "next", "previous", "results"], page.AsObject().Select(member => member.Key));
        Assert.Equal(1, page["count"]!.GetValue<int>());
        Assert.Null(page["next"]);
        Assert.Null(page["previous"]);
        Assert.Equal(
            ["id", "chatbot", "conversation", "inputMessage", "condenseMessage", "outputMessage", "context", "replyTime", "createdAt", "error", .. Scores],
            record.AsObject().Select(member => member.Key));
        Assert.Equal(ApiHelpers.Text(completion["completionId"]), ApiHelpers.Text(record["id"]));
        Assert.Equal(id, ApiHelpers.Text(record["chatbot"]));
        Assert.Equal(ApiHelpers.Text(completion["conversationId"]), ApiHelpers.Text(record["conversation"]));
        Assert.Equal("/words 3 /pace 0 Onde está? 😀", ApiHelpers.Text(record["inputMessage"]));
        Assert.Null(record["condenseMessage"]);
        Assert.Equal("word1 word2 word3", ApiHelpers.Text(record["outputMessage"]));
        Assert.Equal("contentPayload: {\"order\":17}\nqueryMetadata: {\"lang\":\"pt\"}", ApiHelpers.Text(record["context"]));
        Assert.Equal(ApiHelpers.Text(question["createdAt"]), ApiHelpers.Text(record["createdAt"]));
        Assert.Equal((ApiHelpers.Time(reply["createdAt"]) - ApiHelpers.Time(question["createdAt"])).TotalSeconds, record["replyTime"]!.GetValue<double>());
        Assert.Matches(@"^\d+(\.\d{1,3})?$", record["replyTime"]!.ToJsonString());
        Assert.Null(record["error"]);
        Assert.All(Scores, score => Assert.Null(record[score]));
    }

    [Theory]
    [InlineData("/fail refused after 2 /pace 0", 422, "refused", "word1 word2")]
    [InlineData("/fail unavailable", 502, "unavailable", "")]
    public async Task A_failure_has_its_code_and_the_text_so_far(string content, int status, string code, string output)
    {
        var id = await parley.Client.NewBotAsync();
        await parley.Client.RefusedAsync(HttpMethod.Post, $"v1/chatbots/{id}/completions", new { message = new { content } }, status, code);
        var record = await parley.Client.OnlyRecordAsync(id);

        Assert.Equal((content, output, code), (ApiHelpers.Text(record["inputMessage"]), ApiHelpers.Text(record["outputMessage"]), ApiHelpers.Text(record["error"])));
        Assert.Null(record["context"]);
        Assert.True(record["replyTime"]!.GetValue<double>() >= 0);
    }

    [Fact]
    public async Task The_list_is_newest_first_and_links_keep_the_other_parameters()
    {
        var client = await parley.NewTenantClientAsync("Pages");
        var (id, other) = (await client.NewBotAsync(), await client.NewBotAsync());
        Assert.Equal("""{"count":0,"next":null,"previous":null,"results":[]}""", (await client.CallAsync(HttpMethod.Get, $"v1/chatbots/{id}/records")).ToJsonString());

        // Two records in one conversation, with messages of others between question and reply.
        var created = new List<string>();
        var conversation = ApiHelpers.Text((await client.NewConversationAsync())["id"]);
        for (var i = 0; i < 5; i++)
        {
            var chat = i % 2 == 0 ? conversation : null;
            created.Insert(0, ApiHelpers.Text((await client.SendToChatbotAsync(id, $"/words 1 /pace 0 question {i}", conversation: chat))["completionId"])!);
            await client.SendToChatbotAsync(other, "/words 1 /pace 0", conversation: chat);
        }

        Assert.Equal(created, await client.RecordsAsync($"v1/chatbots/{id}/records", 5));
        Assert.Equal(created, await client.RecordsAsync("v1/chatbots/1/records?pageSize=100", 5));
        foreach (var size in new[] { 1, 2, 5 })
        {
            var (walked, url, pages) = (new List<string>(), $"v1/chatbots/{id}/records?x=a%20b&page=1&pageSize={size}&from=2026-01-01T00:00:00%2B02:00", new List<JsonNode>());
            while (url is not null)
            {
                walked.AddRange(await client.RecordsAsync(url, 5));
                pages.Add(await client.CallAsync(HttpMethod.Get, url));
                url = ApiHelpers.Text(pages[^1]["next"]);
            }

            Assert.Equal(created, walked);
            Assert.Null(pages[0]["previous"]);
            for (var i = 1; i < pages.Count; i++)
            {
                var rest = $"x=a%20b&pageSize={size}&from=2026-01-01T00:00:00%2B02:00";
                Assert.Equal($"{parley.Api}v1/chatbots/{id}/records?{rest}&page={i + 1}", ApiHelpers.Text(pages[i - 1]["next"]));
                Assert.Equal($"{parley.Api}v1/chatbots/{id}/records?{rest}&page={i}", ApiHelpers.Text(pages[i]["previous"]));
            }
        }

        // A page past the end, and the last page that may be requested.
        Assert.Empty(await client.RecordsAsync($"v1/chatbots/{id}/records?page=2&pageSize=5", 5));
        Assert.Empty(await client.RecordsAsync($"v1/chatbots/{id}/records?page=100&pageSize=100", 5));
        await client.RefusedAsync(HttpMethod.Get, $"v1/chatbots/{id}/records?page=101&pageSize=100", null, 422, "invalid_fields", "page");
        await client.RefusedAsync(HttpMethod.Get, $"v1/chatbots/{id}/records?page=0&pageSize=101", null, 422, "invalid_fields", "page", "pageSize");
    }

    [Fact]
    public async Task The_range_is_half_open_to_the_millisecond()
    {
        var client = await parley.NewTenantClientAsync("Range");
        var id = await client.NewBotAsync();
        var (ids, times) = (new List<string>(), new List<DateTimeOffset>());
        for (var i = 0; i < 3; i++)
        {
            await client.SendToChatbotAsync(id, "/words 1 /pace 0");
            var record = (await client.CallAsync(HttpMethod.Get, $"v1/chatbots/{id}/records?pageSize=1"))["results"]![0]!;
            ids.Add(ApiHelpers.Text(record["id"])!);
            times.Add(ApiHelpers.Time(record["createdAt"]));
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }

        var (a, b, c) = (times[0], times[1], times[2]);
        var (millisecond, less) = (TimeSpan.FromMilliseconds(1), TimeSpan.FromMicroseconds(100));
        (DateTimeOffset? From, DateTimeOffset? To, int[] Found)[] ranges =
        [
            (a, c, [1, 0]), (a, c + millisecond, [2, 1, 0]), (a + millisecond, null, [2, 1]), (a + less, c + less, [2, 1]), (b, b, []), (b, b + less, [1]),
            (null, b, [0]), (null, a, []), (c.AddYears(-400), DateTimeOffset.MaxValue, [2, 1, 0]), (null, c.AddYears(-400), []), (DateTimeOffset.MaxValue, null, []),
        ];
        foreach (var (from, to, found) in ranges)
        {
            var until = to?.ToOffset(TimeSpan.FromHours(to.Value.Year < 9999 ? 2 : 0));
            var query = string.Join('&', new[] { ("from", from), ("to", until) }.Where(one => one.Item2 is not null).Select(one => $"{one.Item1}={Uri.EscapeDataString($"{one.Item2:O}")}"));
            Assert.Equal(found.Select(i => ids[i]), await client.RecordsAsync($"v1/chatbots/{id}/records?{query}", found.Length));
        }

        // An unescaped plus sign.
        Assert.Equal(3, (await client.RecordsAsync($"v1/chatbots/{id}/records?from=2026-01-01T00:00:00+02:00", 3)).Count);
        foreach (var wrong in new[] { "yesterday", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01%2000:00:00", "1600-01-01T00:00:00Z", "%22", "%5C", "%ED%A0%80", "1" })
        {
            await client.RefusedAsync(HttpMethod.Get, $"v1/chatbots/{id}/records?from={wrong}&to={wrong}", null, 422, "invalid_fields", "from", "to");
        }

        await client.RefusedAsync(HttpMethod.Get, $"v1/chatbots/{id}/records?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", null, 422, "invalid_fields", "from");
    }

    [Fact]
    public async Task A_record_reflects_edits_and_deletions()
    {
        var client = await parley.NewTenantClientAsync("Edits");
        var id = await client.NewBotAsync();
        await client.SendToChatbotAsync(id, "/words 2 /pace 0", message => message["contentPayload"] = new JsonObject { ["a"] = 1 });
        var messages = (await client.ListAsync(1, "?order=asc"))["data"]!.AsArray().Select(message => $"v1/conversations/1/messages/{message!["id"]}").ToList();

        foreach (var (message, at) in messages.Zip(["inputMessage", "outputMessage"]))
        {
            await client.CallAsync(HttpMethod.Put, message, new { message = $"edited {at}" });
            Assert.Equal($"edited {at}", ApiHelpers.Text((await client.OnlyRecordAsync(id))[at]));
        }

        foreach (var (message, at) in messages.Zip(["inputMessage", "outputMessage"]))
        {
            await client.CallAsync(HttpMethod.Delete, message);
            Assert.Equal("", ApiHelpers.Text((await client.OnlyRecordAsync(id))[at]));
        }

        Assert.Null((await client.OnlyRecordAsync(id))["context"]);
    }

    [Fact]
    public async Task Scores_are_set_kept_and_cleared()
    {
        var client = await parley.NewTenantClientAsync("Scores");
        var id = await client.NewBotAsync();
        await client.SendToChatbotAsync(id, "/words 2 /pace 0");
        var record = await client.OnlyRecordAsync(id);
        var path = $"v1/chatbots/{id}/records/{record["id"]}";
        using var response = await client.SendJsonAsync(HttpMethod.Patch, path, Scores.Index().ToDictionary(score => score.Item, score => score.Index / 5d));
        var scored = await response.ReadAsync();

        Assert.Equal("\"2\"", response.Headers.ETag!.Tag);
        Assert.Equal(
            """{"faithfulnessScore":0,"answerRelevancyScore":0.2,"contextPrecisionScore":0.4,"answerCorrectnessScore":0.6,"answerSimilarityScore":0.8,"contextRecallScore":1}""",
            new JsonObject(Scores.Select(score => KeyValuePair.Create(score, scored[score]?.DeepClone()))).ToJsonString());
        Assert.All(record.AsObject().Where(member => !Scores.Contains(member.Key)), member => Assert.True(JsonNode.DeepEquals(member.Value, scored[member.Key])));
        Assert.True(JsonNode.DeepEquals(scored, await client.OnlyRecordAsync(id)));

        // Absent scores are kept and null clears, in either spelling.
        var changed = await client.CallAsync(HttpMethod.Patch, path, new { faithfulnessScore = 0.123456789012345, context_recall_score = (double?)null });
        Assert.Equal([0.123456789012345, 0.2, 0.4, 0.6, 0.8, null], Scores.Select(score => changed[score]?.GetValue<double>()));
        using var same = await client.SendJsonAsync(HttpMethod.Patch, path, new { answerRelevancyScore = 0.2, contextRecallScore = (double?)null });
        Assert.Equal("\"3\"", same.Headers.ETag!.Tag);
        var cleared = await client.CallAsync(HttpMethod.Patch, path, Scores.ToDictionary(score => score, _ => (double?)null));
        Assert.True(JsonNode.DeepEquals(record, cleared));
        Assert.True(JsonNode.DeepEquals(record, await client.OnlyRecordAsync(id)));

        foreach (var wrong in new object[] { 1.001, -0.001, "1", true, new[] { 1 }, 1e300 })
        {
            await client.RefusedAsync(HttpMethod.Patch, path, Scores.ToDictionary(score => score, _ => wrong), 422, "invalid_fields", Scores);
        }

        await client.RefusedAsync(HttpMethod.Patch, path, new { score = 1 }, 422, "invalid_fields", "body");
        await client.RefusedAsync(HttpMethod.Patch, path, "text", 400, "malformed_json");
        Assert.True(JsonNode.DeepEquals(record, await client.OnlyRecordAsync(id)));
    }

    [Theory]
    [InlineData("\"1\"", 200, "")]
    [InlineData("*", 200, "")]
    [InlineData("\"2\"", 412, "stale_revision")]
    [InlineData("W/\"1\"", 412, "stale_revision")]
    [InlineData("1", 400, "malformed_header")]
    public async Task If_match_guards_the_scores(string ifMatch, int status, string code)
    {
        var id = await parley.Client.NewBotAsync();
        var completion = await parley.Client.SendToChatbotAsync(id, "/words 1 /pace 0");
        using var response = await parley.Client.SendJsonAsync(
            HttpMethod.Patch, $"v1/chatbots/{id}/records/{completion["completionId"]}", new { faithfulnessScore = 1 }, ("If-Match", ifMatch));
        if (status != 200)
        {
            await response.AssertProblemAsync(status, code);
        }

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 200 ? 1 : null, (await parley.Client.OnlyRecordAsync(id))["faithfulnessScore"]?.GetValue<double>());
    }

    [Fact]
    public async Task A_record_can_be_read_and_scored_while_its_reply_is_produced()
    {
        var client = await parley.NewTenantClientAsync("Running");
        var id = await client.NewBotAsync();
        var completing = client.SendToChatbotAsync(id, "/words 30 /pace 200");
        JsonNode? running = null;
        while (running is null || ApiHelpers.Text(running["outputMessage"])!.Length == 0)
        {
            running = (await client.CallAsync(HttpMethod.Get, $"v1/chatbots/{id}/records"))["results"]!.AsArray().SingleOrDefault();
        }

        Assert.StartsWith("word1 ", ApiHelpers.Text(running["outputMessage"]), StringComparison.Ordinal);
        Assert.Null(running["replyTime"]);
        Assert.Null(running["error"]);
        var scored = await client.CallAsync(HttpMethod.Patch, $"v1/chatbots/{id}/records/{running["id"]}", new { faithfulnessScore = 0.5 });
        Assert.Null(scored["replyTime"]);
        Assert.False(completing.IsCompleted);

        var all = string.Join(' ', Enumerable.Range(1, 30).Select(i => $"word{i}"));
        Assert.Equal(all, ApiHelpers.Text((await completing)["content"]));
        var ended = await client.OnlyRecordAsync(id);
        Assert.Equal((all, 0.5), (ApiHelpers.Text(ended["outputMessage"]), ended["faithfulnessScore"]!.GetValue<double>()));
        Assert.True(ended["replyTime"]!.GetValue<double>() > 2);
        Assert.Null(ended["error"]);
    }

    [Fact]
    public async Task Another_tenant_and_another_chatbot_have_no_access()
    {
        var (client, other) = (await parley.NewTenantClientAsync("Own"), await parley.NewTenantClientAsync("Other"));
        var (id, second, theirs) = (await client.NewBotAsync(), await client.NewBotAsync(), await other.NewBotAsync());
        var completion = await client.SendToChatbotAsync(id, "/words 1 /pace 0");
        var record = ApiHelpers.Text(completion["completionId"])!;
        var body = new { faithfulnessScore = 1 };

        Assert.Empty(await client.RecordsAsync($"v1/chatbots/{second}/records", 0));
        await client.RefusedAsync(HttpMethod.Patch, $"v1/chatbots/{second}/records/{record}", body, 404, "record_not_found");
        Assert.Empty(await other.RecordsAsync($"v1/chatbots/{theirs}/records", 0));
        await other.RefusedAsync(HttpMethod.Patch, $"v1/chatbots/{theirs}/records/{record}", body, 404, "record_not_found");
        foreach (var unknown in new[] { ApiHelpers.UnknownUuid, ApiHelpers.Text(completion["conversationId"])!, "1", "nonsense", "export-excel" })
        {
            await client.RefusedAsync(HttpMethod.Patch, $"v1/chatbots/{id}/records/{unknown}", body, 404, "record_not_found");
        }

        await client.CallAsync(HttpMethod.Delete, $"v1/chatbots/{second}");
        foreach (var (caller, unknown) in new[] { (other, id), (client, second), (client, "99"), (client, "nonsense"), (client, ApiHelpers.UnknownUuid) })
        {
            await caller.RefusedAsync(HttpMethod.Get, $"v1/chatbots/{unknown}/records", null, 404, "chatbot_not_found");
            await caller.RefusedAsync(HttpMethod.Get, $"v1/chatbots/{unknown}/records/export-excel", null, 404, "chatbot_not_found");
            await caller.RefusedAsync(HttpMethod.Patch, $"v1/chatbots/{unknown}/records/{record}", body, 404, "chatbot_not_found");
        }

        Assert.Null((await client.OnlyRecordAsync(id))["faithfulnessScore"]);
    }

    [Fact]
    public async Task Keys_and_scopes_are_checked()
    {
        var (writer, unauthenticated) = (await parley.NewClientWithScopeAsync("assistants:write"), parley.NewClient(token: null));
        foreach (var (method, path) in new[]
        {
            (HttpMethod.Get, "v1/chatbots/1/records"), (HttpMethod.Get, "v1/chatbots/1/records/export-excel"), (HttpMethod.Patch, $"v1/chatbots/1/records/{ApiHelpers.UnknownUuid}"),
        })
        {
            await unauthenticated.RefusedAsync(method, path, method == HttpMethod.Patch ? "text" : null, 401, "unauthenticated");
            await writer.RefusedAsync(method, path, method == HttpMethod.Patch ? "text" : null, 403, "scope_missing");
        }
    }
}

/// <summary>Requests for tests of records.</summary>
internal static class RecordHelpers
{
    /// <summary>Creates a chatbot and returns its UUID.</summary>
    public static async Task<string> NewBotAsync(this HttpClient client) => ApiHelpers.Text((await client.NewChatbotAsync())["id"])!;

    /// <summary>Sends a message to a chatbot and returns the completion when it has ended.</summary>
    public static Task<JsonNode> SendToChatbotAsync(this HttpClient client, string id, string content, Action<JsonObject>? with = null, string? conversation = null)
    {
        var message = new JsonObject { ["content"] = content };
        with?.Invoke(message);
        return client.CallAsync(HttpMethod.Post, $"v1/chatbots/{id}/completions", new JsonObject { ["message"] = message, ["conversation"] = conversation }, HttpStatusCode.OK);
    }

    /// <summary>The ids of a page of a list with this total count.</summary>
    public static async Task<List<string>> RecordsAsync(this HttpClient client, string path, int count)
    {
        var page = await client.CallAsync(HttpMethod.Get, path);
        Assert.Equal(count, page["count"]!.GetValue<int>());
        return [.. page["results"]!.AsArray().Select(record => ApiHelpers.Text(record!["id"])!)];
    }

    /// <summary>The record of a chatbot that has one.</summary>
    public static async Task<JsonNode> OnlyRecordAsync(this HttpClient client, string id) =>
        Assert.Single((await client.CallAsync(HttpMethod.Get, $"v1/chatbots/{id}/records"))["results"]!.AsArray())!;
}
