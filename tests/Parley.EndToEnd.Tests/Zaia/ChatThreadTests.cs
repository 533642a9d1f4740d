using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

public class ChatThreadTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const string Path = "v1/chat-threads";

    [Fact]
    public async Task A_message_has_one_thread()
    {
        var chat = await parley.Client.NewConversationAsync();
        var message = await parley.Client.PostTextAsync(chat["id"]!, "x");
        var thread = await parley.Client.CallAsync(HttpMethod.Post, "v1/chat-threads", new { chatId = chat["id"], chatMessageId = message["id"] });

        Assert.Equal(["id", "createdAt", "updatedAt", "chatId", "chatMessageId"], thread.AsObject().Select(member => member.Key));
        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", thread["id"]!.GetValue<string>());
        Assert.True(ApiHelpers.Time(message["createdAt"]) <= ApiHelpers.Time(thread["createdAt"]));
        Assert.Equal(ApiHelpers.Time(thread["createdAt"]), ApiHelpers.Time(thread["updatedAt"]));
        Assert.Equal(ApiHelpers.Text(chat["id"]), thread["chatId"]!.GetValue<string>());
        Assert.Equal(ApiHelpers.Text(message["id"]), thread["chatMessageId"]!.GetValue<string>());
        var integer = (chat["number"]!.GetValue<long>() << 22) + 1;
        foreach (var again in new object[]
        {
            new { chatId = chat["id"], chatMessageId = message["id"] }, new { chatId = chat["number"], chatMessageId = integer }, new { chat_id = $"{chat["number"]}", chat_message_id = $"{integer}" },
        })
        {
            Assert.True(JsonNode.DeepEquals(thread, await parley.Client.CallAsync(HttpMethod.Post, Path, again)));
        }

        var (items, next, _) = await parley.Client.ArrayAsync($"v1/chat-threads?chatId={chat["number"]}");
        Assert.True(JsonNode.DeepEquals(thread, Assert.Single(items)));
        Assert.Null(next);
    }

    [Fact]
    public async Task Eight_concurrent_requests_get_one_thread()
    {
        var chat = await parley.Client.CreateConversationAsync();
        var message = await parley.Client.PostTextAsync(chat, "x");
        var threads = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => parley.Client.CallAsync(HttpMethod.Post, Path, new { chatId = chat, chatMessageId = message["id"] })));

        Assert.All(threads, thread => Assert.True(JsonNode.DeepEquals(threads[0], thread)));
        Assert.Single((await parley.Client.ArrayAsync($"{Path}?chatId={chat}")).Items);
    }

    [Fact]
    public async Task Invalid_requests_are_refused()
    {
        var stranger = await parley.NewTenantClientAsync("Stranger");
        var theirs = await stranger.NewConversationAsync();
        var theirMessage = await stranger.PostTextAsync(theirs["id"]!, "theirs");
        var mine = await parley.NewTenantClientAsync("Mine");
        foreach (var id in new object[] { theirs["id"]!, theirs["number"]!, 999_999, ApiHelpers.UnknownUuid })
        {
            await mine.RefusedAsync(HttpMethod.Post, Path, new { chatId = id, chatMessageId = theirMessage["id"] }, 404, "conversation_not_found");
            var (items, next, _) = await mine.ArrayAsync($"{Path}?chatId={id}");
            Assert.Empty(items);
            Assert.Null(next);
        }

        var (chat, other) = (await mine.NewConversationAsync(), await mine.NewConversationAsync());
        var message = await mine.PostTextAsync(chat["id"]!, "mine");
        var otherMessage = await mine.PostTextAsync(other["id"]!, "other");
        var otherInteger = (other["number"]!.GetValue<long>() << 22) + 1;
        foreach (var id in new object?[] { null, "x", 0, 1, otherInteger - 1, theirMessage["id"], otherMessage["id"], otherInteger, ApiHelpers.UnknownUuid, chat["id"] })
        {
            await mine.RefusedAsync(HttpMethod.Post, Path, new { chatId = chat["id"], chatMessageId = id }, 422, "invalid_fields", "chatMessageId");
        }

        foreach (var id in new object?[] { null, "x", 0, -1, 1.5 })
        {
            await mine.RefusedAsync(HttpMethod.Post, Path, new { chatId = id, chatMessageId = message["id"] }, 422, "invalid_fields", "chatId");
        }

        await mine.RefusedAsync(HttpMethod.Post, Path, new { }, 422, "invalid_fields", "chatId", "chatMessageId");
        await mine.AssertNoTextAsync(HttpMethod.Post, Path, new { chatId = chat["id"], chatMessageId = ChatCalls.Marker }, "chatMessageId");
        Assert.Empty((await mine.ArrayAsync($"{Path}?chatId={chat["id"]}")).Items);
        foreach (var (query, field) in new[] { ("", "chatId"), ("?chatId=x", "chatId"), ("?chatId=1&limit=0", "limit"), ("?chatId=1&limit=1001", "limit"), ("?chatId=1&limit=x", "limit") })
        {
            await mine.RefusedAsync(HttpMethod.Get, Path + query, null, 422, "invalid_fields", field);
        }
    }

    [Fact]
    public async Task A_key_with_the_scope_is_required() => await parley.AssertGuardedAsync(
        (HttpMethod.Post, Path, new { chatId = 999 }, "messages:write"),
        (HttpMethod.Get, $"{Path}?chatId=999", null, "messages:read"));

    [Fact]
    public async Task The_list_is_in_the_order_of_the_messages()
    {
        var chat = await parley.Client.NewConversationAsync();
        var messages = new List<string>();
        foreach (var i in Enumerable.Range(1, 7))
        {
            messages.Add(ApiHelpers.Text((await parley.Client.PostTextAsync(chat["id"]!, $"{i}"))["id"])!);
        }

        foreach (var at in new[] { 6, 0, 4, 2, 5 })
        {
            await parley.Client.CallAsync(HttpMethod.Post, Path, new { chatId = chat["id"], chatMessageId = messages[at] });
        }

        var expected = new[] { 0, 2, 4, 5, 6 }.Select(at => messages[at]).ToList();
        foreach (var (query, sizes) in new[] { ("", new[] { 5 }), ("&limit=1000", [5]), ("&limit=5", [5]), ("&limit=4", [4, 1]), ("&limit=2", [2, 2, 1]), ("&limit=1", [1, 1, 1, 1, 1]) })
        {
            var pages = await parley.Client.WalkAsync($"{Path}?chatId={chat["number"]}{query}");
            Assert.Equal(sizes, pages.Select(page => page.Count));
            Assert.Equal(expected, pages.SelectMany(page => page).Select(thread => thread!["chatMessageId"]!.GetValue<string>()));
        }

        var (_, next, _) = await parley.Client.ArrayAsync($"{Path}?x=a%20b&limit=2&chatId={chat["id"]}");
        Assert.StartsWith($"{parley.Api}v1/chat-threads?x=a%20b&limit=2&chatId={chat["id"]}&cursor=", next, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cursor_belongs_to_its_list()
    {
        var (mine, stranger) = (await parley.NewTenantClientAsync("Mine"), await parley.NewTenantClientAsync("Stranger"));
        foreach (var client in new[] { mine, mine, stranger })
        {
            var chat = await client.CreateConversationAsync();
            foreach (var text in new[] { "1", "2" })
            {
                await client.CallAsync(HttpMethod.Post, Path, new { chatId = chat, chatMessageId = (await client.PostTextAsync(chat, text))["id"] });
            }
        }

        var next = (await mine.ArrayAsync($"{Path}?chatId=1&limit=1")).Next!;
        await mine.AssertAlteredCursorsAsync(next);
        foreach (var (client, url) in new[] { (stranger, $"{Path}?chatId=1&limit=1"), (mine, $"{Path}?chatId=2&limit=1"), (mine, $"{Path}?chatId=999"), (mine, $"{Path}?chatId={ApiHelpers.UnknownUuid}"), (mine, "v1/chat-messages?chatId=1&limit=1"), (mine, "v1/tickets?chatId=1") })
        {
            await client.RefusedAsync(HttpMethod.Get, url.WithCursorOf(next), null, 400, "invalid_cursor");
        }
    }
}
