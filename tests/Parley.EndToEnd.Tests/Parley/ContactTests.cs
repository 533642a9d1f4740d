using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Parley;

public class ContactTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Fact]
    public async Task An_address_creates_a_sender()
    {
        var client = await parley.NewTenantClientAsync("Address");
        var created = await client.NewConversationAsync(new { address = "ana@example.com", first_name = "Ana", last_name = "Souza" });
        var contact = created["contact"]!;
        var sender = await client.CallAsync(HttpMethod.Get, $"v1/senders/{contact["id"]}");

        Assert.Equal("Ana Souza", contact["name"]!.GetValue<string>());
        Assert.Null(contact["avatar"]);
        Assert.Equal(sender["createdAt"]!.GetValue<string>(), contact["createdAt"]!.GetValue<string>());
        Assert.Equal("external_user", sender["entity"]!.GetValue<string>());
        Assert.Equal("Ana Souza", sender["name"]!.GetValue<string>());
        Assert.Equal("ana@example.com", sender["identifier"]!.GetValue<string>());
        Assert.Null(sender["externalId"]);
        Assert.True(JsonNode.DeepEquals(sender, await client.CallAsync(HttpMethod.Get, "v1/senders/1")));
    }

    [Fact]
    public async Task The_same_address_is_the_same_contact()
    {
        var client = await parley.NewTenantClientAsync("Same");
        var first = await client.NewConversationAsync(new { address = "ana@example.com", first_name = "Ana" });
        var second = await client.NewConversationAsync(new { address = "ana@example.com", channel = "mail" });
        var other = await client.NewConversationAsync(new { address = "Ana@example.com" });

        Assert.Equal(first["contact"]!["id"]!.GetValue<string>(), second["contact"]!["id"]!.GetValue<string>());
        Assert.NotEqual(first["contact"]!["id"]!.GetValue<string>(), other["contact"]!["id"]!.GetValue<string>());
        Assert.Equal(2, (await client.CallAsync(HttpMethod.Get, "v1/senders"))["results"]!.AsArray().Count);
    }

    [Fact]
    public async Task The_sender_that_has_the_address_is_the_contact()
    {
        var client = await parley.NewTenantClientAsync("Known");
        var ana = await client.NewSenderAsync(new { entity = "external_user", name = "Ana", identifier = "+5511", avatar = "https://example.com/a.png" });
        var created = await client.NewConversationAsync(new { address = "+5511" });

        Assert.Equal(ana["id"]!.GetValue<string>(), created["contact"]!["id"]!.GetValue<string>());
        Assert.Equal("https://example.com/a.png", created["contact"]!["avatar"]!.GetValue<string>());
        Assert.Equal(ana["createdAt"]!.GetValue<string>(), created["contact"]!["createdAt"]!.GetValue<string>());
        Assert.Single((await client.CallAsync(HttpMethod.Get, "v1/senders"))["results"]!.AsArray());
    }

    [Fact]
    public async Task Concurrent_conversations_with_one_address_have_one_contact()
    {
        var client = await parley.NewTenantClientAsync("At once");
        var created = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.NewConversationAsync(new { address = "ana" })));

        Assert.Single(created.Select(one => one["contact"]!["id"]!.GetValue<string>()).Distinct());
        Assert.Single((await client.CallAsync(HttpMethod.Get, "v1/senders"))["results"]!.AsArray());
        Assert.Equal(8, (await client.CallAsync(HttpMethod.Get, "v1/conversations?contact=1"))["results"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("Ana", null, "Ana")]
    [InlineData(null, "Souza", "Souza")]
    [InlineData("Ana", "Souza", "Ana Souza")]
    public async Task A_name_alone_is_a_new_contact_each_time(string? first, string? last, string name)
    {
        var client = await parley.NewTenantClientAsync("Names");
        var one = await client.NewConversationAsync(new { first_name = first, last_name = last });
        var two = await client.NewConversationAsync(new { firstName = first, lastName = last });

        Assert.Equal(name, one["contact"]!["name"]!.GetValue<string>());
        Assert.Equal(name, two["contact"]!["name"]!.GetValue<string>());
        Assert.NotEqual(one["contact"]!["id"]!.GetValue<string>(), two["contact"]!["id"]!.GetValue<string>());
        Assert.Null((await client.CallAsync(HttpMethod.Get, $"v1/senders/{one["contact"]!["id"]}"))["identifier"]);
    }

    [Fact]
    public async Task A_sender_is_named_by_number_and_by_uuid()
    {
        var client = await parley.NewTenantClientAsync("Named");
        var ana = await client.NewSenderAsync(new { entity = "external_user", name = "Ana" });
        foreach (var contact in new object[] { 1, "1", ana["id"]!.GetValue<string>(), ana["id"]!.GetValue<string>().ToUpperInvariant() })
        {
            var created = await client.NewConversationAsync(new { contact });
            Assert.Equal(ana["id"]!.GetValue<string>(), created["contact"]!["id"]!.GetValue<string>());
            Assert.Equal("Ana", created["contact"]!["name"]!.GetValue<string>());
        }

        Assert.Equal([1, 2, 3, 4], ApiHelpers.Numbers(await client.CallAsync(HttpMethod.Get, "v1/conversations?contact=1")).Order());
    }

    [Fact]
    public async Task Invalid_contacts_are_refused()
    {
        var client = await parley.NewTenantClientAsync("Wrong");
        var other = await parley.NewTenantClientAsync("Other");
        var ana = await client.NewSenderAsync(new { entity = "external_user", name = "Ana" });
        var uuid = ana["id"]!.GetValue<string>();
        foreach (var body in new object[]
        {
            new { contact = uuid, address = "ana" },
            new { contact = uuid, first_name = "Ana" },
            new { contact = uuid, last_name = "Souza" },
            new { contact = ApiHelpers.UnknownUuid },
            new { contact = 99 },
            new { contact = 0 },
            new { contact = "x" },
            new { contact = true },
        })
        {
            await client.RefusedAsync(HttpMethod.Post, "v1/conversations", body, 422, "invalid_fields", "contact");
        }

        await other.RefusedAsync(HttpMethod.Post, "v1/conversations", new { contact = uuid }, 422, "invalid_fields", "contact");
        await other.RefusedAsync(HttpMethod.Post, "v1/conversations", new { contact = 1 }, 422, "invalid_fields", "contact");
        Assert.Empty((await client.CallAsync(HttpMethod.Get, "v1/conversations"))["results"]!.AsArray());
    }

    [Fact]
    public async Task A_contact_of_another_tenant_is_not_shared()
    {
        var client = await parley.NewTenantClientAsync("One");
        var other = await parley.NewTenantClientAsync("Two");
        var one = await client.NewConversationAsync(new { address = "ana", channel = "mail" });
        var two = await other.NewConversationAsync(new { address = "ana", channel = "mail" });

        Assert.NotEqual(one["contact"]!["id"]!.GetValue<string>(), two["contact"]!["id"]!.GetValue<string>());
        Assert.NotEqual(one["inbox"]!["id"]!.GetValue<string>(), two["inbox"]!["id"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_channel_is_one_inbox_and_a_web_chat_takes_precedence()
    {
        var client = await parley.NewTenantClientAsync("Inbox");
        var webChat = "9d2b0c52-0f4b-4a39-8f5e-6d1a3f5a7b10";
        var mail = await client.NewConversationAsync(new { channel = "mail" });
        var again = await client.NewConversationAsync(new { channel = "mail" });
        var both = await client.NewConversationAsync(new { channel = "mail", webChat });
        var web = await client.NewConversationAsync(new { webChat = webChat.ToUpperInvariant() });

        Assert.Equal(mail["inbox"]!["id"]!.GetValue<string>(), again["inbox"]!["id"]!.GetValue<string>());
        Assert.Equal("mail", mail["inbox"]!["channelType"]!.GetValue<string>());
        Assert.Equal("mail", mail["inbox"]!["name"]!.GetValue<string>());
        Assert.Equal(webChat, both["inbox"]!["id"]!.GetValue<string>());
        Assert.Equal("mail", both["inbox"]!["name"]!.GetValue<string>());
        Assert.Equal("web", both["inbox"]!["channelType"]!.GetValue<string>());
        Assert.Equal(webChat, web["inbox"]!["id"]!.GetValue<string>());
        await client.RefusedAsync(HttpMethod.Post, "v1/conversations", new { webChat = "x", channel = "" }, 422, "invalid_fields", "webChat", "channel");
    }

    [Fact]
    public async Task Unreadable_bodies_create_no_conversation()
    {
        var client = await parley.NewTenantClientAsync("Bodies");
        await client.RefusedAsync(HttpMethod.Post, "v1/conversations", "text", 400, "malformed_json");
        using var text = new StringContent("{}", System.Text.Encoding.UTF8, "text/plain");
        using var large = new StringContent($"{{\"x\":\"{new string('x', 300_000)}\"}}", System.Text.Encoding.UTF8, "application/json");
        using var unsupported = await client.PostAsync("v1/conversations", text);
        using var tooLarge = await client.PostAsync("v1/conversations", large);

        await unsupported.AssertProblemAsync(415, "unsupported_media_type");
        await tooLarge.AssertProblemAsync(413, "body_too_large");
        Assert.Empty((await client.CallAsync(HttpMethod.Get, "v1/conversations"))["results"]!.AsArray());
    }
}
