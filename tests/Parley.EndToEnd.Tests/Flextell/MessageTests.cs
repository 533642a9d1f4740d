using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Flextell;

public class MessageTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private static readonly string[] Members =
    [
        "id", "conversation_id", "user_id", "user_name", "is_customer", "message_type", "message", "quoted_text", "is_deleted", "is_edited",
        "edited_by_user_name", "deleted_by_user_name", "read_at", "metadata", "created_at", "file", "file_temporary_url",
    ];

    [Fact]
    public async Task A_posted_message_is_in_the_page()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var posted = await parley.Client.SendJsonAsync(HttpMethod.Post, $"v1/conversations/{conversation}/messages", new { message = "Olá \u202eRTL e\u0301 😀 \"<&>" });
        var sent = await posted.ReadAsync();
        var page = await parley.Client.ListAsync(conversation);
        var message = Assert.Single(page["data"]!.AsArray())!;

        var id = ((long)conversation << 22) + 1;
        Assert.Equal($$$"""{"success":"true","data":{"status":"sent","message_id":"{{{id}}}","conversation_id":"{{{conversation}}}"}}""", sent.ToJsonString());
        Assert.Equal(Members, message.AsObject().Select(member => member.Key));
        Assert.Equal(id, message["id"]!.GetValue<long>());
        Assert.Equal(conversation, message["conversation_id"]!.GetValue<int>());
        Assert.Equal("Olá \u202eRTL e\u0301 😀 \"<&>", message["message"]!.GetValue<string>());
        Assert.Equal("text", message["message_type"]!.GetValue<string>());
        Assert.Equal("Test key", message["user_name"]!.GetValue<string>());
        Assert.Equal(1, message["user_id"]!.GetValue<int>());
        Assert.False(message["is_customer"]!.GetValue<bool>());
        Assert.False(message["is_edited"]!.GetValue<bool>());
        Assert.False(message["is_deleted"]!.GetValue<bool>());
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", message["created_at"]!.GetValue<string>());
        Assert.All(new[] { "quoted_text", "edited_by_user_name", "deleted_by_user_name", "read_at", "metadata", "file", "file_temporary_url" }, member => Assert.Null(message[member]));
    }

    [Fact]
    public async Task Pages_of_either_order_hold_every_message_once()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        for (var i = 1; i <= 23; i++)
        {
            await parley.Client.PostAsync(conversation, $"message {i}");
        }

        var newestFirst = new List<int>();
        var oldestFirst = new List<int>();
        for (var page = 1; page <= 4; page++)
        {
            newestFirst.AddRange(Numbers(await parley.Client.ListAsync(conversation, $"?per_page=7&page={page}")));
            oldestFirst.AddRange(Numbers(await parley.Client.ListAsync(conversation, $"?per_page=7&page={page}&order=asc")));
        }

        Assert.Equal(Enumerable.Range(1, 23).Reverse(), newestFirst);
        Assert.Equal(Enumerable.Range(1, 23), oldestFirst);
        Assert.Equal(Enumerable.Range(9, 15).Reverse(), Numbers(await parley.Client.ListAsync(conversation)));
        Assert.Equal(23, Numbers(await parley.Client.ListAsync(conversation, "?per_page=100")).Count);
    }

    [Fact]
    public async Task The_links_of_a_page_lead_to_its_neighbours()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        for (var i = 1; i <= 5; i++)
        {
            await parley.Client.PostAsync(conversation, $"message {i}");
        }

        var page = await parley.Client.ListAsync(conversation, "?page=2&per_page=2&x=a%20b");
        var next = page["links"]!["next"]!.GetValue<string>();
        using var response = await parley.Client.GetAsync(next);
        var following = await response.ReadAsync();

        Assert.Equal($"{parley.Api}v1/conversations/{conversation}/messages?per_page=2&x=a%20b&page=3", next);
        Assert.Equal([1], Numbers(following));
        Assert.Null(following["links"]!["next"]);
        Assert.Equal((5, 5, 3, 3), (following["meta"]!["from"]!.GetValue<int>(), following["meta"]!["to"]!.GetValue<int>(),
            following["meta"]!["current_page"]!.GetValue<int>(), following["meta"]!["last_page"]!.GetValue<int>()));
    }

    [Fact]
    public async Task A_page_past_the_end_and_an_empty_conversation_are_empty_pages()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var empty = await parley.Client.ListAsync(conversation);
        await parley.Client.PostAsync(conversation, "one");
        var past = await parley.Client.ListAsync(conversation, "?page=2147483647");

        foreach (var page in new[] { empty, past })
        {
            Assert.Empty(page["data"]!.AsArray());
            Assert.Null(page["meta"]!["from"]);
            Assert.Null(page["meta"]!["to"]);
            Assert.Equal(1, page["meta"]!["last_page"]!.GetValue<int>());
        }

        Assert.Equal(0, empty["meta"]!["total"]!.GetValue<int>());
        Assert.Equal(1, past["meta"]!["total"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("?page=&per_page=&order=")]
    [InlineData("?page=1&per_page=15&order=desc")]
    [InlineData("?unknown=1")]
    public async Task An_empty_parameter_is_the_default(string query)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        await parley.Client.PostAsync(conversation, "one");

        var page = await parley.Client.ListAsync(conversation, query);

        Assert.Equal(15, page["meta"]!["per_page"]!.GetValue<int>());
        Assert.Single(page["data"]!.AsArray());
    }

    [Fact]
    public async Task A_quote_shows_the_quoted_text_as_it_is_now()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var quotedIds = new List<long>();
        for (var i = 1; i <= 16; i++)
        {
            quotedIds.Add(await parley.Client.PostAsync(conversation, $"quoted {i}"));
        }

        foreach (var id in quotedIds)
        {
            await parley.Client.PostAsync(conversation, "quoting", quoted: id % 2 == 0 ? id : $"{id}");
        }

        using (var edit = await parley.Client.SendJsonAsync(HttpMethod.Put, $"v1/conversations/{conversation}/messages/{quotedIds[2]}", new { message = "changed" }))
        {
            await edit.ReadAsync();
        }

        // 16 quotes outside the page: more than one storage filter can name.
        var page = await parley.Client.ListAsync(conversation, "?per_page=16&order=asc&page=2");
        var texts = page["data"]!.AsArray().Select(message => message!["quoted_text"]!.GetValue<string>());

        Assert.Equal(Enumerable.Range(1, 16).Select(i => i == 3 ? "changed" : $"quoted {i}"), texts);
    }

    [Fact]
    public async Task An_edit_keeps_the_quote()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var quoted = await parley.Client.PostAsync(conversation, "quoted");
        var id = await parley.Client.PostAsync(conversation, "quoting", quoted);

        using var response = await parley.Client.SendJsonAsync(HttpMethod.Put, $"v1/conversations/{conversation}/messages/{id}", new { message = "edited" });
        var edited = (await response.ReadAsync())["data"]!;

        Assert.Equal("quoted", edited["quoted_text"]!.GetValue<string>());
        Assert.Equal(Members, edited.AsObject().Select(member => member.Key));
    }

    [Fact]
    public async Task An_edit_is_marked_and_seen_in_page_and_head()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var first = await parley.Client.PostAsync(conversation, "first");
        var last = await parley.Client.PostAsync(conversation, "last");

        foreach (var id in new[] { first, last })
        {
            using var response = await parley.Client.SendJsonAsync(HttpMethod.Put, $"v1/conversations/{conversation}/messages/{id}", new { message = $"edited {id}" });
            var edited = await response.ReadAsync();
            Assert.Equal("true", edited["success"]!.GetValue<string>());
            Assert.Equal($"edited {id}", edited["data"]!["message"]!.GetValue<string>());
            Assert.True(edited["data"]!["is_edited"]!.GetValue<bool>());
            Assert.Equal("Test key", edited["data"]!["edited_by_user_name"]!.GetValue<string>());
            Assert.Equal("\"2\"", response.Headers.ETag!.Tag);
        }

        var page = await parley.Client.ListAsync(conversation);
        Assert.Equal([$"edited {last}", $"edited {first}"], page["data"]!.AsArray().Select(message => message!["message"]!.GetValue<string>()));
        using var head = await parley.Client.GetAsync($"v1/conversations/{conversation}");
        Assert.Equal($"edited {last}", (await head.ReadAsync())["lastMessage"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("\"1\"", 200)]
    [InlineData("*", 200)]
    [InlineData("\"7\", \"1\"", 200)]
    [InlineData("\"2\"", 412)]
    [InlineData("W/\"1\"", 412)]
    [InlineData("\"one\"", 412)]
    [InlineData("1", 400)]
    public async Task If_match_guards_an_edit(string ifMatch, int status)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var id = await parley.Client.PostAsync(conversation, "text");

        using var response = await parley.Client.SendJsonAsync(
            HttpMethod.Put, $"v1/conversations/{conversation}/messages/{id}", new { message = "edited" }, ("If-Match", ifMatch));

        if (status == 200)
        {
            await response.ReadAsync();
        }
        else
        {
            await response.AssertProblemAsync(status, status == 412 ? "stale_revision" : "malformed_header");
        }
    }

    [Fact]
    public async Task Concurrent_edits_are_all_counted()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var id = await parley.Client.PostAsync(conversation, "text");

        var responses = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => parley.Client.SendJsonAsync(
            HttpMethod.Put, $"v1/conversations/{conversation}/messages/{id}", new { message = $"edit {i}" })));

        Assert.All(responses, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        Assert.Equal(Enumerable.Range(2, 12).Select(revision => $"\"{revision}\""), responses.Select(response => response.Headers.ETag!.Tag).OrderBy(tag => tag.Length).ThenBy(tag => tag, StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_deleted_message_keeps_its_place_and_nothing_else()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var id = await parley.Client.PostAsync(conversation, "a secret");
        await parley.Client.PostAsync(conversation, "quoting", id);
        var last = await parley.Client.PostAsync(conversation, "another secret", id);
        foreach (var message in new[] { id, last, id })
        {
            using var response = await parley.Client.DeleteAsync($"v1/conversations/{conversation}/messages/{message}");
            Assert.Equal("""{"success":"true","data":{"message":"The message is deleted."}}""", (await response.ReadAsync()).ToJsonString());
            Assert.Equal("\"2\"", response.Headers.ETag!.Tag);
        }

        using var edit = await parley.Client.SendJsonAsync(HttpMethod.Put, $"v1/conversations/{conversation}/messages/{id}", new { message = "back" });
        await edit.AssertProblemAsync(409, "message_deleted");
        using var read = await parley.Client.GetAsync($"v1/conversations/{conversation}");
        var head = await read.ReadAsync();
        var page = await parley.Client.ListAsync(conversation, "?order=asc");
        var deleted = page["data"]![0]!;
        Assert.Equal(3, page["meta"]!["total"]!.GetValue<int>());
        Assert.Equal(Members, deleted.AsObject().Select(member => member.Key));
        Assert.True(deleted["is_deleted"]!.GetValue<bool>());
        Assert.Equal("Test key", deleted["deleted_by_user_name"]!.GetValue<string>());
        Assert.All(new[] { "message", "quoted_text", "metadata" }, member => Assert.Null(deleted[member]));
        Assert.Null(page["data"]![1]!["quoted_text"]);
        Assert.DoesNotContain("secret", page.ToJsonString() + head.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"1\"", 200)]
    [InlineData("\"2\"", 412)]
    public async Task If_match_guards_a_deletion(string ifMatch, int status)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var id = await parley.Client.PostAsync(conversation, "text");
        using var response = await parley.Client.SendJsonAsync(HttpMethod.Delete, $"v1/conversations/{conversation}/messages/{id}", null, ("If-Match", ifMatch));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 200, (await parley.Client.ListAsync(conversation))["data"]![0]!["is_deleted"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Five_thousand_characters_are_accepted_and_one_more_is_refused()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var longest = string.Concat(Enumerable.Repeat("😀", 5000));
        await parley.Client.PostAsync(conversation, longest);

        using var tooLong = await parley.Client.SendJsonAsync(HttpMethod.Post, $"v1/conversations/{conversation}/messages", new { message = longest + "x" });

        await tooLong.AssertProblemAsync(422, "invalid_fields", "message");
        Assert.Equal(longest, (await parley.Client.ListAsync(conversation))["data"]![0]!["message"]!.GetValue<string>());
    }

    private static List<int> Numbers(JsonNode page) => [.. page["data"]!.AsArray().Select(message => (int)(message!["id"]!.GetValue<long>() & 0x3FFFFF))];
}
