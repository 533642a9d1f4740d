using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.MaiAgent;

public class ConversationListTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const string WebChat = "0c4e4c8c-7c6b-4f0e-9a43-0d9b8f3f7a11";

    [Fact]
    public async Task A_tenant_without_conversations_has_an_empty_list()
    {
        var client = await parley.NewTenantClientAsync("None");
        var page = await client.CallAsync(HttpMethod.Get, "v1/conversations");

        Assert.Equal("""{"next":null,"previous":null,"results":[]}""", page.ToJsonString());
    }

    [Fact]
    public async Task An_entry_is_the_conversation_with_every_field()
    {
        var client = await parley.NewTenantClientAsync("Fields");
        var body = new { title = "Order 17", channel = "whatsapp", address = "+5511", first_name = "Ana", last_name = "Souza", metadata = new { order = 17 } };
        var created = await client.NewConversationAsync(body);
        await client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = 1, content = "Olá 😀" }, HttpStatusCode.Created);
        var page = await client.CallAsync(HttpMethod.Get, "v1/conversations/");
        var entry = Assert.Single(page["results"]!.AsArray())!;
        var message = await client.MessageAsync(1);

        Assert.Null(page["next"]);
        Assert.Null(page["previous"]);
        Assert.Equal(created["id"]!.GetValue<string>(), entry["id"]!.GetValue<string>());
        Assert.Equal(1, entry["number"]!.GetValue<int>());
        Assert.Equal("Order 17", entry["title"]!.GetValue<string>());
        Assert.Equal("Ana Souza", entry["contact"]!["name"]!.GetValue<string>());
        Assert.Equal(created["contact"]!["id"]!.GetValue<string>(), entry["contact"]!["id"]!.GetValue<string>());
        Assert.Null(entry["contact"]!["avatar"]);
        Assert.Equal(ApiHelpers.Time(entry["createdAt"]), ApiHelpers.Time(entry["contact"]!["createdAt"]), TimeSpan.FromSeconds(5));
        Assert.Equal(created["inbox"]!["id"]!.GetValue<string>(), entry["inbox"]!["id"]!.GetValue<string>());
        Assert.Equal("whatsapp", entry["inbox"]!["name"]!.GetValue<string>());
        Assert.Equal(created["inbox"]!["channelType"]!.GetValue<string>(), entry["inbox"]!["channelType"]!.GetValue<string>());
        Assert.Equal(1, entry["inbox"]!["unreadConversationsCount"]!.GetValue<int>());
        Assert.Equal("Olá 😀", entry["lastMessage"]!.GetValue<string>());
        Assert.Equal(message["created_at"]!.GetValue<string>(), entry["lastMessageCreatedAt"]!.GetValue<string>());
        Assert.Equal(1, entry["unreadMessagesCount"]!.GetValue<int>());
        Assert.True(entry["autoReplyEnabled"]!.GetValue<bool>());
        Assert.True(entry["isAutoReplyNow"]!.GetValue<bool>());
        Assert.Null(entry["lastReadAt"]);
        Assert.Equal(created["createdAt"]!.GetValue<string>(), entry["createdAt"]!.GetValue<string>());
        Assert.False(entry["isGroupChat"]!.GetValue<bool>());
        Assert.False(entry["enableGroupMention"]!.GetValue<bool>());
        Assert.Equal("""{"order":17}""", entry["metadata"]!.ToJsonString());
        Assert.Null(entry["chatbot"]);
        Assert.Null(entry["handedOffUntil"]);
        Assert.True(JsonNode.DeepEquals(entry, await client.CallAsync(HttpMethod.Get, "v1/conversations/1")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(100)]
    public async Task A_walk_goes_forwards_and_back(int pageSize)
    {
        var client = await parley.NewTenantClientAsync("Walk");
        for (var i = 0; i < 5; i++)
        {
            await client.CreateConversationAsync();
        }

        var walked = await client.WalkBothWaysAsync($"v1/conversations?pageSize={pageSize}");

        Assert.Equal([1, 2, 3, 4, 5], walked.Order());
    }

    [Fact]
    public async Task The_default_page_size_is_twenty()
    {
        var client = await parley.NewTenantClientAsync("Twenty");
        await Task.WhenAll(Enumerable.Range(0, 21).Select(_ => client.CreateConversationAsync()));
        var page = await client.CallAsync(HttpMethod.Get, "v1/conversations");
        var rest = await client.CallAsync(HttpMethod.Get, page["next"]!.GetValue<string>());
        var all = await client.CallAsync(HttpMethod.Get, "v1/conversations?pageSize=100");

        Assert.Equal(20, ApiHelpers.Numbers(page).Count);
        Assert.Single(ApiHelpers.Numbers(rest));
        Assert.Null(rest["next"]);
        Assert.Equal(Enumerable.Range(1, 21), ApiHelpers.Numbers(all).Order());
    }

    [Theory]
    [InlineData("pageSize=0", "pageSize")]
    [InlineData("pageSize=101", "pageSize")]
    [InlineData("pageSize=-1", "pageSize")]
    [InlineData("pageSize=x", "pageSize")]
    [InlineData("inbox=x", "inbox")]
    [InlineData("inbox=7", "inbox")]
    [InlineData("contact=x", "contact")]
    [InlineData("contact=0", "contact")]
    [InlineData("contact=-1", "contact")]
    [InlineData("channel=a%00b", "channel")]
    [InlineData("pageSize=0&inbox=x&contact=x", "pageSize", "inbox", "contact")]
    [InlineData("channel=&inbox=&contact=", "channel", "inbox", "contact")]
    public async Task Invalid_parameters_are_named(string query, params string[] fields) =>
        await parley.Client.RefusedAsync(HttpMethod.Get, $"v1/conversations?{query}", null, 422, "invalid_fields", fields);

    [Fact]
    public async Task A_channel_has_250_characters_at_most()
    {
        var client = await parley.NewTenantClientAsync("Long channel");
        var channel = new string('c', 250);
        await client.CreateConversationAsync(new { channel });

        Assert.Equal([1], ApiHelpers.Numbers(await client.CallAsync(HttpMethod.Get, $"v1/conversations?channel={channel}")));
        await client.RefusedAsync(HttpMethod.Get, $"v1/conversations?channel={channel}c", null, 422, "invalid_fields", "channel");
    }

    [Fact]
    public async Task Later_activity_comes_first_and_then_the_higher_number()
    {
        if (parley.RunsElsewhere)
        {
            return; // The clock of a host that runs elsewhere cannot be set.
        }

        using var clock = new ManualClock();
        await using var host = await ApiHelpers.StartClockedAsync(clock);
        var client = parley.NewClient((await parley.CreateTenantAsync("Order")).ApiKey, host.Api);
        for (var i = 0; i < 4; i++)
        {
            await client.CreateConversationAsync(new { channel = "mail", address = "ana" });
        }

        Assert.Equal([4, 3, 2, 1], await client.WalkBothWaysAsync("v1/conversations?pageSize=1"));
        clock.Advance(TimeSpan.FromMinutes(1));
        await client.PostAsync(1, "later");
        foreach (var query in new[] { "", "channel=mail", "contact=1", "contact=1&channel=mail" })
        {
            Assert.Equal([1, 4, 3, 2], await client.WalkBothWaysAsync($"v1/conversations?pageSize=3&{query}"));
        }

        // Within a minute, the higher number comes first.
        await client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = 3, content = "later" }, HttpStatusCode.Created);
        await client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = 2, content = "later", role = "assistant" });
        Assert.Equal([3, 2, 1, 4], await client.WalkBothWaysAsync("v1/conversations?pageSize=2"));
        clock.Advance(TimeSpan.FromMinutes(1));

        // Neither a change nor a reading counts as activity.
        await client.CallAsync(HttpMethod.Patch, "v1/conversations/4", new { title = "x" });
        await client.CallAsync(HttpMethod.Post, "v1/conversations/4/read", new { });
        Assert.Equal([3, 2, 1, 4], ApiHelpers.Numbers(await client.CallAsync(HttpMethod.Get, "v1/conversations")));
    }

    [Fact]
    public async Task A_conversation_that_moves_during_a_walk_is_at_the_top_of_the_next()
    {
        if (parley.RunsElsewhere)
        {
            return;
        }

        using var clock = new ManualClock();
        await using var host = await ApiHelpers.StartClockedAsync(clock);
        var client = parley.NewClient((await parley.CreateTenantAsync("Moves")).ApiKey, host.Api);
        for (var i = 0; i < 4; i++)
        {
            await client.CreateConversationAsync();
        }

        var first = await client.CallAsync(HttpMethod.Get, "v1/conversations?pageSize=2");
        clock.Advance(TimeSpan.FromMinutes(1));
        await client.PostAsync(2, "moves");
        var second = await client.CallAsync(HttpMethod.Get, first["next"]!.GetValue<string>());

        Assert.Equal([4, 3], ApiHelpers.Numbers(first));
        Assert.Equal([1], ApiHelpers.Numbers(second));
        Assert.Equal([2, 4, 3, 1], ApiHelpers.Numbers(await client.CallAsync(HttpMethod.Get, "v1/conversations")));
    }

    [Fact]
    public async Task The_previous_page_of_a_distant_page_is_the_first()
    {
        const int Count = 105;
        var client = await parley.NewTenantClientAsync("Far back");
        for (var i = 0; i < Count; i++)
        {
            await client.CreateConversationAsync();
        }

        var page = await client.CallAsync(HttpMethod.Get, "v1/conversations?pageSize=1");
        while (ApiHelpers.Text(page["next"]) is { } next)
        {
            page = await client.CallAsync(HttpMethod.Get, next);
        }

        var back = new List<int>();
        while (ApiHelpers.Text(page["previous"]) is { } previous)
        {
            page = await client.CallAsync(HttpMethod.Get, previous);
            back.Add(Assert.Single(ApiHelpers.Numbers(page)));
        }

        Assert.Equal(Enumerable.Range(2, 99), back.Take(99));
        Assert.Equal(Count, back[^1]);
    }

    [Fact]
    public async Task Filters_select_alone_and_together()
    {
        var client = await parley.NewTenantClientAsync("Filters");
        var ana = await client.NewSenderAsync(new { entity = "external_user", name = "Ana" });
        var (uuid, number) = (ana["id"]!.GetValue<string>(), ana["number"]!.GetValue<int>());
        var mail = await client.NewConversationAsync(new { channel = "mail" });
        await client.NewConversationAsync(new { channel = "mail", contact = uuid });
        await client.NewConversationAsync(new { channel = "chat", contact = uuid });
        await client.NewConversationAsync(new { webChat = WebChat, contact = uuid });
        await client.NewConversationAsync();
        var inbox = mail["inbox"]!["id"]!.GetValue<string>();

        foreach (var (query, expected) in new (string, int[])[]
        {
            ("channel=mail", [1, 2]),
            ($"inbox={inbox}", [1, 2]),
            ($"inbox={inbox.ToUpperInvariant()}", [1, 2]),
            ($"inbox={inbox}&channel=mail", [1, 2]),
            ($"inbox={inbox}&channel=chat", []),
            ($"inbox={WebChat}", [4]),
            ($"contact={uuid}", [2, 3, 4]),
            ($"contact={uuid.ToUpperInvariant()}", [2, 3, 4]),
            ($"contact={number}", [2, 3, 4]),
            ($"contact={number}&channel=mail", [2]),
            ($"contact={uuid}&inbox={inbox}", [2]),
            ($"contact={uuid}&inbox={inbox}&channel=mail", [2]),
            ($"contact={uuid}&inbox={WebChat}", [4]),
            ("channel=Mail", []),
            ("channel=nothing", []),
            ($"inbox={ApiHelpers.UnknownUuid}", []),
            ($"contact={ApiHelpers.UnknownUuid}", []),
            ("contact=99", []),
            ("contact=99999999999", []),
            ("cursor=&pageSize=", [1, 2, 3, 4, 5]),
        })
        {
            Assert.Equal(expected, (await client.WalkBothWaysAsync($"v1/conversations?pageSize=2&{query}")).Order());
        }
    }

    [Fact]
    public async Task A_cursor_is_valid_for_one_tenant_and_one_query()
    {
        var client = await parley.NewTenantClientAsync("Cursor");
        var other = await parley.NewTenantClientAsync("Other cursor");
        foreach (var tenant in new[] { client, other })
        {
            for (var i = 0; i < 3; i++)
            {
                await tenant.CreateConversationAsync(new { channel = "mail", address = "ana" });
            }
        }

        var next = (await client.CallAsync(HttpMethod.Get, "v1/conversations?pageSize=1"))["next"]!.GetValue<string>();
        var cursor = next[(next.LastIndexOf("cursor=", StringComparison.Ordinal) + 7)..];
        foreach (var query in new[] { $"channel=mail&cursor={cursor}", $"contact=1&cursor={cursor}", $"cursor={cursor[..^1]}", $"cursor={cursor}A", "cursor=x" })
        {
            await client.RefusedAsync(HttpMethod.Get, $"v1/conversations?pageSize=1&{query}", null, 400, "invalid_cursor");
        }

        await client.RefusedAsync(HttpMethod.Get, ApiHelpers.Altered(next), null, 400, "invalid_cursor");
        await client.RefusedAsync(HttpMethod.Get, $"v1/senders?cursor={cursor}", null, 400, "invalid_cursor");
        await client.RefusedAsync(HttpMethod.Get, $"v1/messages?conversation=1&cursor={cursor}", null, 400, "invalid_cursor");
        await other.RefusedAsync(HttpMethod.Get, next, null, 400, "invalid_cursor");
        Assert.Equal([2], ApiHelpers.Numbers(await client.CallAsync(HttpMethod.Get, next)));
    }

    [Fact]
    public async Task Another_tenant_has_no_access()
    {
        var client = await parley.NewTenantClientAsync("Own");
        var other = await parley.NewTenantClientAsync("Other");
        var created = await client.NewConversationAsync(new { channel = "mail", address = "ana" });
        var (inbox, contact) = (created["inbox"]!["id"]!.GetValue<string>(), created["contact"]!["id"]!.GetValue<string>());

        foreach (var query in new[] { "", "?channel=mail", $"?inbox={inbox}", $"?contact={contact}", "?contact=1" })
        {
            Assert.Empty((await other.CallAsync(HttpMethod.Get, $"v1/conversations{query}"))["results"]!.AsArray());
            Assert.Single((await client.CallAsync(HttpMethod.Get, $"v1/conversations{query}"))["results"]!.AsArray());
        }

        foreach (var id in new[] { created["id"]!.GetValue<string>(), "1" })
        {
            await other.RefusedAsync(HttpMethod.Get, $"v1/conversations/{id}", null, 404, "conversation_not_found");
        }
    }

    [Theory]
    [InlineData("99")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("01")]
    [InlineData("99999999999999999999")]
    [InlineData("nonsense")]
    [InlineData(ApiHelpers.UnknownUuid)]
    public async Task An_unknown_conversation_is_not_found(string id)
    {
        var client = await parley.NewTenantClientAsync("Unknown");

        await client.RefusedAsync(HttpMethod.Get, $"v1/conversations/{id}", null, 404, "conversation_not_found");
    }

    [Fact]
    public async Task Reading_requires_the_key_and_the_scope()
    {
        var writer = await parley.NewClientWithScopeAsync("messages:write");
        foreach (var path in new[] { "v1/conversations", "v1/conversations/1", "v1/conversations?pageSize=0" })
        {
            await parley.NewClient(token: null).RefusedAsync(HttpMethod.Get, path, null, 401, "unauthenticated");
            await writer.RefusedAsync(HttpMethod.Get, path, null, 403, "scope_missing");
        }

        var reader = await parley.NewClientWithScopeAsync("messages:read");
        await reader.CallAsync(HttpMethod.Get, "v1/conversations");
        await reader.RefusedAsync(HttpMethod.Post, "v1/conversations", new { }, 403, "scope_missing");
        await parley.NewClient(token: null).RefusedAsync(HttpMethod.Post, "v1/conversations", new { }, 401, "unauthenticated");
    }
}
