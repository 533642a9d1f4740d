using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Parley.DevHost;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.Conversations.FollowUps;
using Parley.Tests.Operations;
using Xunit;

namespace Parley.Tests.Compatibility;

/// <summary>The current Parley reads rows that earlier versions wrote, and writes beside them.</summary>
public class GoldenRowsTests
{
    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static TheoryData<string> Versions => [.. GoldenStore.Versions];

    public static TheoryData<string, ScheduleTable> VersionsAndTables
    {
        get
        {
            var data = new TheoryData<string, ScheduleTable>();
            foreach (var version in GoldenStore.Versions)
            {
                data.Add(version, ScheduleTable.Schedule);
                data.Add(version, ScheduleTable.Due);
            }

            return data;
        }
    }

    [Fact]
    public void Golden_rows_of_the_first_version_are_kept() => Assert.Contains("0.1.0", GoldenStore.Versions);

    [Theory]
    [MemberData(nameof(Versions))]
    public void Golden_rows_have_every_kind_that_their_version_had(string version)
    {
        var kinds = GoldenStore.Read(version).Rows.Select(row => StoreKinds.KindOf(row.Table, row.RowKey)).Distinct();

        Assert.Equal(
            RowContract.Read().KindsOf(version).Order(StringComparer.Ordinal), kinds.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Golden_rows_give_the_recorded_responses(string version)
    {
        var golden = GoldenStore.Read(version);
        await using var store = await OperatedStore.StartAsync();
        await golden.LoadAsync(store.Account);
        await using var host = await store.StartHostAsync(ClockAt(golden, TimeSpan.FromMinutes(1)));
        using var client = OperatedStore.ClientOf(host, golden.Facts.ApiKey);

        var answers = await new GoldenResponses(client).ReadAllAsync(golden.Facts);

        var text = answers.ToJsonString(Indented) + "\n";
        if (GoldenUpdate.IsWanted)
        {
            await File.WriteAllTextAsync(golden.AnswersPath, text);
        }

        var expected = JsonNode.Parse(await File.ReadAllTextAsync(golden.AnswersPath))!.AsObject();
        Assert.Equal(expected.Select(answer => answer.Key), answers.Select(answer => answer.Key));
        Assert.All(expected, answer => Assert.Equal(
            answer.Value!.ToJsonString(Indented), answers[answer.Key]!.ToJsonString(Indented)));
    }

    [Theory]
    [MemberData(nameof(VersionsAndTables))]
    public async Task Writes_and_timers_work_on_golden_rows(string version, ScheduleTable write)
    {
        var golden = GoldenStore.Read(version);
        await using var store = await OperatedStore.StartAsync();
        await golden.LoadAsync(store.Account);
        var ahead = ClockAt(golden, TimeSpan.FromHours(2));
        var time = new SkewedTime(TimeProvider.System, ahead);
        await using var host = await store.StartHostAsync(ahead, write);
        using var client = OperatedStore.ClientOf(host, golden.Facts.ApiKey);
        var chat = await client.CallAsync(HttpMethod.Get, $"v1/conversations/{golden.Facts.Chat}");

        await RunsTimersAsync(host, client);
        await ReplaysAsync(client, chat);
        await WritesAsync(client, chat, time);
    }

    /// <summary>The golden schedule rows lead to the sending of their follow-up and webhook.</summary>
    private static async Task RunsTimersAsync(FunctionsHost host, HttpClient client)
    {
        var list = await client.CallAsync(HttpMethod.Get, "v1/chat-message-follow-ups?statuses=pending");
        var path = $"v1/chat-message-follow-ups/{Assert.Single(list.AsArray())!["id"]}";
        await RunAsync(host, "FollowUpsDue");
        await Eventually.TrueAsync(async () => $"{await client.GetAsync(path, "status")}" == "sent");

        var export = (await client.GetAsync("v1/exports", "results"))[0]!;
        var attempts = AttemptsOf(export);
        Assert.NotEqual(0, attempts);
        await RunAsync(host, "ExportsDue");
        await Eventually.TrueAsync(async () =>
            AttemptsOf(await client.CallAsync(HttpMethod.Get, $"v1/exports/{export["id"]}")) > attempts);
    }

    /// <summary>Repeated requests find the golden rows of their idempotency keys and external ids.</summary>
    private static async Task ReplaysAsync(HttpClient client, JsonNode chat)
    {
        var again = await client.PostAsync(
            "v1/conversations",
            new { title = "Every kind", channel = "whatsApp", address = "+372 555", first_name = "Eve" },
            "a conversation's key");
        Assert.Equal($"{chat["id"]}", $"{again["id"]}");

        var before = await MessagesAsync(client, chat);
        var first = new { chatId = chat["number"], content = "First", role = "user", externalId = "wamid-17" };
        await client.PostAsync("v1/chat-messages", first);
        await client.PostAsync(
            $"v1/conversations/{chat["number"]}/messages",
            new { message = new string('é', 5000), metadata = new { a = 1 } },
            "a message's key");
        Assert.Equal(before.Count, (await MessagesAsync(client, chat)).Count);
    }

    private static async Task WritesAsync(HttpClient client, JsonNode chat, SkewedTime time)
    {
        var number = chat["number"];
        var before = await MessagesAsync(client, chat);
        await client.PostTextAsync(chat, "Of another version", "assistant");
        var own = before.First(message => $"{message!["message"]}".StartsWith('é'))!;
        await client.CallAsync(
            HttpMethod.Put,
            $"v1/conversations/{number}/messages/{own["id"]}",
            new { message = "Edited by another version" });
        await client.CallAsync(HttpMethod.Patch, $"v1/conversations/{number}", new { title = "Renamed" });
        var texts = (await MessagesAsync(client, chat)).Select(message => $"{message!["message"]}").ToList();
        Assert.Equal(before.Count + 1, texts.Count);
        Assert.Contains("Edited by another version", texts);
        Assert.Equal("Of another version", texts[^1]);
        var newest = (await client.GetAsync("v1/conversations?pageSize=100", "results"))[0]!;
        Assert.Equal(($"{chat["id"]}", "Renamed"), ($"{newest["id"]}", $"{newest["title"]}"));

        var followUp = await client.FollowUpAsync(chat, TimeSpan.FromHours(2), time);
        var cancelled = await client.CallAsync(HttpMethod.Delete, $"v1/chat-message-follow-ups/{followUp["id"]}");
        Assert.Equal("cancelled", $"{cancelled["status"]}");

        var sender = (await client.GetAsync("v1/senders?externalId=crm-1", "results"))[0]!;
        await client.CallAsync(HttpMethod.Patch, $"v1/senders/{sender["id"]}", new { identifier = "ann@another.test" });
        Assert.Single((await client.GetAsync("v1/senders?identifier=ann%40another.test", "results")).AsArray());
        var ticket = (await client.CallAsync(HttpMethod.Get, $"v1/tickets?chatId={number}")).AsArray()[0]!;
        await client.CallAsync(HttpMethod.Patch, $"v1/tickets/{ticket["id"]}", new { status = "ongoing" });
        await client.PostAsync("v1/chatbots/1/completions", new { message = new { content = "Hello" } });
        var export = await client.ExportAsync(time);
        Assert.True(export["rows"]!.GetValue<long>() > texts.Count, $"{export}");
    }

    private static async Task<JsonArray> MessagesAsync(HttpClient client, JsonNode chat) =>
        (await client.GetAsync($"v1/conversations/{chat["number"]}/messages?per_page=100&order=asc", "data")).AsArray();

    private static int AttemptsOf(JsonNode export) => export["callback"]!["attempts"]!.AsArray().Count;

    private static async Task RunAsync(FunctionsHost host, string function)
    {
        using var administrator = new HttpClient { BaseAddress = host.BaseAddress };
        administrator.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Bearer", OperatedStore.AdminKey);
        using var response = await administrator.PostAsJsonAsync($"admin/functions/{function}", new { input = "" });
        response.EnsureSuccessStatusCode();
    }

    private static TimeSpan ClockAt(GoldenStore golden, TimeSpan after) =>
        golden.Facts.WrittenAt + after - TimeProvider.System.GetUtcNow();
}
