using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

/// <summary>Creating, reading and removing exports.</summary>
public class ExportTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const string Path = "v1/chat-messages/export";
    private const string Good = "https://example.com/exports";

    [Fact]
    public async Task Each_field_has_its_rule()
    {
        var wrong = new List<(object Body, string Field)> { (new { }, "callbackUrl"), (new { callbackUrl = (string?)null }, "callbackUrl"), (new { callbackUrl = 5 }, "callbackUrl") };
        wrong.AddRange(new[]
        {
            "", "x", "/relative", "example.com/x", "ftp://example.com/", "http://example.com/", "https://", "https:///x", "https://exämple.com/", "https://example.com/é", "https://example.com/a b",
            "https://user@example.com/", "https://user:pw@example.com/", "https://example.com/#part", "https://example.com\\@localhost/", "https://example.com:0/", "https://example.com:65536/",
            "https://127.0.0.1/", "https://10.1.2.3/", "https://172.16.0.1/", "https://192.168.0.1/", "https://169.254.169.254/latest", "https://100.64.0.1/", "https://168.63.129.16/", "https://0/",
            "https://2130706433/", "https://0x7f.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://[fd00::1]/", "https://[fe80::1]/", "https://224.0.0.1/",
            "https://printer/", "https://printer.local/", "https://x.internal/", "https://x.localhost/", "https://example.com/" + new string('x', 2000),
        }.Select(callbackUrl => ((object)new { callbackUrl }, "callbackUrl")));
        wrong.AddRange(new object[] { "", "en", "ptbr", "enus", 1 }.Select(language => ((object)new { callbackUrl = Good, language }, "language")));
        wrong.AddRange(new object[] { "", "pdf", "XLSX", 1 }.Select(format => ((object)new { callbackUrl = Good, format }, "format")));
        foreach (var time in new object[] { "", "yesterday", "2026-01-31", "2026-01-31T12:00:00", "1600-12-31T00:00:00Z", 1 })
        {
            wrong.Add((new { callbackUrl = Good, rangeStart = time }, "rangeStart"));
            wrong.Add((new { callbackUrl = Good, rangeEnd = time }, "rangeEnd"));
        }

        // In the future, and after the end.
        wrong.Add((new { callbackUrl = Good, rangeStart = FollowUpCalls.In(TimeSpan.FromMinutes(1)) }, "rangeStart"));
        wrong.Add((new { callbackUrl = Good, rangeStart = "2025-03-01T00:00:00.001Z", rangeEnd = "2025-03-01T00:00:00Z" }, "rangeStart"));
        foreach (var (body, field) in wrong)
        {
            await parley.Client.RefusedAsync(HttpMethod.Post, Path, body, 422, "invalid_fields", field);
        }

        // All fields at once, and the range together with others.
        var all = new { callbackUrl = "x", rangeStart = "x", rangeEnd = "x", language = "x", format = "x" };
        using var everything = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, all, ("Idempotency-Key", new string('x', 256)));
        await everything.AssertProblemAsync(422, "invalid_fields", "callbackUrl", "rangeStart", "rangeEnd", "language", "format", "Idempotency-Key");
        await parley.Client.RefusedAsync(
            HttpMethod.Post, Path, new { callbackUrl = "x", rangeStart = "2820-01-01T00:00:00Z", format = "x" }, 422, "invalid_fields", "callbackUrl", "rangeStart", "format");

        // There is no error for a start whose end cannot be read.
        await parley.Client.RefusedAsync(HttpMethod.Post, Path, new { callbackUrl = Good, rangeStart = "2820-01-01T00:00:00Z", rangeEnd = "x" }, 422, "invalid_fields", "rangeEnd");
        using var keyed = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, new { callbackUrl = Good, rangeStart = "2820-01-01T00:00:00Z" }, ("Idempotency-Key", "a wrong range"));
        await keyed.AssertProblemAsync(422, "invalid_fields", "rangeStart");
        await parley.Client.AssertNoTextAsync(HttpMethod.Post, Path, new { callbackUrl = ChatCalls.Marker }, "callbackUrl");
    }

    [Theory]
    [InlineData("{", "application/json", 400, "malformed_json")]
    [InlineData("[]", "application/json", 400, "malformed_json")]
    [InlineData("{}", "text/plain", 415, "unsupported_media_type")]
    [InlineData("large", "application/json", 413, "body_too_large")]
    public async Task The_body_is_a_small_JSON_object(string body, string type, int status, string code)
    {
        using var content = new StringContent(body == "large" ? $$"""{"callbackUrl":"{{new string('x', 32 * 1024)}}"}""" : body, Encoding.UTF8, type);
        using var response = await parley.Client.PostAsync(Path, content);
        await response.AssertProblemAsync(status, code);
    }

    [Fact]
    public async Task Valid_requests_are_accepted()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var client = await parley.NewTenantClientAsync("Accepted");

        // Names in either spelling, and unknown members. The defaults are everything, English and xlsx.
        foreach (var callbackUrl in new[] { receiver.Url(), receiver.Url().Replace("http://localhost", "HTTP://LocalHost", StringComparison.Ordinal), receiver.Url("long").PadRight(2000, 'x') })
        {
            var export = await client.ExportAsync(new { callback_url = callbackUrl, language = (string?)null, format = (string?)null, other = 1 });
            Assert.Equal(callbackUrl, export["callback"]!["url"]!.GetValue<string>());
            Assert.Equal(("xlsx", "enUs"), (ApiHelpers.Text(export["format"]), ApiHelpers.Text(export["language"])));
        }

        // A range at any offset, and an empty one.
        var ranged = await client.ExportAsync(new { callbackUrl = receiver.Url(), rangeStart = "2025-02-28T02:00:00+02:00", rangeEnd = "2025-08-31T00:00:00Z", language = "ptBr", format = "csv" });
        Assert.Equal(("2025-02-28T00:00:00.000Z", "2025-08-31T00:00:00.000Z"), (ApiHelpers.Text(ranged["rangeStart"]), ApiHelpers.Text(ranged["rangeEnd"])));
        Assert.Equal(("csv", "ptBr"), (ApiHelpers.Text(ranged["format"]), ApiHelpers.Text(ranged["language"])));
        var least = await client.ExportAsync(new { callbackUrl = receiver.Url(), range_start = "2025-08-31T00:00:00.0001Z", range_end = "2025-08-31T00:00:00.001Z" });
        Assert.Equal(("2025-08-31T00:00:00.001Z", "2025-08-31T00:00:00.001Z"), (ApiHelpers.Text(least["rangeStart"]), ApiHelpers.Text(least["rangeEnd"])));
        await RemoveAllAsync(client);
    }

    [Fact]
    public async Task The_same_key_returns_the_same_export()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var (client, other) = (await parley.NewTenantClientAsync("Keys"), await parley.NewTenantClientAsync("Other keys"));
        var body = new { callbackUrl = receiver.Url(), rangeEnd = "2025-01-01T00:00:00Z", format = "jsonl" };
        var (first, fresh) = await SendAsync(client, body, "one");
        Assert.False(fresh);
        Assert.Equal((first, true), await SendAsync(client, body, "one"));

        // Omitted fields equal their defaults.
        var same = new { callback_url = receiver.Url(), rangeEnd = "2025-01-01T00:00:00Z", format = "jsonl", language = "enUs", rangeStart = (string?)null };
        Assert.Equal((first, true), await SendAsync(client, same, "one"));
        foreach (var changed in new object[]
        {
            new { callbackUrl = receiver.Url("else"), body.rangeEnd, body.format }, new { body.callbackUrl, rangeEnd = "2025-01-01T00:00:01Z", body.format }, new { body.callbackUrl, body.rangeEnd },
            new { body.callbackUrl, body.rangeEnd, body.format, language = "ptBr" }, new { body.callbackUrl, body.rangeEnd, body.format, rangeStart = "2024-12-01T00:00:00Z" },
        })
        {
            using var reused = await client.SendJsonAsync(HttpMethod.Post, Path, changed, ("Idempotency-Key", "one"));
            await reused.AssertProblemAsync(422, "idempotency_key_reused");
        }

        var both = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => SendAsync(client, body, "two")));
        Assert.Equal(both[0].Id, both[1].Id);
        Assert.Single(both, one => one.Replayed);
        Assert.NotEqual(first, both[0].Id);
        Assert.NotEqual(first, (await SendAsync(other, body, "one")).Id);
        Assert.Equal([2, 1], ApiHelpers.Numbers(await client.CallAsync(HttpMethod.Get, "v1/exports")));
        await RemoveAllAsync(client);
        await RemoveAllAsync(other);
    }

    [Fact]
    public async Task Only_the_owner_has_access()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var (client, other) = (await parley.NewTenantClientAsync("Mine"), await parley.NewTenantClientAsync("Theirs"));
        var export = await client.ExportAsync(new { callbackUrl = receiver.Url(), rangeEnd = "2025-01-01T00:00:00Z" });
        await client.CallAsync(HttpMethod.Delete, $"v1/exports/{export["id"]}");
        var id = export["id"]!.GetValue<string>();
        var altered = id[..^1] + (id[^1] == '0' ? '1' : '0');
        (HttpMethod Method, string Path)[] Calls(string one) =>
        [
            (HttpMethod.Get, $"v1/exports/{one}"), (HttpMethod.Get, $"v1/exports/{one}/content"), (HttpMethod.Delete, $"v1/exports/{one}"), (HttpMethod.Post, $"v1/exports/{one}/callback"),
        ];
        foreach (var (caller, ids) in new (HttpClient, string[])[] { (client, [ApiHelpers.UnknownUuid, altered, "2", "0", "-1", "x", "2147483648"]), (other, [id, "1"]) })
        {
            foreach (var (method, path) in ids.SelectMany(Calls))
            {
                await caller.RefusedAsync(method, path, null, 404, "export_not_found");
            }
        }

        var (unauthenticated, reader) = (parley.NewClient(token: null), await parley.NewClientWithScopeAsync("messages:read"));
        var writer = await parley.NewClientWithScopeAsync("exports:write");
        foreach (var (method, path) in Calls(id).Append((HttpMethod.Get, "v1/exports")).Append((HttpMethod.Post, Path)))
        {
            await unauthenticated.RefusedAsync(method, path, null, 401, "unauthenticated");
            await reader.RefusedAsync(method, path, null, 403, "scope_missing");
            using var passed = await writer.SendJsonAsync(method, path, null);
            Assert.DoesNotContain(passed.StatusCode, new[] { HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden });
        }

        // The export exists, under its number too.
        Assert.True(JsonNode.DeepEquals(await client.CallAsync(HttpMethod.Get, $"v1/exports/{id}"), await client.CallAsync(HttpMethod.Get, "v1/exports/1")));
        await client.RefusedAsync(HttpMethod.Put, $"v1/exports/{id}", null, 405, "method_not_allowed");
        await client.RefusedAsync(HttpMethod.Get, Path, null, 405, "method_not_allowed");
    }

    [Fact]
    public async Task The_list_is_newest_first()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var (client, other) = (await parley.NewTenantClientAsync("List"), await parley.NewTenantClientAsync("No list"));
        for (var i = 0; i < 5; i++)
        {
            var export = await client.ExportAsync(new { callbackUrl = receiver.Url(), rangeEnd = "2025-01-01T00:00:00Z" });
            await client.CallAsync(HttpMethod.Delete, $"v1/exports/{export["id"]}");
        }

        Assert.Equal([5, 4, 3, 2, 1], await client.WalkBothWaysAsync("v1/exports?pageSize=2"));
        Assert.Equal([5, 4, 3, 2, 1], await client.WalkBothWaysAsync("v1/exports?pageSize=5"));
        var page = await client.CallAsync(HttpMethod.Get, "v1/exports");
        Assert.Equal(5, page["results"]!.AsArray().Count);
        Assert.All(new[] { "next", "previous" }, member => Assert.Null(page[member]));
        foreach (var listed in page["results"]!.AsArray())
        {
            Assert.True(JsonNode.DeepEquals(await client.CallAsync(HttpMethod.Get, $"v1/exports/{listed!["id"]}"), listed));
        }

        Assert.Empty((await other.CallAsync(HttpMethod.Get, "v1/exports"))["results"]!.AsArray());
        var next = (await client.CallAsync(HttpMethod.Get, "v1/exports?pageSize=2"))["next"]!.GetValue<string>();
        await client.RefusedAsync(HttpMethod.Get, ApiHelpers.Altered(next), null, 400, "invalid_cursor");
        await other.RefusedAsync(HttpMethod.Get, next, null, 400, "invalid_cursor");
        await client.RefusedAsync(HttpMethod.Get, "v1/conversations?pageSize=2".WithCursorOf(next), null, 400, "invalid_cursor");
        foreach (var size in new[] { "0", "101", "x" })
        {
            await client.RefusedAsync(HttpMethod.Get, $"v1/exports?pageSize={size}", null, 422, "invalid_fields", "pageSize");
        }
    }

    [Fact]
    public async Task A_completed_export_is_removed()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var client = await parley.NewTenantClientAsync("Removed");
        await client.PostTextAsync(await client.CreateConversationAsync(), "Hi");
        var export = await client.WithWebhookAsync(await client.ExportAsync(new { callbackUrl = receiver.Url() }));
        await client.FileAsync(export);

        // Two concurrent removals, and a repeated one.
        var removed = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => client.CallAsync(HttpMethod.Delete, $"v1/exports/{export["id"]}")));
        var again = await client.CallAsync(HttpMethod.Delete, $"v1/exports/{export["id"]}");
        var read = await client.CallAsync(HttpMethod.Get, $"v1/exports/{export["id"]}");
        Assert.All(removed.Append(again), one => Assert.True(JsonNode.DeepEquals(read, one), $"{one}"));
        Assert.Equal(("expired", "removed"), (ApiHelpers.Text(read["status"]), ApiHelpers.Text(read["reason"])));
        Assert.All(new[] { "url", "urlExpiresAt", "detail" }, member => Assert.Null(read[member]));

        // The properties of the removed file stay available.
        Assert.All(
            new[] { "rows", "bytes", "sha256", "startedAt", "finishedAt", "callback" }, member => Assert.True(JsonNode.DeepEquals(export[member], read[member]), member));
        Assert.InRange(ApiHelpers.Time(read["expiresAt"]), ApiHelpers.Time(read["finishedAt"]), FollowUpCalls.In(TimeSpan.FromMinutes(10)));
        using var http = new HttpClient();
        using var gone = await http.GetAsync(new Uri(export["url"]!.GetValue<string>()));
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        await client.RefusedAsync(HttpMethod.Get, $"v1/exports/{export["id"]}/content", null, 409, "export_status");
        await client.RefusedAsync(HttpMethod.Post, $"v1/exports/{export["id"]}/callback", null, 409, "export_status");
        Assert.Single(receiver.Of());
    }

    /// <summary>Removes all exports of a test, so that none is sent after its receiver has closed.</summary>
    private static async Task RemoveAllAsync(HttpClient client)
    {
        foreach (var export in (await client.CallAsync(HttpMethod.Get, "v1/exports"))["results"]!.AsArray())
        {
            await client.CallAsync(HttpMethod.Delete, $"v1/exports/{export!["id"]}");
        }
    }

    private static async Task<(string Id, bool Replayed)> SendAsync(HttpClient client, object body, string key)
    {
        using var response = await client.SendJsonAsync(HttpMethod.Post, Path, body, ("Idempotency-Key", key));
        var id = (await response.ReadAsync())["exportId"]!.GetValue<string>();
        Assert.EndsWith($"/v1/exports/{id}", response.Headers.Location!.ToString(), StringComparison.Ordinal);
        return (id, response.Headers.TryGetValues("Idempotent-Replayed", out _));
    }
}
