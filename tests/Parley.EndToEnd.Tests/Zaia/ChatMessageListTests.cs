using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

public class ChatMessageListTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Fact]
    public async Task The_list_is_oldest_first_and_links_keep_the_other_parameters()
    {
        var chat = await parley.Client.NewConversationAsync();
        foreach (var i in Enumerable.Range(1, 7))
        {
            await parley.Client.PostTextAsync(chat["number"]!, $"{i}");
        }

        var (items, next, total) = await parley.Client.ArrayAsync($"v1/chat-messages?x=a%20b&limit=3&chatId={chat["id"]}");
        Assert.Equal(["1", "2", "3"], ChatCalls.Contents(items));
        Assert.Equal(7, total);
        Assert.StartsWith($"{parley.Api}v1/chat-messages?x=a%20b&limit=3&chatId={chat["id"]}&cursor=", next, StringComparison.Ordinal);

        // A message posted meanwhile is at the end.
        await parley.Client.PostTextAsync(chat["number"]!, "8");
        (items, next, total) = await parley.Client.ArrayAsync(next!);
        Assert.Equal(["4", "5", "6"], ChatCalls.Contents(items));
        Assert.Equal(8, total);
        (items, next, total) = await parley.Client.ArrayAsync(next!);
        Assert.Equal(["7", "8"], ChatCalls.Contents(items));
        Assert.Equal(8, total);
        Assert.Null(next);
        var all = await parley.Client.ArrayAsync($"v1/chat-messages?chatId={chat["number"]}");
        Assert.Equal(Enumerable.Range(1, 8).Select(i => $"{i}"), ChatCalls.Contents(all.Items));
        Assert.Null(all.Next);
    }

    [Theory]
    [InlineData("limit=1", 1, true)]
    [InlineData("limit=2", 2, true)]
    [InlineData("limit=3", 3, false)]
    [InlineData("limit=1000", 3, false)]
    [InlineData("limit=", 3, false)]
    [InlineData("pagination[limit]=2", 2, true)]
    [InlineData("pagination%5Blimit%5D=1", 1, true)]
    [InlineData("pagination[limit]=1000", 3, false)]
    public async Task Pages_have_the_requested_limit(string query, int count, bool more)
    {
        var chat = await parley.Client.CreateConversationAsync();
        foreach (var i in Enumerable.Range(1, 3))
        {
            await parley.Client.PostTextAsync(chat, $"{i}");
        }

        var (items, next, total) = await parley.Client.ArrayAsync($"v1/chat-messages?chatId={chat}&{query}");

        Assert.Equal(count, items.Count);
        Assert.Equal(more, next is not null);
        Assert.Equal(3, total);
        var pages = await parley.Client.WalkAsync($"v1/chat-messages?chatId={chat}&{query}");
        Assert.Equal(["1", "2", "3"], ChatCalls.Contents(pages.SelectMany(page => page)));
        Assert.All(pages, page => Assert.NotEmpty(page));
    }

    [Theory]
    [InlineData("", "chatId")]
    [InlineData("chatId=", "chatId")]
    [InlineData("chatId=x", "chatId")]
    [InlineData("chatId=0", "chatId")]
    [InlineData("chatId=-1", "chatId")]
    [InlineData("chatId=1&limit=0", "limit")]
    [InlineData("chatId=1&limit=1001", "limit")]
    [InlineData("chatId=1&limit=-1", "limit")]
    [InlineData("chatId=1&limit=x", "limit")]
    [InlineData("chatId=1&limit=99999999999", "limit")]
    [InlineData("chatId=1&pagination[limit]=0", "pagination[limit]")]
    [InlineData("chatId=1&pagination[limit]=1001", "pagination[limit]")]
    [InlineData("chatId=1&chatThreadId=x", "chatThreadId")]
    [InlineData("chatId=1&ticketIds=x", "ticketIds")]
    [InlineData("chatId=1&ticketIds[]=x", "ticketIds")]
    [InlineData("chatId=1&joins=x", "joins")]
    [InlineData("chatId=1&joins=senders&joins=Senders", "joins")]
    [InlineData("chatId=1&joins[]=x", "joins")]
    public async Task An_invalid_query_is_refused(string query, string field) =>
        await parley.Client.RefusedAsync(HttpMethod.Get, $"v1/chat-messages?{query}", null, 422, "invalid_fields", field);

    [Fact]
    public async Task All_invalid_parameters_are_named() => await parley.Client.RefusedAsync(
        HttpMethod.Get, "v1/chat-messages?chatThreadId=x&ticketIds=x&joins=x&limit=x", null, 422, "invalid_fields", "chatId", "chatThreadId", "ticketIds", "joins", "limit");

    [Fact]
    public async Task An_unknown_id_matches_nothing()
    {
        var stranger = await parley.NewTenantClientAsync("Stranger");
        var theirs = await stranger.NewConversationAsync();
        var message = await stranger.PostTextAsync(theirs["id"]!, "theirs");
        var thread = await stranger.CallAsync(HttpMethod.Post, "v1/chat-threads", new { chatId = theirs["id"], chatMessageId = message["id"] });
        var ticket = await stranger.CallAsync(HttpMethod.Post, "v1/tickets", new { chatId = theirs["id"] }, HttpStatusCode.Created);
        var mine = await parley.NewTenantClientAsync("Mine");
        foreach (var id in new[] { theirs["id"], theirs["number"], JsonValue.Create(999_999), JsonValue.Create(long.MaxValue), JsonValue.Create(ApiHelpers.UnknownUuid), message["id"] })
        {
            await AssertNothingAsync($"chatId={id}");
        }

        var own = await mine.NewConversationAsync();
        await mine.PostTextAsync(own["id"]!, "mine");
        foreach (var filter in new[]
        {
            $"chatThreadId={thread["id"]}", $"chatThreadId={ApiHelpers.UnknownUuid}", $"ticketIds={ticket["id"]}", $"ticketIds={ApiHelpers.UnknownUuid}",
            $"ticketIds={ApiHelpers.UnknownUuid}&ticketIds={ticket["id"]}", $"ticketIds=1&chatThreadId={thread["id"]}",
        })
        {
            await AssertNothingAsync($"chatId={own["id"]}&{filter}");
        }

        async Task AssertNothingAsync(string query)
        {
            var (items, next, total) = await mine.ArrayAsync($"v1/chat-messages?{query}");
            Assert.Empty(items);
            Assert.Null(next);
            Assert.Equal(0, total);
        }
    }

    [Fact]
    public async Task Threads_and_tickets_filter_alone_and_together()
    {
        var client = parley.Client;
        var chat = await client.CreateConversationAsync();
        var first = await client.PostTextAsync(chat, "1 before");
        var thread = await client.CallAsync(HttpMethod.Post, "v1/chat-threads", new { chatId = chat, chatMessageId = first["id"] });
        var other = await client.CallAsync(HttpMethod.Post, "v1/chat-threads", new { chatId = chat, chatMessageId = (await client.PostTextAsync(chat, "2 before"))["id"] });
        var tickets = new List<string>();
        for (var (i, number) = (1, 3); i <= 3; i++)
        {
            var ticket = await client.CallAsync(HttpMethod.Post, "v1/tickets", new { chatId = chat }, HttpStatusCode.Created);
            tickets.Add(ApiHelpers.Text(ticket["id"])!);
            await InThreadAsync($"{number++} t{i}", thread);
            await client.PostTextAsync(chat, $"{number++} t{i}");
            await InThreadAsync($"{number++} t{i}", other);
            await InThreadAsync($"{number++} t{i}", thread);
            await client.CallAsync(HttpMethod.Patch, $"v1/tickets/{tickets[^1]}", new { status = "ongoing" });
            await client.CallAsync(HttpMethod.Patch, $"v1/tickets/{tickets[^1]}", new { status = "completed" });
        }

        await InThreadAsync("15 after", thread);
        var (one, two, three) = (tickets[0], tickets[1], tickets[2]);
        await AssertAsync($"chatThreadId={thread["id"]}", "3 t1", "6 t1", "7 t2", "10 t2", "11 t3", "14 t3", "15 after");
        await AssertAsync($"chatThreadId={other["id"]}", "5 t1", "9 t2", "13 t3");
        await AssertAsync($"ticketIds={two}", "7 t2", "8 t2", "9 t2", "10 t2");
        await AssertAsync($"ticketIds={three}&ticketIds={one}", "3 t1", "4 t1", "5 t1", "6 t1", "11 t3", "12 t3", "13 t3", "14 t3");
        await AssertAsync($"ticketIds[]={three}&ticketIds[]={one}&ticketIds={one}", "3 t1", "4 t1", "5 t1", "6 t1", "11 t3", "12 t3", "13 t3", "14 t3");
        await AssertAsync($"ticketIds={two}&ticketIds={ApiHelpers.UnknownUuid}", "7 t2", "8 t2", "9 t2", "10 t2");
        await AssertAsync($"ticketIds={one}&ticketIds={three}&chatThreadId={thread["id"]}", "3 t1", "6 t1", "11 t3", "14 t3");
        await AssertAsync($"ticketIds={two}&chatThreadId={other["id"]}", "9 t2");
        await AssertAsync($"ticketIds[0]={two}&ticketIds[1]={two}", "7 t2", "8 t2", "9 t2", "10 t2");
        await client.RefusedAsync(HttpMethod.Get, $"v1/chat-messages?chatId={chat}&ticketIds=&chatThreadId=", null, 422, "invalid_fields", "ticketIds", "chatThreadId");

        async Task InThreadAsync(string content, JsonNode within) =>
            await client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = chat, content, role = "assistant", chatThreadId = within["id"] });

        async Task AssertAsync(string filter, params string[] contents)
        {
            var path = $"v1/chat-messages?chatId={chat}&{filter}";
            var (items, next, total) = await client.ArrayAsync(path);
            Assert.Equal(contents, ChatCalls.Contents(items));
            Assert.Equal(contents.Length, total);
            Assert.Null(next);
            foreach (var limit in new[] { 1, 3 })
            {
                var pages = await client.WalkAsync($"{path}&limit={limit}");
                Assert.Equal(contents, ChatCalls.Contents(pages.SelectMany(page => page)));
                Assert.Equal((contents.Length + limit - 1) / limit, pages.Count);
            }
        }
    }

    [Fact]
    public async Task Fifty_tickets_may_be_named()
    {
        var chat = await parley.Client.CreateConversationAsync();
        await parley.Client.PostTextAsync(chat, "before");
        var ids = string.Concat(Enumerable.Repeat($"&ticketIds={ApiHelpers.UnknownUuid}", 50));

        Assert.Empty((await parley.Client.ArrayAsync($"v1/chat-messages?chatId={chat}{ids}")).Items);
        await parley.Client.RefusedAsync(HttpMethod.Get, $"v1/chat-messages?chatId={chat}{ids}&ticketIds[]={ApiHelpers.UnknownUuid}", null, 422, "invalid_fields", "ticketIds");
    }

    [Fact]
    public async Task Joined_senders_have_their_current_values()
    {
        var client = parley.Client;
        var chat = await client.CreateConversationAsync();
        var sender = await client.NewSenderAsync(new
        {
            entity = "agent",
            name = "Bia",
            avatar = "https://example.com/b.png",
            email = "b@example.com",
            phoneNumber = "+55",
            blocked = true,
            metadata = new { a = 1 },
        });
        await client.PostTextAsync(chat, "without a sender");
        await client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = chat, content = "of Bia", role = "assistant", senderId = sender["id"] });
        var today = await client.CallAsync(HttpMethod.Patch, $"v1/senders/{sender["id"]}", new { name = "Beatriz" });

        foreach (var (joins, withSender, withFollowUps) in new[]
        {
            ("", false, false), ("&joins=", false, false), ("&joins=senders", true, false), ("&joins[]=senders", true, false), ("&joins[0]=senders", true, false), ("&joins=chat-message-follow-ups", false, true),
            ("&joins=senders&joins=chat-message-follow-ups", true, true), ("&joins[]=chat-message-follow-ups&joins[]=senders", true, true), ("&joins%5B%5D=senders", true, false),
        })
        {
            var items = (await client.ArrayAsync($"v1/chat-messages?chatId={chat}{joins}")).Items;
            Assert.Equal(2, items.Count);
            Assert.All(items, item =>
            {
                Assert.Equal(withSender, item!.AsObject().ContainsKey("sender"));
                Assert.Equal(withFollowUps, item.AsObject().ContainsKey("chatMessageFollowUps"));
            });
            if (withSender)
            {
                Assert.Null(items[0]!["sender"]);
                Assert.True(JsonNode.DeepEquals(today, items[1]!["sender"]));
                Assert.Equal("Beatriz", items[1]!["sender"]!["name"]!.GetValue<string>());
            }

            if (withFollowUps)
            {
                Assert.All(items, item => Assert.Empty(item!["chatMessageFollowUps"]!.AsArray()));
            }
        }
    }

    [Fact]
    public async Task A_cursor_belongs_to_its_list()
    {
        var (mine, stranger) = (await parley.NewTenantClientAsync("Mine"), await parley.NewTenantClientAsync("Stranger"));
        foreach (var client in new[] { mine, mine, stranger })
        {
            var chat = await client.CreateConversationAsync();
            var message = await client.PostTextAsync(chat, "1");
            await client.CallAsync(HttpMethod.Post, "v1/chat-threads", new { chatId = chat, chatMessageId = message["id"] });
            await client.PostTextAsync(chat, "2");
        }

        var next = (await mine.ArrayAsync("v1/chat-messages?chatId=1&limit=1")).Next!;
        await mine.AssertAlteredCursorsAsync(next);
        await mine.ArrayAsync("v1/chat-messages?chatId=1&limit=1".WithCursorOf(next));
        var thread = (await mine.ArrayAsync("v1/chat-threads?chatId=1")).Items[0]!["id"];
        foreach (var (client, url) in new[]
        {
            (stranger, "v1/chat-messages?chatId=1&limit=1"), (mine, "v1/chat-messages?chatId=2&limit=1"), (mine, $"v1/chat-messages?chatId=1&limit=1&chatThreadId={thread}"),
            (mine, $"v1/chat-messages?chatId=1&limit=1&ticketIds={ApiHelpers.UnknownUuid}"), (mine, "v1/chat-messages?chatId=999&limit=1"), (mine, $"v1/chat-messages?chatId={ApiHelpers.UnknownUuid}"),
            (mine, "v1/chat-threads?chatId=1&limit=1"), (mine, "v1/tickets?chatId=1&limit=1"), (mine, "v1/messages?conversation=1&pageSize=1"),
        })
        {
            await client.RefusedAsync(HttpMethod.Get, url.WithCursorOf(next), null, 400, "invalid_cursor");
        }
    }

    [Fact]
    public async Task More_than_five_thousand_messages_are_streamed_in_order()
    {
        const int Messages = 5_003;
        var chat = await parley.Client.CreateConversationAsync();
        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) <= Messages;)
            {
                await parley.Client.PostTextAsync(chat, $"{i}");
            }
        }));

        var (items, more, total) = await parley.Client.ArrayAsync($"v1/chat-messages?chatId={chat}");
        Assert.Equal((5_000, Messages), (items.Count, total!.Value));
        var rest = await parley.Client.ArrayAsync(more!);
        Assert.Equal((3, Messages), (rest.Items.Count, rest.Total!.Value));
        Assert.Null(rest.Next);
        var all = items.Concat(rest.Items).ToList();
        Assert.Equal(Messages, all.Select(item => item!["id"]!.GetValue<string>()).Distinct().Count());
        Assert.Equal(Enumerable.Range(1, Messages).Select(i => $"{i}").Order(StringComparer.Ordinal), ChatCalls.Contents(all).Order(StringComparer.Ordinal));
        var times = all.ConvertAll(item => item!["createdAt"]!.GetValue<string>());
        Assert.Equal(times.Order(StringComparer.Ordinal), times);
        var pages = await parley.Client.WalkAsync($"v1/chat-messages?chatId={chat}&limit=1000");
        Assert.Equal([1000, 1000, 1000, 1000, 1000, 3], pages.Select(page => page.Count));
        Assert.Equal(ChatCalls.Contents(all), ChatCalls.Contents(pages.SelectMany(page => page)));
    }
}
