using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

public class TicketTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const string Path = "v1/tickets";

    [Fact]
    public async Task A_ticket_goes_from_pending_to_ongoing_to_completed()
    {
        var chat = await parley.Client.NewConversationAsync();
        using var created = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/tickets", new { chatId = chat["id"], title = "Order 17 is late 😀" });
        var ticket = await created.ReadAsync(HttpStatusCode.Created);

        Assert.Equal(["id", "number", "createdAt", "updatedAt", "finishedAt", "chatId", "title", "status"], ticket.AsObject().Select(member => member.Key));
        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", ticket["id"]!.GetValue<string>());
        Assert.Equal(1, ticket["number"]!.GetValue<int>());
        Assert.True(ApiHelpers.Time(chat["createdAt"]) <= ApiHelpers.Time(ticket["createdAt"]));
        Assert.Equal(ApiHelpers.Time(ticket["createdAt"]), ApiHelpers.Time(ticket["updatedAt"]));
        Assert.Null(ticket["finishedAt"]);
        Assert.Equal(ApiHelpers.Text(chat["id"]), ticket["chatId"]!.GetValue<string>());
        Assert.Equal("Order 17 is late 😀", ticket["title"]!.GetValue<string>());
        Assert.Equal("pending", ticket["status"]!.GetValue<string>());
        Assert.Equal($"{parley.Api}v1/tickets/{ticket["id"]}", created.Headers.Location!.ToString());
        Assert.Equal("\"1\"", created.Headers.ETag!.Tag);
        await AssertReadAsync(ticket, "\"1\"");

        await RefusedAsync("completed");
        var (same, _) = await MoveAsync("pending");
        Assert.True(JsonNode.DeepEquals(ticket, same));
        var (ongoing, ongoingTag) = await MoveAsync("ongoing");
        Assert.Equal("ongoing", ongoing["status"]!.GetValue<string>());
        Assert.Null(ongoing["finishedAt"]);
        Assert.True(ApiHelpers.Time(ticket["updatedAt"]) <= ApiHelpers.Time(ongoing["updatedAt"]));
        Assert.NotEqual("\"1\"", ongoingTag);
        Assert.True(JsonNode.DeepEquals(ongoing, (await MoveAsync("ongoing")).Ticket));
        await RefusedAsync("pending");
        var (completed, completedTag) = await MoveAsync("completed");
        Assert.Equal("completed", completed["status"]!.GetValue<string>());
        Assert.Equal(ApiHelpers.Time(completed["updatedAt"]), ApiHelpers.Time(completed["finishedAt"]));
        Assert.True(ApiHelpers.Time(ongoing["updatedAt"]) <= ApiHelpers.Time(completed["finishedAt"]));
        Assert.Equal("Order 17 is late 😀", completed["title"]!.GetValue<string>());
        Assert.NotEqual(ongoingTag, completedTag);
        Assert.True(JsonNode.DeepEquals(completed, (await MoveAsync("completed")).Ticket));
        await RefusedAsync("pending");
        await RefusedAsync("ongoing");
        await AssertReadAsync(completed, completedTag);

        async Task<(JsonNode Ticket, string Tag)> MoveAsync(string status)
        {
            using var response = await parley.Client.SendJsonAsync(HttpMethod.Patch, $"v1/tickets/{ticket["id"]}", new { status });
            return (await response.ReadAsync(), response.Headers.ETag!.Tag);
        }

        Task RefusedAsync(string status) => parley.Client.RefusedAsync(HttpMethod.Patch, $"v1/tickets/{ticket["id"]}", new { status }, 409, "ticket_status");
    }

    [Fact]
    public async Task A_chat_has_one_open_ticket_and_the_next_has_the_next_number()
    {
        var (chat, other) = (await parley.Client.NewConversationAsync(), await parley.Client.CreateConversationAsync());
        var first = await OpenAsync(chat["id"]!);
        Assert.Null(first["title"]);
        await parley.Client.RefusedAsync(HttpMethod.Post, Path, new { chatId = chat["number"] }, 409, "ticket_open");
        Assert.Equal(1, (await OpenAsync(other))["number"]!.GetValue<int>());
        await MoveAsync(first, "ongoing");
        await parley.Client.RefusedAsync(HttpMethod.Post, Path, new { chatId = chat["id"] }, 409, "ticket_open");
        await MoveAsync(first, "completed");
        var second = await OpenAsync(chat["number"]!);
        Assert.Equal(2, second["number"]!.GetValue<int>());
        Assert.Equal("pending", second["status"]!.GetValue<string>());
        var (items, next, _) = await parley.Client.ArrayAsync($"v1/tickets?chatId={chat["id"]}");
        Assert.Equal([1, 2], items.Select(item => item!["number"]!.GetValue<int>()));
        Assert.True(JsonNode.DeepEquals(second, items[1]));
        Assert.Null(next);
    }

    [Fact]
    public async Task Of_eight_concurrent_requests_one_opens_a_ticket()
    {
        var chat = await parley.Client.CreateConversationAsync();
        for (var round = 1; round <= 3; round++)
        {
            var responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => parley.Client.SendJsonAsync(HttpMethod.Post, Path, new { chat_id = chat })));
            var opened = Assert.Single(responses, response => response.StatusCode == HttpStatusCode.Created);
            foreach (var refused in responses.Where(response => response != opened))
            {
                await refused.AssertProblemAsync(409, "ticket_open");
            }

            var ticket = await opened.ReadAsync(HttpStatusCode.Created);
            Assert.Equal(round, ticket["number"]!.GetValue<int>());
            await MoveAsync(ticket, "ongoing");
            await MoveAsync(ticket, "completed");
        }

        Assert.Equal(3, (await parley.Client.ArrayAsync($"{Path}?chatId={chat}")).Items.Count);
    }

    [Fact]
    public async Task A_message_belongs_to_the_ticket_that_was_open_when_it_was_written()
    {
        var chat = await parley.Client.CreateConversationAsync();
        await parley.Client.PostTextAsync(chat, "before");
        var first = await OpenAsync(chat);
        await AssertMessagesAsync(first);
        await parley.Client.PostTextAsync(chat, "pending");
        await MoveAsync(first, "ongoing");
        await parley.Client.PostAsync(chat, "ongoing");
        await AssertMessagesAsync(first, "pending", "ongoing");
        await MoveAsync(first, "completed");
        await parley.Client.PostTextAsync(chat, "between");
        var second = await OpenAsync(chat);
        await parley.Client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = chat, content = "second" }, HttpStatusCode.Created);
        await AssertMessagesAsync(first, "pending", "ongoing");
        await AssertMessagesAsync(second, "second");
        await MoveAsync(second, "ongoing");
        await MoveAsync(second, "completed");
        var third = await OpenAsync(chat);
        await MoveAsync(third, "ongoing");
        await MoveAsync(third, "completed");
        await parley.Client.PostTextAsync(chat, "after");
        await AssertMessagesAsync(second, "second");
        await AssertMessagesAsync(third);

        async Task AssertMessagesAsync(JsonNode ticket, params string[] contents)
        {
            var (items, _, total) = await parley.Client.ArrayAsync($"v1/chat-messages?chatId={chat}&ticketIds={ticket["id"]}");
            Assert.Equal(contents, ChatCalls.Contents(items));
            Assert.Equal(contents.Length, total);
        }
    }

    [Fact]
    public async Task A_title_is_changed_and_cleared_and_absent_fields_are_kept()
    {
        var chat = await parley.Client.CreateConversationAsync();
        var longest = new string('é', 250);
        var ticket = await parley.Client.CallAsync(HttpMethod.Post, Path, new { chatId = chat, title = longest }, HttpStatusCode.Created);
        var path = $"v1/tickets/{ticket["id"]}";
        Assert.Equal(longest, ticket["title"]!.GetValue<string>());
        Assert.True(JsonNode.DeepEquals(ticket, await parley.Client.CallAsync(HttpMethod.Patch, path, new { })));
        Assert.Equal(longest, ApiHelpers.Text((await parley.Client.CallAsync(HttpMethod.Patch, path, new { status = "ongoing" }))["title"]));
        var both = await parley.Client.CallAsync(HttpMethod.Patch, path, new { title = "new", status = "completed" });
        Assert.Equal(("new", "completed"), (ApiHelpers.Text(both["title"]), ApiHelpers.Text(both["status"])));
        var cleared = await parley.Client.CallAsync(HttpMethod.Patch, path, new { title = (string?)null });
        Assert.Null(cleared["title"]);
        Assert.Equal("completed", cleared["status"]!.GetValue<string>());
        Assert.Equal(ApiHelpers.Time(both["finishedAt"]), ApiHelpers.Time(cleared["finishedAt"]));
        Assert.Equal(ApiHelpers.Text(ticket["createdAt"]), ApiHelpers.Text(cleared["createdAt"]));
        Assert.Null((await parley.Client.CallAsync(HttpMethod.Get, path))["title"]);
    }

    [Theory]
    [InlineData("\"1\"", 200)]
    [InlineData("*", 200)]
    [InlineData("\"9\", \"1\"", 200)]
    [InlineData("\"2\"", 412)]
    [InlineData("W/\"1\"", 412)]
    [InlineData("1", 400)]
    public async Task If_match_guards_an_edit(string ifMatch, int status)
    {
        var ticket = await OpenAsync(await parley.Client.CreateConversationAsync());
        using var response = await parley.Client.SendJsonAsync(HttpMethod.Patch, $"v1/tickets/{ticket["id"]}", new { title = "edited", status = "ongoing" }, ("If-Match", ifMatch));

        if (status != 200)
        {
            await response.AssertProblemAsync(status, status == 412 ? "stale_revision" : "malformed_header");
            await AssertReadAsync(ticket, "\"1\"");
        }
        else
        {
            await AssertReadAsync(await response.ReadAsync(), "\"2\"");
        }
    }

    [Fact]
    public async Task Each_field_has_its_rule()
    {
        var chat = await parley.Client.CreateConversationAsync();
        foreach (var id in new object?[] { null, "x", 0, -1, 1.5 })
        {
            await parley.Client.RefusedAsync(HttpMethod.Post, Path, new { chatId = id }, 422, "invalid_fields", "chatId");
        }

        foreach (var title in new object[] { new string('x', 251), 5, new { } })
        {
            await parley.Client.RefusedAsync(HttpMethod.Post, Path, new { chatId = chat, title }, 422, "invalid_fields", "title");
        }

        await parley.Client.RefusedAsync(HttpMethod.Post, Path, new { title = 1 }, 422, "invalid_fields", "chatId", "title");
        await parley.Client.AssertNoTextAsync(HttpMethod.Post, Path, new { chatId = chat, title = ChatCalls.Marker }, "title");
        await parley.Client.AssertNoTextAsync(HttpMethod.Post, Path, new { chatId = ChatCalls.Marker }, "chatId");
        Assert.Empty((await parley.Client.ArrayAsync($"{Path}?chatId={chat}")).Items);
        var ticket = await OpenAsync(chat);
        foreach (var (field, value) in new (string, object?)[] { ("title", new string('x', 251)), ("title", 5), ("status", "open"), ("status", "Pending"), ("status", ""), ("status", 1) })
        {
            await parley.Client.RefusedAsync(HttpMethod.Patch, $"v1/tickets/{ticket["id"]}", new Dictionary<string, object?> { [field] = value }, 422, "invalid_fields", field);
        }

        await parley.Client.AssertNoTextAsync(HttpMethod.Patch, $"v1/tickets/{ticket["id"]}", new { title = ChatCalls.Marker, status = ChatCalls.Marker }, "title", "status");
        foreach (var (query, field) in new[] { ("", "chatId"), ("?chatId=x", "chatId"), ("?chatId=0", "chatId"), ("?chatId=1&limit=0", "limit"), ("?chatId=1&limit=1001", "limit"), ("?chatId=1&limit=x", "limit") })
        {
            await parley.Client.RefusedAsync(HttpMethod.Get, Path + query, null, 422, "invalid_fields", field);
        }
    }

    [Fact]
    public async Task Unknown_ids_and_those_of_another_tenant_are_not_found()
    {
        var stranger = await parley.NewTenantClientAsync("Stranger");
        var theirs = await stranger.NewConversationAsync();
        var theirTicket = await stranger.CallAsync(HttpMethod.Post, Path, new { chatId = theirs["id"], title = "theirs" }, HttpStatusCode.Created);
        var mine = await parley.NewTenantClientAsync("Mine");
        foreach (var id in new object[] { theirs["id"]!, theirs["number"]!, 999_999, long.MaxValue, ApiHelpers.UnknownUuid })
        {
            await mine.RefusedAsync(HttpMethod.Post, Path, new { chatId = id }, 404, "conversation_not_found");
            var (items, next, _) = await mine.ArrayAsync($"{Path}?chatId={id}");
            Assert.Empty(items);
            Assert.Null(next);
        }

        var own = await mine.NewConversationAsync();
        foreach (var id in new object[] { theirTicket["id"]!, ApiHelpers.UnknownUuid, own["id"]!, "1", "0", "x" })
        {
            await mine.RefusedAsync(HttpMethod.Get, $"v1/tickets/{id}", null, 404, "ticket_not_found");
            await mine.RefusedAsync(HttpMethod.Patch, $"v1/tickets/{id}", new { title = "mine" }, 404, "ticket_not_found");
        }

        Assert.True(JsonNode.DeepEquals(theirTicket, await stranger.CallAsync(HttpMethod.Get, $"v1/tickets/{theirTicket["id"]}")));
    }

    [Fact]
    public async Task A_key_with_the_scope_is_required() => await parley.AssertGuardedAsync(
        (HttpMethod.Post, Path, new { chatId = 999 }, "messages:write"),
        (HttpMethod.Get, $"{Path}?chatId=999", null, "messages:read"),
        (HttpMethod.Get, $"{Path}/999", null, "messages:read"),
        (HttpMethod.Patch, $"{Path}/999", new { title = 5 }, "messages:write"));

    [Fact]
    public async Task The_list_is_walked_by_links_and_its_cursors_are_valid_only_for_it()
    {
        var (mine, stranger) = (await parley.NewTenantClientAsync("Mine"), await parley.NewTenantClientAsync("Stranger"));
        foreach (var client in new[] { mine, mine, stranger })
        {
            var chat = await client.CreateConversationAsync();
            for (var i = 1; i <= 4; i++)
            {
                var ticket = await client.CallAsync(HttpMethod.Post, Path, new { chatId = chat, title = $"{i}" }, HttpStatusCode.Created);
                foreach (var status in new[] { "ongoing", "completed" })
                {
                    await client.CallAsync(HttpMethod.Patch, $"v1/tickets/{ticket["id"]}", new { status });
                }
            }
        }

        foreach (var (query, sizes) in new[] { ("", new[] { 4 }), ("&limit=1000", [4]), ("&limit=4", [4]), ("&limit=3", [3, 1]), ("&limit=2", [2, 2]), ("&limit=1", [1, 1, 1, 1]) })
        {
            var pages = await mine.WalkAsync($"{Path}?chatId=1{query}");
            Assert.Equal(sizes, pages.Select(page => page.Count));
            Assert.Equal(["1", "2", "3", "4"], pages.SelectMany(page => page).Select(ticket => ticket!["title"]!.GetValue<string>()));
        }

        var next = (await mine.ArrayAsync($"{Path}?x=a%20b&chatId=1&limit=1")).Next!;
        Assert.StartsWith($"{parley.Api}v1/tickets?x=a%20b&chatId=1&limit=1&cursor=", next, StringComparison.Ordinal);
        await mine.AssertAlteredCursorsAsync(next);
        foreach (var (client, url) in new[] { (stranger, $"{Path}?chatId=1&limit=1"), (mine, $"{Path}?chatId=2&limit=1"), (mine, $"{Path}?chatId=999"), (mine, $"{Path}?chatId={ApiHelpers.UnknownUuid}"), (mine, "v1/chat-messages?chatId=1&limit=1"), (mine, "v1/chat-threads?chatId=1") })
        {
            await client.RefusedAsync(HttpMethod.Get, url.WithCursorOf(next), null, 400, "invalid_cursor");
        }
    }

    private Task<JsonNode> OpenAsync(object chatId) => parley.Client.CallAsync(HttpMethod.Post, Path, new { chatId }, HttpStatusCode.Created);

    private Task<JsonNode> MoveAsync(JsonNode ticket, string status) => parley.Client.CallAsync(HttpMethod.Patch, $"v1/tickets/{ticket["id"]}", new { status });

    private async Task AssertReadAsync(JsonNode expected, string tag)
    {
        using var response = await parley.Client.GetAsync($"v1/tickets/{expected["id"]}");
        Assert.True(JsonNode.DeepEquals(expected, await response.ReadAsync()));
        Assert.Equal(tag, response.Headers.ETag!.Tag);
    }
}
