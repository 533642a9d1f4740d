using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

/// <summary>The contents of export files.</summary>
public class ExportFileTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const string Formula = "=1+1 😀 \"quoted\", and more";

    [Fact]
    public async Task Every_format_and_language_has_every_message_with_every_column()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var client = await parley.NewTenantClientAsync("Files");
        var messages = await WriteAsync(client);
        (string Format, string Language)[][] pairs =
            [[("xlsx", "enUs"), ("csv", "ptBr")], [("csv", "enUs"), ("xlsx", "ptBr")], [("xlsx", "zhTw"), ("csv", "zhTw")], [("jsonl", "zhTw"), ("jsonl", "ptBr")]];
        var exports = new List<(JsonNode Export, byte[] File)>();
        foreach (var pair in pairs)
        {
            // Two at once, as many as one process writes concurrently.
            var taken = await Task.WhenAll(pair.Select(one => client.ExportAsync(new { callbackUrl = receiver.Url(), format = one.Format, language = one.Language })));
            foreach (var (one, (format, language)) in taken.Zip(pair))
            {
                var export = await client.WithWebhookAsync(one);
                var file = await client.FileAsync(export);
                exports.Add((export, file));
                await ExportedFiles.AssertHasAsync(file, format, language, messages);
                Assert.Equal((format, language), (ApiHelpers.Text(export["format"]), ApiHelpers.Text(export["language"])));
                Assert.Equal(messages.Count, export["rows"]!.GetValue<long>());
                Assert.Equal(format == "jsonl" ? 0 : 3, export["removedCharacters"]!.GetValue<long>());
                Assert.Equal(0, export["cutCharacters"]!.GetValue<long>());
            }
        }

        Assert.Equal(exports[^2].File, exports[^1].File);

        // Messages that are deleted later stay in the files.
        var first = await client.CallAsync(HttpMethod.Get, "v1/conversations/1/messages?order=asc&per_page=1");
        await client.CallAsync(HttpMethod.Delete, $"v1/conversations/1/messages/{first["data"]![0]!["id"]}");
        Assert.Equal(exports[0].File, await client.FileAsync(exports[0].Export));
    }

    [Fact]
    public async Task The_range_is_half_open_to_the_millisecond_and_of_one_tenant()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var (client, other) = (await parley.NewTenantClientAsync("Range"), await parley.NewTenantClientAsync("Another"));
        foreach (var _ in Enumerable.Range(1, 3))
        {
            await client.CreateConversationAsync();
            await other.CreateConversationAsync();
        }

        var times = new List<DateTimeOffset>();
        foreach (var (chat, content) in new[] { (2, "a"), (1, "b"), (2, "c"), (3, "d") })
        {
            await other.PostTextAsync(chat, "theirs");
            times.Add(ApiHelpers.Time((await client.PostTextAsync(chat, content))["createdAt"]));
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }

        var (a, b, c, d) = (times[0], times[1], times[2], times[3]);
        var (millisecond, less) = (TimeSpan.FromMilliseconds(1), TimeSpan.FromMicroseconds(100));
        (DateTimeOffset? Start, DateTimeOffset? End, string Contents)[][] pairs =
        [
            [(a, c, "b a"), (a, c + millisecond, "b a c")],
            [(a + millisecond, d, "b c"), (b + less, d + less, "c d")],
            [(b, b, ""), (d, null, "d")],
            [(null, a, ""), (null, FollowUpCalls.In(TimeSpan.FromDays(1)), "b a c d")],
        ];
        foreach (var pair in pairs)
        {
            var before = FollowUpCalls.In(TimeSpan.Zero);
            var taken = await Task.WhenAll(pair.Select(one => client.ExportAsync(new { rangeStart = one.Start, rangeEnd = one.End, callbackUrl = receiver.Url(), format = "jsonl" })));
            foreach (var (one, (start, end, contents)) in taken.Zip(pair))
            {
                var export = await client.WithWebhookAsync(one);
                Assert.Equal(contents, ExportedFiles.Contents(await client.FileAsync(export)));
                Assert.Equal(contents.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length, export["rows"]!.GetValue<int>());

                // A missing or future end becomes the time of the request; without a start it is everything before.
                var until = ApiHelpers.Time(export["rangeEnd"]);
                Assert.InRange(until, end < before ? end.Value : before.AddMilliseconds(-1), end < before ? end.Value + millisecond : FollowUpCalls.In(TimeSpan.Zero));
                Assert.Equal(start is null, export["rangeStart"] is null);
                if (start is not null)
                {
                    Assert.InRange(ApiHelpers.Time(export["rangeStart"]), start.Value, start.Value + millisecond);
                }
            }
        }
    }

    [Fact]
    public async Task An_empty_export_has_headings()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var client = await parley.NewTenantClientAsync("Nothing");
        var taken = await Task.WhenAll(new[] { "csv", "xlsx" }.Select(format => client.ExportAsync(new { callbackUrl = receiver.Url(), format })));
        foreach (var one in taken)
        {
            var export = await client.WithWebhookAsync(one);
            await ExportedFiles.AssertHasAsync(await client.FileAsync(export), ApiHelpers.Text(export["format"])!, "enUs", []);
            Assert.Equal(0, export["rows"]!.GetValue<long>());
        }
    }

    /// <summary>Writes messages of all kinds.</summary>
    /// <returns>The messages by conversation and number.</returns>
    private static async Task<List<ExportedMessage>> WriteAsync(HttpClient client)
    {
        // The longest title, and a conversation without one. The fourth conversation has no message.
        var title = "+" + new string('x', 249);
        foreach (var one in new[] { Formula, null, title, "empty" })
        {
            await client.NewConversationAsync(new { title = one });
        }

        var pairs = "x" + string.Concat(Enumerable.Repeat("😀", 49_999)) + "x";
        var formulas = new string('=', 100_000);
        foreach (var content in new[] { pairs, formulas, "a\u0001b\uFFFEc\u000B" })
        {
            await client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = 2, content }, HttpStatusCode.Created);
        }

        await client.PostTextAsync(3, "  =late", "assistant");
        var ana = await client.NewSenderAsync(new { entity = "external_user", name = "@Ana" });
        const string Lines = "Where is my order? 😀\r\nIt is \"late\"; really, late";
        await client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = 1, content = Lines, role = "user", externalId = "=ext", senderId = ana["id"] });
        await client.PostTextAsync(1, "=SUM(A1:A2)", "assistant");
        await client.PostAsync(1, "+55 11 99999", quoted: (1L << 22) + 1);
        var ticket = await client.CallAsync(HttpMethod.Post, "v1/tickets", new { chatId = 1 }, HttpStatusCode.Created);
        var fourth = await client.PostTextAsync(1, "@cmd");
        var edited = await client.PostAsync(1, "before");
        await client.CallAsync(HttpMethod.Put, $"v1/conversations/1/messages/{edited}", new { message = "-1 after" });
        var deleted = await client.PostAsync(1, "never seen again");
        await client.CallAsync(HttpMethod.Delete, $"v1/conversations/1/messages/{deleted}");
        foreach (var status in new[] { "ongoing", "completed" })
        {
            await client.CallAsync(HttpMethod.Patch, $"v1/tickets/{ticket["id"]}", new { status });
        }

        var thread = await client.CallAsync(HttpMethod.Post, "v1/chat-threads", new { chatId = 1, chatMessageId = fourth["id"] });
        await client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = 1, content = "\ttab", role = "assistant", chatThreadId = thread["id"] });

        var times = new List<DateTimeOffset>();
        foreach (var chat in new[] { 1, 2, 3 })
        {
            times.AddRange((await client.ArrayAsync($"v1/chat-messages?chatId={chat}")).Items.Select(item => ApiHelpers.Time(item!["createdAt"])));
        }

        return
        [
            new(1, Formula, 1, times[0], "customer", "@Ana", Lines, ExternalId: "=ext"),
            new(1, Formula, 2, times[1], "assistant", null, "=SUM(A1:A2)"),
            new(1, Formula, 3, times[2], "staff", "Test key", "+55 11 99999"),
            new(1, Formula, 4, times[3], "customer", null, "@cmd", Ticket: 1),
            new(1, Formula, 5, times[4], "staff", "Test key", "-1 after", Ticket: 1, Edited: true),
            new(1, Formula, 6, times[5], "staff", "Test key", "", Ticket: 1, Deleted: true),
            new(1, Formula, 7, times[6], "assistant", null, "\ttab", Thread: ApiHelpers.Text(thread["id"])),
            new(2, null, 1, times[7], "customer", null, pairs),
            new(2, null, 2, times[8], "customer", null, formulas),
            new(2, null, 3, times[9], "customer", null, "a\u0001b\uFFFEc\u000B"),
            new(3, title, 1, times[10], "assistant", null, "  =late"),
        ];
    }
}
