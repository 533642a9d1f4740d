using System.Net;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Testing;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.EndToEnd.Tests.Http;

/// <summary>If-None-Match (RFC 9110, section 13.1.2).</summary>
public class ConditionalTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    /// <summary>Their tags cover every byte of the body.</summary>
    private static readonly string[] Covered =
        ["/v1/tickets/{id}", "/v1/chat-message-follow-ups/{id}", "/v1/senders/{id}", "/v1/chatbots/{id}", "/v1/exports/{id}/content"];

    [Fact]
    public async Task Every_path_is_not_modified_for_any_tag_and_some_are_for_their_own()
    {
        var (client, paths) = await EveryResource.CreateAsync(parley);
        foreach (var (template, path) in paths)
        {
            using var plain = await client.GetAsync(path);
            var tag = plain.Headers.ETag?.ToString();
            await AssertNotModifiedAsync(client, path, "*", tag);
            foreach (var tags in new[] { "\"0\", W/\"x\"", "*, \"0\"" })
            {
                using var other = await SendAsync(client, HttpMethod.Get, path, tags);
                Assert.Equal(HttpStatusCode.OK, other.StatusCode);
            }

            if (!Covered.Contains(template))
            {
                using var again = await SendAsync(client, HttpMethod.Get, path, tag ?? "\"1\"");
                Assert.Equal(HttpStatusCode.OK, again.StatusCode);
                continue;
            }

            await AssertNotModifiedAsync(client, path, tag!, tag);
            await AssertNotModifiedAsync(client, path, $"W/{tag}", tag);
            await AssertNotModifiedAsync(client, path, $"\"0\", {tag}", tag);
            using var unreadable = await SendAsync(client, HttpMethod.Get, path, tag!.Trim('"'));
            Assert.Equal(HttpStatusCode.OK, unreadable.StatusCode);
        }

        Assert.All(Covered, template => Assert.Contains(template, paths.Keys));
    }

    [Fact]
    public async Task What_does_not_exist_is_not_found_and_not_unmodified()
    {
        foreach (var path in OpenApiContract.Document.Operations.Where(one => one.Method == "GET" && one.Path.Contains('{', StringComparison.Ordinal)).Select(one => one.Path))
        {
            var client = EveryResource.IsForAdministrator(path) ? parley.NewClient(parley.AdminKey) : parley.Client;
            using var response = await SendAsync(client, HttpMethod.Get, path[1..].Replace("{id}", ApiHelpers.UnknownUuid, StringComparison.Ordinal), "*");
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }
    }

    [Fact]
    public async Task Writes_to_what_exists_are_refused_for_any_tag_and_for_its_own()
    {
        var (client, paths) = await EveryResource.CreateAsync(parley);
        var chat = paths["/v1/conversations/{id}"];
        var message = (await client.ListAsync((await client.CallAsync(HttpMethod.Get, chat))["number"]!.GetValue<int>()))["data"]![0]!["id"];
        var records = paths["/v1/chatbots/{id}/records"];
        var record = $"{records}/{(await client.CallAsync(HttpMethod.Get, records))["results"]![0]!["id"]}";
        (HttpMethod Method, string Path, object? Body, string? Tag)[] writes =
        [
            (HttpMethod.Patch, chat, new { title = "x" }, await TagAsync(chat)),
            (HttpMethod.Put, $"{chat}/messages/{message}", new { message = "x" }, "\"1\""),
            (HttpMethod.Delete, $"{chat}/messages/{message}", null, "\"1\""),
            (HttpMethod.Patch, paths["/v1/messages/{id}"], new { feedback = "x" }, "\"1\""),
            (HttpMethod.Patch, paths["/v1/tickets/{id}"], new { title = "x" }, "\"1\""),
            (HttpMethod.Patch, paths["/v1/senders/{id}"], new { name = "x" }, "\"1\""),
            (HttpMethod.Patch, paths["/v1/chatbots/{id}"], new { name = "x" }, "\"1\""),
            (HttpMethod.Delete, paths["/v1/chatbots/{id}"], null, "\"1\""),
            (HttpMethod.Patch, record, new { contextRecallScore = 1 }, "\"1\""),
            (HttpMethod.Patch, paths["/v1/chat-message-follow-ups/{id}"], new { message = "x" }, "\"1\""),
            (HttpMethod.Delete, paths["/v1/chat-message-follow-ups/{id}"], null, "\"1\""),
            (HttpMethod.Delete, paths["/v1/exports/{id}"], null, null),
        ];

        // Tenants and keys have no entity tags.
        var documented = OpenApiContract.Document.Operations.Where(one => one.Method is "PATCH" or "PUT" or "DELETE"
            && !EveryResource.IsForAdministrator(one.Path) && !one.Path.StartsWith("/v1/keys/", StringComparison.Ordinal)).Select(one => $"{one.Method} {one.Path}");
        Assert.Equal(
            documented.Order(StringComparer.Ordinal),
            writes.Select(one => OpenApiContract.Document.OperationOf(one.Method, "/" + one.Path)!).Order(StringComparer.Ordinal));
        foreach (var (method, path, body, tag) in writes)
        {
            foreach (var tags in tag is null ? ["*"] : new[] { "*", tag, $"W/{tag}", $"\"0\", {tag}" })
            {
                using var refused = await client.SendJsonAsync(method, path, body, ("If-None-Match", tags));
                await refused.AssertProblemAsync(412, "stale_revision");
            }

            foreach (var malformed in new[] { "1", "*, \"99\"" })
            {
                using var unreadable = await client.SendJsonAsync(method, path, body, ("If-None-Match", malformed));
                await unreadable.AssertProblemAsync(400, "malformed_header");
            }

            using var both = await client.SendJsonAsync(method, path, body, ("If-Match", "*"), ("If-None-Match", "*"));
            await both.AssertProblemAsync(412, "stale_revision");
        }

        // Unknown ones are not found, whatever the header says. What is still as it was takes another tag.
        foreach (var (method, path, body, _) in writes.Where(one => one.Method == HttpMethod.Patch))
        {
            using var unknown = await client.SendJsonAsync(method, $"{path[..path.LastIndexOf('/')]}/{ApiHelpers.UnknownUuid}", body, ("If-None-Match", "*"));
            Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
            using var taken = await client.SendJsonAsync(method, path, body, ("If-None-Match", "\"99\""));
            Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
        }

        // A POST creates something that has no representation yet.
        using var created = await client.SendJsonAsync(HttpMethod.Post, "v1/conversations", new { }, ("If-None-Match", "*"));
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);

        async Task<string> TagAsync(string path)
        {
            using var response = await client.GetAsync(path);
            return response.Headers.ETag!.ToString();
        }
    }

    /// <summary>
    /// Appends, readings, edits and deletions in a random order. Whatever a client has kept is either still the answer,
    /// byte by byte, or it is answered anew.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_kept_answer_is_never_stale(int seed)
    {
        var random = new Random(seed);

        // Each of the twelve changes once, in any order, or more often.
        int[] changes = [.. Enumerable.Range(0, Interleaving.IsDeep ? 48 : 12).Select(step => step % 12)];
        random.Shuffle(changes);
        var (client, paths) = await EveryResource.CreateAsync(parley);
        var kept = paths.Where(one => !one.Key.StartsWith("/v1/health", StringComparison.Ordinal)).ToDictionary(one => one.Value, _ => (Tag: "\"0\"", Body: ""));

        // The inbox of a conversation counts unread conversations: it changes with messages of the other one.
        var shown = await client.NewConversationAsync(new { channel = "whatsapp" });
        var other = await client.NewConversationAsync(new { channel = "whatsapp" });
        kept[$"v1/conversations/{shown["id"]}"] = ("\"0\"", "");
        var (chat, unchanged) = (paths["/v1/conversations/{id}"], 0);
        var number = (await client.CallAsync(HttpMethod.Get, chat))["number"]!.GetValue<int>();
        foreach (var (step, kind) in changes.Index())
        {
            foreach (var (path, (tag, body)) in kept.ToList())
            {
                using var response = await SendAsync(client, HttpMethod.Get, path, tag);
                if (response.StatusCode == HttpStatusCode.NotModified)
                {
                    Assert.Equal(body, await client.GetStringAsync(path));
                    unchanged++;
                    continue;
                }

                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                kept[path] = (response.Headers.ETag?.ToString() ?? "\"0\"", await response.Content.ReadAsStringAsync());
            }

            var messages = (await client.ListAsync(number))["data"]!.AsArray();
            var message = messages[random.Next(messages.Count)]!["id"];
            var (method, changed, change) = kind switch
            {
                0 => (HttpMethod.Post, "v1/chat-messages", (object?)new { chatId = number, content = $"text {step}", role = "user" }),
                1 => (HttpMethod.Post, "v1/chat-messages", new { chatId = number, content = $"text {step}", role = "assistant" }),
                2 => (HttpMethod.Post, $"{chat}/read", new { }),
                3 => (HttpMethod.Put, $"{chat}/messages/{message}", new { message = $"text {step}" }),
                4 => (HttpMethod.Delete, $"{chat}/messages/{message}", null),
                5 => (HttpMethod.Patch, chat, new { title = $"title {step}" }),
                6 => (HttpMethod.Patch, paths["/v1/tickets/{id}"], new { title = $"title {step}" }),
                7 => (HttpMethod.Patch, paths["/v1/senders/{id}"], new { name = $"name {step % 2}" }),
                8 => (HttpMethod.Patch, paths["/v1/chatbots/{id}"], new { name = $"name {step}" }),
                9 => (HttpMethod.Post, "v1/chat-messages", new { chatId = other["id"], content = $"text {step}", role = "user" }),
                10 => (HttpMethod.Post, $"v1/conversations/{other["id"]}/read", new { }),
                _ => (HttpMethod.Patch, paths["/v1/chat-message-follow-ups/{id}"], new { message = $"text {step}" }),
            };

            // Some are refused: a deleted message, a follow-up that the customer's message has cancelled.
            using var ended = await client.SendJsonAsync(method, changed, change);
            Assert.True((int)ended.StatusCode is 200 or 201 or 409, $"{method} {changed}: {(int)ended.StatusCode}");
        }

        Assert.InRange(unchanged, changes.Length, changes.Length * Covered.Length);
    }

    [Fact]
    public async Task A_follow_up_whose_text_is_gone_with_its_message_is_answered_anew()
    {
        var chat = (await parley.Client.NewAnsweredChatAsync())["chatId"]!;
        var sent = await parley.Client.SentAsync(await parley.Client.FollowUpAsync(chat, due: FollowUpCalls.In(TimeSpan.FromSeconds(-1))));
        var path = $"{FollowUpCalls.Path}/{sent["id"]}";
        using var before = await parley.Client.GetAsync(path);
        var tag = before.Headers.ETag!.ToString();
        await AssertNotModifiedAsync(parley.Client, path, tag, tag);
        await parley.Client.CallAsync(HttpMethod.Delete, $"v1/conversations/{chat}/messages/{sent["chatMessageId"]}");
        using var after = await SendAsync(parley.Client, HttpMethod.Get, path, tag);

        Assert.Equal("", ApiHelpers.Text((await after.ReadAsync())["message"]));
    }

    private static async Task AssertNotModifiedAsync(HttpClient client, string path, string sent, string? tag)
    {
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
        {
            using var response = await SendAsync(client, method, path, sent);
            Assert.True(response.StatusCode == HttpStatusCode.NotModified, $"{method} {path} with {sent}: {(int)response.StatusCode}");
            Assert.Equal(tag, response.Headers.ETag?.ToString());
            Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
            Assert.Empty(await response.Content.ReadAsByteArrayAsync());
            Assert.DoesNotContain(response.Content.Headers, header => header.Key != "Content-Length");
        }
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string path, string tags) =>
        client.SendJsonAsync(method, path, null, ("If-None-Match", tags));
}
