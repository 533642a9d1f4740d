using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.MaiAgent;

/// <summary>Tests of /messages.</summary>
public class AssistantMessageTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const string Path = "v1/messages";
    private static readonly byte[] Png = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3];

    [Fact]
    public async Task A_message_with_everything_has_every_field()
    {
        var conversation = await parley.Client.NewConversationAsync();
        var sender = await parley.Client.NewSenderAsync(new { entity = "external_user", name = "Ana", avatar = "https://example.com/ana.png" });
        using var response = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/messages", new
        {
            conversation = conversation["id"],
            content = "Onde está \u202eRTL e\u0301 😀?",
            contentPayload = new { b = 1, a = new object?[] { "x", null, 1.5 } },
            queryMetadata = new { lang = "pt" },
            sender = sender["id"],
            attachments = new[] { new { id = "mine-1", type = "video", filename = "v.mp4", file = "https://example.com/v.mp4?a=b#c" } },
        });
        var message = await response.ReadAsync(HttpStatusCode.Created);

        Assert.Equal(
            ["id", "conversation", "sender", "type", "content", "contentPayload", "queryMetadata", "feedback", "createdAt", "attachments", "citations", "citationNodes"],
            message.AsObject().Select(member => member.Key));
        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", message["id"]!.GetValue<string>());
        Assert.Equal(ApiHelpers.Text(conversation["id"]), message["conversation"]!.GetValue<string>());
        Assert.Equal(["id", "name", "avatar"], message["sender"]!.AsObject().Select(member => member.Key));
        Assert.Equal(ApiHelpers.Text(sender["id"]), message["sender"]!["id"]!.GetValue<string>());
        Assert.Equal("Ana", message["sender"]!["name"]!.GetValue<string>());
        Assert.Equal("https://example.com/ana.png", message["sender"]!["avatar"]!.GetValue<string>());
        Assert.Equal("incoming", message["type"]!.GetValue<string>());
        Assert.Equal("Onde está \u202eRTL e\u0301 😀?", message["content"]!.GetValue<string>());
        Assert.Equal("""{"b":1,"a":["x",null,1.5]}""", message["contentPayload"]!.ToJsonString());
        Assert.Equal("""{"lang":"pt"}""", message["queryMetadata"]!.ToJsonString());
        Assert.Null(message["feedback"]);
        Assert.True(ApiHelpers.Time(conversation["createdAt"]) <= ApiHelpers.Time(message["createdAt"]));
        var attachment = Assert.Single(message["attachments"]!.AsArray())!;
        Assert.Equal(["id", "type", "filename", "file"], attachment.AsObject().Select(member => member.Key));
        Assert.Equal("mine-1", attachment["id"]!.GetValue<string>());
        Assert.Equal("video", attachment["type"]!.GetValue<string>());
        Assert.Equal("v.mp4", attachment["filename"]!.GetValue<string>());
        Assert.Equal("https://example.com/v.mp4?a=b#c", attachment["file"]!.GetValue<string>());
        Assert.Empty(message["citations"]!.AsArray());
        Assert.Empty(message["citationNodes"]!.AsArray());
        Assert.Equal($"{parley.Api}v1/messages/{message["id"]}", response.Headers.Location!.ToString());
        Assert.Equal("\"1\"", response.Headers.ETag!.Tag);
        Assert.False(response.Headers.Contains("Idempotent-Replayed"));
        foreach (var id in new[] { message["id"]!.GetValue<string>(), message["id"]!.GetValue<string>().ToUpperInvariant(), $"{IntegerId(conversation, 1)}" })
        {
            using var read = await parley.Client.GetAsync($"v1/messages/{id}");
            Assert.True(JsonNode.DeepEquals(message, await read.ReadAsync()));
            Assert.Equal("\"1\"", read.Headers.ETag!.Tag);
        }

        var page = await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages?conversation={conversation["number"]}");
        Assert.Equal(["next", "previous", "results"], page.AsObject().Select(member => member.Key));
        Assert.True(JsonNode.DeepEquals(message, Assert.Single(page["results"]!.AsArray())));
        Assert.Null(page["next"]);
        Assert.Null(page["previous"]);
    }

    [Fact]
    public async Task Omitted_fields_are_null_or_empty()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var message = await PostAsync(conversation, "x");

        Assert.All(new[] { "sender", "contentPayload", "queryMetadata", "feedback" }, member => Assert.Null(message[member]));
        Assert.All(new[] { "attachments", "citations", "citationNodes" }, member => Assert.Empty(message[member]!.AsArray()));
        Assert.Equal("incoming", message["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task Members_may_be_in_snake_case()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var message = await parley.Client.CallAsync(
            HttpMethod.Post, Path, new { conversation = $"{conversation}", content = "x", content_payload = new { a = 1 }, query_metadata = new { b = 2 } }, HttpStatusCode.Created);

        Assert.Equal("""{"a":1}""", message["contentPayload"]!.ToJsonString());
        Assert.Equal("""{"b":2}""", message["queryMetadata"]!.ToJsonString());
    }

    [Fact]
    public async Task Each_field_has_its_rule()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        foreach (var (field, value) in new (string, object?)[]
        {
            ("content", "x"), ("content", " "), ("contentPayload", ApiHelpers.JsonOf(32_768)), ("queryMetadata", ApiHelpers.JsonOf(32_768)), ("contentPayload", new { }),
            ("attachments", null), ("attachments", Array.Empty<object>()), ("sender", null), ("unknown", 1),
        })
        {
            await parley.Client.CallAsync(HttpMethod.Post, Path, Body(conversation, field, value), HttpStatusCode.Created);
        }

        foreach (var (field, value) in new (string, object?)[]
        {
            ("content", null), ("content", ""), ("content", 5), ("content", new { }),
            ("contentPayload", ApiHelpers.JsonOf(32_769)), ("contentPayload", "{}"), ("contentPayload", new[] { 1 }), ("contentPayload", 1),
            ("queryMetadata", ApiHelpers.JsonOf(32_769)), ("queryMetadata", "{}"), ("queryMetadata", new[] { 1 }), ("queryMetadata", true),
            ("conversation", null), ("conversation", "x"), ("conversation", 0), ("conversation", -1), ("conversation", 1.5), ("conversation", ""),
            ("sender", "x"), ("sender", 0), ("sender", 999_999_999), ("sender", ApiHelpers.UnknownUuid),
            ("attachments", "x"), ("attachments", new { }), ("attachments", new object?[] { "x" }), ("attachments", new object?[] { null }),
        })
        {
            using var response = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, Body(conversation, field, value));
            Assert.True(response.StatusCode == HttpStatusCode.UnprocessableEntity, $"{field} {value}");
            await response.AssertProblemAsync(422, "invalid_fields", field);
        }

        foreach (var field in new[] { "content", "conversation", "sender" })
        {
            await parley.Client.AssertNoTextAsync(HttpMethod.Post, Path, Body(conversation, field, ChatCalls.Marker), field);
        }
    }

    [Fact]
    public async Task Ten_attachments_are_returned_as_sent()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        string[] types = ["image", "video", "audio", "sticker", "other"];
        var sent = Enumerable.Range(0, 11).Select(i => new JsonObject
        {
            ["id"] = i % 3 == 0 ? null : i == 1 ? new string('i', 36) : $"id {i}",
            ["type"] = types[i % 5],
            ["filename"] = i == 1 ? new string('n', 250) : i == 2 ? "n" : $"é 😀/{i}.bin",
            ["file"] = i == 1 ? Link(2048) : i == 2 ? "http://example.com" : $"https://example.com/%C3%A9?{i}",
        }).ToList();
        var message = await parley.Client.CallAsync(
            HttpMethod.Post, Path, new { conversation, content = "ten", attachments = sent.Take(10) }, HttpStatusCode.Created);

        Assert.True(JsonNode.DeepEquals(new JsonArray([.. sent.Take(10).Select(one => one.DeepClone())]), message["attachments"]), message["attachments"]!.ToJsonString());
        Assert.True(JsonNode.DeepEquals(message, await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages/{message["id"]}")));
        await parley.Client.RefusedAsync(HttpMethod.Post, Path, new { conversation, content = "eleven", attachments = sent }, 422, "invalid_fields", "attachments");
    }

    [Fact]
    public async Task Each_field_of_an_attachment_has_its_rule()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var good = new { type = "image", filename = "f", file = "https://example.com/f" };
        foreach (var (field, value) in new (string, object?)[]
        {
            ("type", null), ("type", "document"), ("type", "Image"), ("type", ""), ("type", 1),
            ("filename", null), ("filename", ""), ("filename", new string('x', 251)), ("filename", 1),
            ("file", Link(2049)), ("file", "ftp://example.com/f"), ("file", "/f"), ("file", "example.com/f"), ("file", "javascript:alert(1)"), ("file", "file:///etc/passwd"), ("file", ""), ("file", 1), ("file", null),
            ("file", "https://example.com/é"), ("file", "https://example.com/a\"b"), ("file", "https://example.com/\u202Egnp.exe"), ("file", "https://me:secret@example.com/f"),
        })
        {
            var bad = new Dictionary<string, object?> { ["type"] = "image", ["filename"] = "f", ["file"] = "https://example.com/f", [field] = value };
            await parley.Client.RefusedAsync(
                HttpMethod.Post, Path, new { conversation, content = "x", attachments = new object[] { good, bad } }, 422, "invalid_fields", $"attachments.1.{field}");
        }

        await parley.Client.RefusedAsync(
            HttpMethod.Post, Path, new { conversation, content = "", attachments = new object[] { new { }, new { type = "x", filename = "f" } } },
            422, "invalid_fields", "content", "attachments.0.type", "attachments.0.filename", "attachments.1.type");
        foreach (var field in new[] { "id", "type", "filename", "file" })
        {
            var bad = new Dictionary<string, object?> { ["type"] = "image", ["filename"] = "f", ["file"] = "https://example.com/f", [field] = ChatCalls.Marker };
            await parley.Client.AssertNoTextAsync(HttpMethod.Post, Path, new { conversation, content = "x", attachments = new[] { bad } }, $"attachments.0.{field}");
        }

        var page = await parley.Client.CallAsync(HttpMethod.Get, $"{Path}?conversation={conversation}");
        Assert.Empty(page["results"]!.AsArray());
    }

    [Fact]
    public async Task An_attachment_with_the_id_of_a_media_message_of_the_conversation_is_its_file()
    {
        var (conversation, other) = (await parley.Client.CreateConversationAsync(), await parley.Client.CreateConversationAsync());
        using var uploaded = await parley.Client.UploadAsync(conversation, Png, "box.png");
        var integer = (await uploaded.ReadAsync())["data"]!["message_id"]!.GetValue<string>();
        var media = await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages/{integer}");
        var own = Assert.Single(media["attachments"]!.AsArray())!;
        Assert.Equal(ApiHelpers.Text(media["id"]), own["id"]!.GetValue<string>());
        var text = await PostAsync(conversation, "no file");
        var referring = new List<string>();

        foreach (var id in new[] { ApiHelpers.Text(media["id"])!, integer })
        {
            var message = await parley.Client.CallAsync(
                HttpMethod.Post, Path, new { conversation, content = "see", attachments = new[] { new { id, type = "video", filename = "zzz" } } }, HttpStatusCode.Created);
            var attachment = Assert.Single(message["attachments"]!.AsArray())!;
            Assert.Equal(ApiHelpers.Text(media["id"]), attachment["id"]!.GetValue<string>());
            Assert.Equal("image", attachment["type"]!.GetValue<string>());
            Assert.Equal("box.png", attachment["filename"]!.GetValue<string>());
            Assert.Equal(Png, await parley.Client.GetByteArrayAsync(new Uri(attachment["file"]!.GetValue<string>())));
            referring.Add(ApiHelpers.Text(message["id"])!);
        }

        foreach (var (where, id) in new[] { (other, ApiHelpers.Text(media["id"])!), (other, integer), (conversation, ApiHelpers.Text(text["id"])!), (conversation, ApiHelpers.UnknownUuid) })
        {
            var message = await parley.Client.CallAsync(
                HttpMethod.Post,
                Path,
                new { conversation = where, content = "see", attachments = new[] { new { id, type = "video", filename = "zzz", file = "https://example.com/" } } },
                HttpStatusCode.Created);
            Assert.Equal($$"""[{"id":"{{id}}","type":"video","filename":"zzz","file":"https://example.com/"}]""", message["attachments"]!.ToJsonString());

            // Without a link, the attachment is empty.
            await parley.Client.RefusedAsync(
                HttpMethod.Post, Path, new { conversation = where, content = "see", attachments = new[] { new { id, type = "video", filename = "zzz" } } },
                422, "invalid_fields", "attachments.0.file");
        }

        // The file is deleted with the message that it was uploaded with; its name stays.
        await parley.Client.CallAsync(HttpMethod.Delete, $"v1/conversations/{conversation}/messages/{integer}");
        Assert.All(await Task.WhenAll(referring.Select(id => parley.Client.CallAsync(HttpMethod.Get, $"v1/messages/{id}"))), message =>
            Assert.Equal("box.png", Assert.Single(message["attachments"]!.AsArray())!["filename"]!.GetValue<string>()));
        var link = (await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages/{referring[0]}"))["attachments"]![0]!["file"]!.GetValue<string>();
        using var gone = await parley.Client.GetAsync(link);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task Unknown_ids_and_those_of_another_tenant_are_not_found()
    {
        var stranger = await parley.NewTenantClientAsync("Stranger");
        var theirs = await stranger.NewConversationAsync();
        var theirMessage = await stranger.CallAsync(HttpMethod.Post, Path, new { conversation = theirs["id"], content = "theirs" }, HttpStatusCode.Created);
        var theirSender = await stranger.NewSenderAsync(new { entity = "external_user", name = "Theirs" });
        var mine = await parley.NewTenantClientAsync("Mine");
        foreach (var id in new object[] { theirs["id"]!, theirs["number"]!, 999_999, long.MaxValue, ApiHelpers.UnknownUuid })
        {
            await mine.RefusedAsync(HttpMethod.Post, Path, new { conversation = id, content = "x" }, 404, "conversation_not_found");
            var page = await mine.CallAsync(HttpMethod.Get, $"{Path}?conversation={id}");
            Assert.Equal("""{"next":null,"previous":null,"results":[]}""", page.ToJsonString());
        }

        var own = await mine.NewConversationAsync();
        foreach (var id in new object[] { theirSender["id"]!, theirSender["number"]! })
        {
            await mine.RefusedAsync(HttpMethod.Post, Path, new { conversation = own["id"], content = "x", sender = id }, 422, "invalid_fields", "sender");
        }

        foreach (var id in new object[] { theirMessage["id"]!, IntegerId(theirs, 1), IntegerId(own, 0), ApiHelpers.UnknownUuid, "1", "0", "x", "01", own["id"]!, "99999999999999999999" })
        {
            await mine.RefusedAsync(HttpMethod.Get, $"v1/messages/{id}", null, 404, "message_not_found");
            await mine.RefusedAsync(HttpMethod.Patch, $"v1/messages/{id}", new { feedback = "x" }, 404, "message_not_found");
        }
    }

    [Fact]
    public async Task A_key_with_the_scope_is_required() => await parley.AssertGuardedAsync(
        (HttpMethod.Post, Path, new { conversation = 999 }, "messages:write"),
        (HttpMethod.Get, $"{Path}?conversation=999", null, "messages:read"),
        (HttpMethod.Get, $"{Path}/999", null, "messages:read"),
        (HttpMethod.Patch, $"{Path}/999", new { feedback = 5 }, "messages:write"));

    [Fact]
    public async Task Feedback_is_given_and_withdrawn()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var posted = await PostAsync(conversation, "x");
        var longest = string.Concat(Enumerable.Repeat("😀", 2000));
        var revision = 1;
        foreach (var feedback in new[] { "Helpful.", longest, "", null })
        {
            using var response = await parley.Client.SendJsonAsync(HttpMethod.Patch, $"v1/messages/{posted["id"]}", new { feedback });
            var changed = await response.ReadAsync();
            Assert.Equal(feedback, ApiHelpers.Text(changed["feedback"]));
            Assert.Equal($"\"{++revision}\"", response.Headers.ETag!.Tag);
            Assert.True(JsonNode.DeepEquals(changed, await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages/{posted["id"]}")));
            changed["feedback"] = null;
            Assert.True(JsonNode.DeepEquals(posted, changed));
        }

        foreach (var feedback in new object[] { longest + "x", 5, new { } })
        {
            await parley.Client.RefusedAsync(HttpMethod.Patch, $"v1/messages/{posted["id"]}", new { feedback }, 422, "invalid_fields", "feedback");
        }

        await parley.Client.AssertNoTextAsync(HttpMethod.Patch, $"v1/messages/{posted["id"]}", new { feedback = ChatCalls.Marker }, "feedback");
    }

    [Fact]
    public async Task A_deleted_message_accepts_no_feedback()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var posted = await PostAsync(conversation, "x");
        await parley.Client.CallAsync(HttpMethod.Delete, $"v1/conversations/{conversation}/messages/{posted["id"]}");

        await parley.Client.RefusedAsync(HttpMethod.Patch, $"v1/messages/{posted["id"]}", new { feedback = "x" }, 409, "message_deleted");
        await parley.Client.RefusedAsync(HttpMethod.Patch, $"v1/messages/{posted["id"]}", new { feedback = (string?)null }, 409, "message_deleted");
    }

    [Theory]
    [InlineData("\"1\"", 200)]
    [InlineData("*", 200)]
    [InlineData("\"7\", \"1\"", 200)]
    [InlineData("\"2\"", 412)]
    [InlineData("W/\"1\"", 412)]
    [InlineData("1", 400)]
    public async Task If_match_guards_feedback(string ifMatch, int status)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var posted = await PostAsync(conversation, "x");
        using var response = await parley.Client.SendJsonAsync(HttpMethod.Patch, $"v1/messages/{posted["id"]}", new { feedback = "f" }, ("If-Match", ifMatch));

        if (status != 200)
        {
            await response.AssertProblemAsync(status, status == 412 ? "stale_revision" : "malformed_header");
        }

        var read = await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages/{posted["id"]}");
        Assert.Equal((status, status == 200 ? "f" : null), ((int)response.StatusCode, ApiHelpers.Text(read["feedback"])));
    }

    [Fact]
    public async Task Pages_are_walked_both_ways_while_messages_come_in()
    {
        var conversation = await parley.Client.NewConversationAsync();
        foreach (var i in Enumerable.Range(1, 8))
        {
            await PostAsync(conversation["number"]!, $"{i}");
        }

        var page = await GetAsync($"{Path}?x=a%20b&pageSize=3&conversation={conversation["id"]}");
        Assert.Null(page["previous"]);
        Assert.StartsWith($"{parley.Api}v1/messages?x=a%20b&pageSize=3&conversation={conversation["id"]}&cursor=", ApiHelpers.Text(page["next"]), StringComparison.Ordinal);
        var there = new List<string>();
        for (var i = 9; ; i++)
        {
            there.AddRange(ChatCalls.Contents(page["results"]!.AsArray()));
            await PostAsync(conversation["number"]!, $"{i}");
            if (ApiHelpers.Text(page["next"]) is not { } next)
            {
                break;
            }

            page = await GetAsync(next);
        }

        Assert.Equal(["8", "7", "6", "5", "4", "3", "2", "1"], there);
        var back = new List<string>(ChatCalls.Contents(page["results"]!.AsArray()));
        for (var posted = false; ApiHelpers.Text(page["previous"]) is { } previous; posted = true)
        {
            page = await GetAsync(previous);
            back.InsertRange(0, ChatCalls.Contents(page["results"]!.AsArray()));
            Assert.NotNull(page["next"]);
            if (!posted)
            {
                await PostAsync(conversation["number"]!, "12");
            }
        }

        Assert.Equal(Enumerable.Range(1, 12).Reverse().Select(i => $"{i}"), back);

        async Task<JsonNode> GetAsync(string url) => await parley.Client.CallAsync(HttpMethod.Get, url);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_replay_after_a_deletion_still_has_the_attachments(bool stored)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var uploaded = await parley.Client.UploadAsync(conversation, Png, "box.png");
        var media = (await uploaded.ReadAsync())["data"]!["message_id"]!.GetValue<string>();
        var attachment = new { id = stored ? media : "mine", type = "video", filename = "v.mp4", file = stored ? null : "https://example.com/v.mp4" };
        var first = await SendAsync();
        await parley.Client.CallAsync(HttpMethod.Delete, $"v1/conversations/{conversation}/messages/{first["id"]}");
        var again = await SendAsync();
        foreach (var member in new[] { "id", "type", "filename" })
        {
            Assert.Equal(first["attachments"]![0]![member]!.GetValue<string>(), again["attachments"]![0]![member]!.GetValue<string>());
        }

        Assert.NotNull(again["attachments"]![0]!["file"]);

        async Task<JsonNode> SendAsync()
        {
            using var response = await parley.Client.SendJsonAsync(
                HttpMethod.Post, Path, new { conversation, content = "x", attachments = new[] { attachment } }, ("Idempotency-Key", "with attachments"));
            return await response.ReadAsync(HttpStatusCode.Created);
        }
    }

    [Fact]
    public async Task Page_sizes_and_queries()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        for (var i = 1; i <= 101; i++)
        {
            await PostAsync(conversation, $"{i}");
        }

        foreach (var (query, count) in new[] { ("", 20), ("&pageSize=", 20), ("&pageSize=1", 1), ("&pageSize=100", 100) })
        {
            var page = await parley.Client.CallAsync(HttpMethod.Get, $"{Path}?conversation={conversation}{query}");
            Assert.Equal(count, page["results"]!.AsArray().Count);
            Assert.NotNull(page["next"]);
        }

        foreach (var (query, field) in new[]
        {
            ("", "conversation"), ("?conversation=", "conversation"), ("?conversation=x", "conversation"), ("?conversation=0", "conversation"), ("?conversation=-5", "conversation"),
            ($"?conversation={conversation}&pageSize=0", "pageSize"), ($"?conversation={conversation}&pageSize=101", "pageSize"), ($"?conversation={conversation}&pageSize=x", "pageSize"),
            ($"?conversation={conversation}&pageSize=1.5", "pageSize"),
        })
        {
            await parley.Client.RefusedAsync(HttpMethod.Get, Path + query, null, 422, "invalid_fields", field);
        }
    }

    [Fact]
    public async Task A_cursor_belongs_to_its_list()
    {
        var (mine, stranger) = (await parley.NewTenantClientAsync("Mine"), await parley.NewTenantClientAsync("Stranger"));
        foreach (var client in new[] { mine, mine, stranger })
        {
            var conversation = await client.CreateConversationAsync();
            await client.PostTextAsync(conversation, "1");
            await client.PostTextAsync(conversation, "2");
        }

        var page = await mine.CallAsync(HttpMethod.Get, $"{Path}?conversation=1&pageSize=1");
        var next = ApiHelpers.Text(page["next"])!;
        await mine.AssertAlteredCursorsAsync(next);
        foreach (var (client, url) in new[]
        {
            (stranger, $"{Path}?conversation=1&pageSize=1"), (mine, $"{Path}?conversation=2&pageSize=1"), (mine, $"{Path}?conversation=999&pageSize=1"), (mine, $"{Path}?conversation={ApiHelpers.UnknownUuid}"),
            (mine, "v1/chat-messages?chatId=1&limit=1"), (mine, "v1/chat-threads?chatId=1&limit=1"), (mine, "v1/conversations?pageSize=1"), (mine, "v1/senders?pageSize=1"),
        })
        {
            await client.RefusedAsync(HttpMethod.Get, url.WithCursorOf(next), null, 400, "invalid_cursor");
        }
    }

    [Fact]
    public async Task An_idempotency_key_creates_one_message_and_returns_its_first_response()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var sender = await parley.Client.NewSenderAsync(new { entity = "external_user", name = "Ana" });
        var body = new { conversation, content = "x", contentPayload = new { a = 1 }, queryMetadata = new { b = 2 }, sender = sender["id"] };
        var first = await SendAsync(body, replayed: false);
        Assert.True(JsonNode.DeepEquals(first, await SendAsync(body, replayed: true)));
        foreach (var other in new object[]
        {
            new { conversation, content = "y", contentPayload = new { a = 1 }, queryMetadata = new { b = 2 }, sender = sender["id"] },
            new { conversation, content = "x", contentPayload = new { a = 2 }, queryMetadata = new { b = 2 }, sender = sender["id"] },
            new { conversation, content = "x", contentPayload = new { a = 1 }, sender = sender["id"] },
            new { conversation, content = "x", contentPayload = new { a = 1 }, queryMetadata = new { b = 2 } },
            new { conversation, content = "x", contentPayload = new { a = 1 }, queryMetadata = new { b = 2 }, sender = sender["id"], attachments = new[] { new { type = "other", filename = "f" } } },
        })
        {
            using var reused = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, other, ("Idempotency-Key", "message key"));
            await reused.AssertProblemAsync(422, "idempotency_key_reused");
        }

        await parley.Client.CallAsync(HttpMethod.Patch, $"v1/messages/{first["id"]}", new { feedback = "f" });
        Assert.True(JsonNode.DeepEquals(first, await SendAsync(body, replayed: true)));
        await parley.Client.CallAsync(HttpMethod.Put, $"v1/conversations/{conversation}/messages/{first["id"]}", new { message = "edited" });
        Assert.True(JsonNode.DeepEquals(first, await SendAsync(body, replayed: true)));
        await parley.Client.CallAsync(HttpMethod.Delete, $"v1/conversations/{conversation}/messages/{first["id"]}");
        Assert.True(JsonNode.DeepEquals(first, await SendAsync(body, replayed: true)));
        Assert.Single((await parley.Client.CallAsync(HttpMethod.Get, $"{Path}?conversation={conversation}"))["results"]!.AsArray());

        async Task<JsonNode> SendAsync(object what, bool replayed)
        {
            using var response = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, what, ("Idempotency-Key", "message key"));
            var message = await response.ReadAsync(HttpStatusCode.Created);
            Assert.Equal(replayed, response.Headers.Contains("Idempotent-Replayed"));
            Assert.Equal("\"1\"", response.Headers.ETag!.Tag);
            Assert.Equal($"{parley.Api}v1/messages/{message["id"]}", response.Headers.Location!.ToString());
            return message;
        }
    }

    [Fact]
    public async Task A_replay_after_a_deletion_still_has_the_links()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var first = await SendAsync();
        await parley.Client.CallAsync(HttpMethod.Delete, $"v1/conversations/{conversation}/messages/{first["id"]}");
        Assert.True(JsonNode.DeepEquals(first, await SendAsync()));

        async Task<JsonNode> SendAsync()
        {
            var attachments = new[] { new { id = "mine", type = "video", filename = "v.mp4", file = "https://example.com/v.mp4" } };
            using var response = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, new { conversation, content = "x", attachments }, ("Idempotency-Key", "with links"));
            return await response.ReadAsync(HttpStatusCode.Created);
        }
    }

    private static string Link(int length) => "https://example.com/".PadRight(length, 'x');

    private static Dictionary<string, object?> Body(int conversation, string field, object? value) =>
        new() { ["conversation"] = conversation, ["content"] = "text", [field] = value };

    private static string IntegerId(JsonNode conversation, int number) =>
        ((conversation["number"]!.GetValue<long>() << 22) + number).ToString(CultureInfo.InvariantCulture);

    private Task<JsonNode> PostAsync(object conversation, string content) =>
        parley.Client.CallAsync(HttpMethod.Post, Path, new { conversation, content }, HttpStatusCode.Created);
}
