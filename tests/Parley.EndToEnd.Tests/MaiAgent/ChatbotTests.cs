using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.MaiAgent;

public class ChatbotTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private static readonly string[] Optional = ["instructions", "provider", "model", "temperature"];

    [Fact]
    public async Task The_response_of_a_chatbot_has_every_field()
    {
        var client = await parley.NewTenantClientAsync("Fields");
        var body = new
        {
            name = "Ana é😀",
            instructions = "You answer briefly.\n",
            provider = "main",
            model = "large-1",
            temperature = 0.7,
            enabled = false,
            unknown = 1,
        };
        using var response = await client.SendJsonAsync(HttpMethod.Post, "v1/chatbots", body);
        var chatbot = await response.ReadAsync(HttpStatusCode.Created);

        Assert.Equal("\"1\"", response.Headers.ETag!.Tag);
        Assert.Equal($"{parley.Api}v1/chatbots/{chatbot["id"]}", response.Headers.Location!.ToString());
        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", chatbot["id"]!.GetValue<string>());
        Assert.Equal(1, chatbot["number"]!.GetValue<int>());
        Assert.Equal("Ana é😀", chatbot["name"]!.GetValue<string>());
        Assert.Equal("You answer briefly.\n", chatbot["instructions"]!.GetValue<string>());
        Assert.Equal("main", chatbot["provider"]!.GetValue<string>());
        Assert.Equal("large-1", chatbot["model"]!.GetValue<string>());
        Assert.Equal("0.7", chatbot["temperature"]!.ToJsonString());
        Assert.False(chatbot["enabled"]!.GetValue<bool>());
        Assert.Equal(TimeProvider.System.GetUtcNow(), ApiHelpers.Time(chatbot["createdAt"]), TimeSpan.FromMinutes(5));
        Assert.Equal(chatbot["createdAt"]!.GetValue<string>(), chatbot["updatedAt"]!.GetValue<string>());
        foreach (var id in new[] { "1", ApiHelpers.Text(chatbot["id"])!, ApiHelpers.Text(chatbot["id"])!.ToUpperInvariant() })
        {
            using var read = await client.GetAsync($"v1/chatbots/{id}");
            Assert.Equal("\"1\"", read.Headers.ETag!.Tag);
            Assert.True(JsonNode.DeepEquals(chatbot, await read.ReadAsync()));
        }
    }

    [Fact]
    public async Task The_name_alone_is_enough()
    {
        var chatbot = await parley.Client.NewChatbotAsync(new { name = "x", enabled = (bool?)null, provider = (string?)null });

        Assert.True(chatbot["enabled"]!.GetValue<bool>());
        Assert.All(Optional, member => Assert.Null(chatbot[member]));
    }

    [Fact]
    public async Task Fields_of_the_greatest_length_are_accepted_and_longer_ones_are_refused()
    {
        var client = await parley.NewTenantClientAsync("Lengths");
        var line = string.Concat(Enumerable.Repeat("😀", 250));
        var instructions = new string('é', 32_768);
        var chatbot = await client.NewChatbotAsync(new { name = line, model = line, instructions, temperature = 2 });

        Assert.Equal((line, line), (ApiHelpers.Text(chatbot["name"]), ApiHelpers.Text(chatbot["model"])));
        Assert.Equal(instructions, ApiHelpers.Text((await client.CallAsync(HttpMethod.Get, "v1/chatbots/1"))["instructions"]));
        Assert.Equal(2, chatbot["temperature"]!.GetValue<double>());
        var least = await client.CallAsync(HttpMethod.Patch, "v1/chatbots/1", new { instructions = "", temperature = 0 });
        Assert.Equal(("", 0d), (ApiHelpers.Text(least["instructions"]), least["temperature"]!.GetValue<double>()));

        string[] all = ["name", "model", "instructions", "provider", "temperature"];
        object[] wrong =
        [
            new { name = line + "x", model = line + "x", instructions = instructions + "x", provider = new string('x', 51), temperature = 2.001 },
            new { name = "", model = "", instructions = "\0", provider = "", temperature = -0.001 },
            new { name = 5, model = 5, instructions = 5, provider = 5, temperature = "1" },
        ];
        foreach (var body in wrong)
        {
            await client.RefusedAsync(HttpMethod.Post, "v1/chatbots", body, 422, "invalid_fields", all);
            await client.RefusedAsync(HttpMethod.Patch, "v1/chatbots/1", body, 422, "invalid_fields", all);
        }

        await client.RefusedAsync(HttpMethod.Post, "v1/chatbots", new { enabled = "yes" }, 422, "invalid_fields", "name", "enabled");
        await client.RefusedAsync(HttpMethod.Post, "v1/chatbots", new { name = (string?)null }, 422, "invalid_fields", "name");
        await client.RefusedAsync(HttpMethod.Post, "v1/chatbots", "text", 400, "malformed_json");
        Assert.True(JsonNode.DeepEquals(least, await client.CallAsync(HttpMethod.Get, "v1/chatbots/1")));
        Assert.Single((await client.CallAsync(HttpMethod.Get, "v1/chatbots"))["results"]!.AsArray());
    }

    [Fact]
    public async Task A_provider_is_one_of_the_settings()
    {
        var path = $"v1/chatbots/{(await parley.Client.NewChatbotAsync())["id"]}";
        foreach (var (method, at) in new[] { (HttpMethod.Post, "v1/chatbots"), (HttpMethod.Patch, path) })
        {
            foreach (var provider in new[] { "other", "Main", " main" })
            {
                using var response = await parley.Client.SendJsonAsync(method, at, new { name = "Bot", provider });
                var problem = await response.AssertProblemAsync(422, "invalid_fields", "provider");
                Assert.Matches("^No such provider\\. This tenant has: ([^,]+, )*main(, [^,]+)*\\.$", ApiHelpers.Text(problem["errors"]!["provider"]![0])!);
            }
        }

        Assert.Null((await parley.Client.CallAsync(HttpMethod.Get, path))["provider"]);
    }

    [Fact]
    public async Task A_change_keeps_absent_fields_and_null_clears()
    {
        var client = await parley.NewTenantClientAsync("Change");
        var created = await client.NewChatbotAsync(new { name = "Bot", instructions = "i", provider = "main", model = "m", temperature = 1.5 });
        using var response = await client.SendJsonAsync(HttpMethod.Patch, $"v1/chatbots/{created["id"]}", new { name = "Rob", temperature = 1 });
        var changed = await response.ReadAsync();

        Assert.Equal("\"2\"", response.Headers.ETag!.Tag);
        Assert.Equal(("Rob", 1d), (ApiHelpers.Text(changed["name"]), changed["temperature"]!.GetValue<double>()));
        Assert.True(ApiHelpers.Time(changed["updatedAt"]) >= ApiHelpers.Time(created["updatedAt"]));
        Assert.All(
            new[] { "id", "number", "instructions", "provider", "model", "enabled", "createdAt" },
            member => Assert.Equal(created[member]!.ToJsonString(), changed[member]!.ToJsonString()));

        var cleared = await client.CallAsync(HttpMethod.Patch, "v1/chatbots/1", new
        {
            name = (string?)null,
            instructions = (string?)null,
            provider = (string?)null,
            model = (string?)null,
            temperature = (double?)null,
            enabled = (bool?)null,
        });
        Assert.All(Optional, member => Assert.Null(cleared[member]));
        Assert.Equal("Rob", ApiHelpers.Text(cleared["name"]));
        Assert.True(cleared["enabled"]!.GetValue<bool>());
        var last = await client.CallAsync(HttpMethod.Patch, "v1/chatbots/1", new { enabled = false });
        Assert.False(last["enabled"]!.GetValue<bool>());

        // A change without effect does not raise the revision.
        using var same = await client.SendJsonAsync(HttpMethod.Patch, "v1/chatbots/1", new { enabled = false, name = "Rob" });
        Assert.Equal("\"4\"", same.Headers.ETag!.Tag);
        Assert.True(JsonNode.DeepEquals(last, await same.ReadAsync()));
    }

    [Theory]
    [InlineData("\"1\"", 200, "")]
    [InlineData("*", 200, "")]
    [InlineData("\"2\"", 412, "stale_revision")]
    [InlineData("W/\"1\"", 412, "stale_revision")]
    [InlineData("1", 400, "malformed_header")]
    public async Task If_match_guards_a_change_and_a_deletion(string ifMatch, int status, string code)
    {
        foreach (var method in new[] { HttpMethod.Patch, HttpMethod.Delete })
        {
            var created = await parley.Client.NewChatbotAsync(new { name = "Old" });
            var path = $"v1/chatbots/{created["id"]}";
            using var response = await parley.Client.SendJsonAsync(method, path, method == HttpMethod.Patch ? new { name = "New" } : null, ("If-Match", ifMatch));
            if (status != 200)
            {
                await response.AssertProblemAsync(status, code);
                Assert.True(JsonNode.DeepEquals(created, await parley.Client.CallAsync(HttpMethod.Get, path)));
            }

            Assert.Equal(status, (int)response.StatusCode);
        }
    }

    [Fact]
    public async Task A_deleted_chatbot_is_not_found_and_its_number_is_not_used_again()
    {
        var client = await parley.NewTenantClientAsync("Delete");
        var other = await parley.NewTenantClientAsync("Delete elsewhere");
        var first = await client.NewChatbotAsync(new { name = "First", instructions = "i" });
        await client.NewChatbotAsync(new { name = "Second" });
        await other.RefusedAsync(HttpMethod.Delete, $"v1/chatbots/{first["id"]}", null, 404, "chatbot_not_found");

        Assert.True(JsonNode.DeepEquals(first, await client.CallAsync(HttpMethod.Delete, $"v1/chatbots/{first["id"]}")));
        await client.CallAsync(HttpMethod.Delete, "v1/chatbots/2");

        foreach (var id in new[] { "1", "2", ApiHelpers.Text(first["id"])! })
        {
            await client.RefusedAsync(HttpMethod.Get, $"v1/chatbots/{id}", null, 404, "chatbot_not_found");
            await client.RefusedAsync(HttpMethod.Patch, $"v1/chatbots/{id}", new { name = "x" }, 404, "chatbot_not_found");
            await client.RefusedAsync(HttpMethod.Delete, $"v1/chatbots/{id}", null, 404, "chatbot_not_found");
        }

        Assert.Empty((await client.CallAsync(HttpMethod.Get, "v1/chatbots"))["results"]!.AsArray());
        Assert.Equal(3, (await client.NewChatbotAsync())["number"]!.GetValue<int>());
    }

    [Fact]
    public async Task Of_concurrent_deletions_one_succeeds()
    {
        var path = $"v1/chatbots/{(await parley.Client.NewChatbotAsync())["id"]}";
        var responses = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => parley.Client.DeleteAsync(path)));

        Assert.Single(responses, response => response.StatusCode == HttpStatusCode.OK);
        Assert.Equal(4, responses.Count(response => response.StatusCode == HttpStatusCode.NotFound));
        Array.ForEach(responses, response => response.Dispose());
    }

    [Fact]
    public async Task The_list_is_newest_first_in_both_directions_without_deleted_chatbots()
    {
        var client = await parley.NewTenantClientAsync("List");
        Assert.Equal("""{"next":null,"previous":null,"results":[]}""", (await client.CallAsync(HttpMethod.Get, "v1/chatbots")).ToJsonString());
        for (var i = 1; i <= 5; i++)
        {
            await client.NewChatbotAsync(new { name = $"{i}" });
        }

        Assert.Equal([5, 4, 3, 2, 1], await client.WalkBothWaysAsync("v1/chatbots?pageSize=2"));
        await client.CallAsync(HttpMethod.Delete, "v1/chatbots/3");
        await client.CallAsync(HttpMethod.Delete, "v1/chatbots/5");
        foreach (var pageSize in new[] { 1, 2, 5, 100 })
        {
            Assert.Equal([4, 2, 1], await client.WalkBothWaysAsync($"v1/chatbots?pageSize={pageSize}"));
        }

        var page = await client.CallAsync(HttpMethod.Get, "v1/chatbots?pageSize=2");
        Assert.True(JsonNode.DeepEquals(await client.CallAsync(HttpMethod.Get, "v1/chatbots/4"), Assert.Single(page["results"]!.AsArray())));
        var next = page["next"]!.GetValue<string>();
        await client.RefusedAsync(HttpMethod.Get, ApiHelpers.Altered(next), null, 400, "invalid_cursor");
        await client.RefusedAsync(HttpMethod.Get, next.Replace("/chatbots", "/senders", StringComparison.Ordinal), null, 400, "invalid_cursor");
        foreach (var pageSize in new[] { "0", "101", "x" })
        {
            await client.RefusedAsync(HttpMethod.Get, $"v1/chatbots?pageSize={pageSize}", null, 422, "invalid_fields", "pageSize");
        }
    }

    [Fact]
    public async Task Another_tenant_has_no_access()
    {
        var client = await parley.NewTenantClientAsync("Own");
        var other = await parley.NewTenantClientAsync("Other");
        var uuid = ApiHelpers.Text((await client.NewChatbotAsync(new { name = "Own" }))["id"])!;
        var sender = ApiHelpers.Text((await other.NewSenderAsync(new { entity = "agent" }))["id"])!;
        var answers = new HashSet<string>();
        foreach (var id in new[] { uuid, sender, "1", "99", "0", "-1", "01", "99999999999", "nonsense", ApiHelpers.UnknownUuid })
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Patch, HttpMethod.Delete })
            {
                using var response = await other.SendJsonAsync(method, $"v1/chatbots/{id}", method == HttpMethod.Patch ? new { name = "Taken" } : null);
                answers.Add(ApiHelpers.Text((await response.AssertProblemAsync(404, "chatbot_not_found"))["detail"])!);
            }
        }

        Assert.Single(answers);
        Assert.Empty((await other.CallAsync(HttpMethod.Get, "v1/chatbots"))["results"]!.AsArray());
        Assert.Equal("Own", ApiHelpers.Text((await client.CallAsync(HttpMethod.Get, "v1/chatbots/1"))["name"]));
    }

    [Fact]
    public async Task Keys_and_scopes_are_checked()
    {
        var (writer, assistants) = (await parley.NewClientWithScopeAsync("assistants:use"), await parley.NewClientWithScopeAsync("assistants:write"));
        var unauthenticated = parley.NewClient(token: null);
        foreach (var (method, path) in new[]
        {
            (HttpMethod.Post, "v1/chatbots"), (HttpMethod.Get, "v1/chatbots"), (HttpMethod.Get, "v1/chatbots/1"), (HttpMethod.Patch, "v1/chatbots/1"), (HttpMethod.Delete, "v1/chatbots/1"),
        })
        {
            var body = method == HttpMethod.Post || method == HttpMethod.Patch ? "text" : null;
            await unauthenticated.RefusedAsync(method, path, body, 401, "unauthenticated");
            await writer.RefusedAsync(method, path, body, 403, "scope_missing");
        }

        await assistants.NewChatbotAsync();
        Assert.Equal([1], ApiHelpers.Numbers(await assistants.CallAsync(HttpMethod.Get, "v1/chatbots")));
    }

    [Fact]
    public async Task A_conversation_names_its_chatbot()
    {
        var client = await parley.NewTenantClientAsync("Conversation");
        var (first, second) = (ApiHelpers.Text((await client.NewChatbotAsync())["id"])!, ApiHelpers.Text((await client.NewChatbotAsync())["id"])!);

        // Either form of the id is accepted; the response contains the UUID.
        foreach (var id in new object[] { 1, "1", first, first.ToUpperInvariant() })
        {
            Assert.Equal(first, ApiHelpers.Text((await client.NewConversationAsync(new { chatbot = id }))["chatbot"]));
        }

        await client.PostAsync(1, "A message leaves it.");
        Assert.Equal(first, ApiHelpers.Text((await client.CallAsync(HttpMethod.Patch, "v1/conversations/1", new { title = "So does a title" }))["chatbot"]));
        Assert.Equal(second, ApiHelpers.Text((await client.CallAsync(HttpMethod.Patch, "v1/conversations/1", new { chatbot = 2 }))["chatbot"]));
        Assert.Equal(second, ApiHelpers.Text((await client.CallAsync(HttpMethod.Get, "v1/conversations/1"))["chatbot"]));
        Assert.Null((await client.CallAsync(HttpMethod.Patch, "v1/conversations/1", new { chatbot = (string?)null }))["chatbot"]);
        Assert.Null((await client.CallAsync(HttpMethod.Get, "v1/conversations/1"))["chatbot"]);
        Assert.Equal(first, ApiHelpers.Text((await client.CallAsync(HttpMethod.Patch, "v1/conversations/1", new { chatbot = first }))["chatbot"]));
        var listed = (await client.CallAsync(HttpMethod.Get, "v1/conversations"))["results"]!.AsArray();
        Assert.All(listed, conversation => Assert.Equal(first, ApiHelpers.Text(conversation!["chatbot"])));
    }

    [Fact]
    public async Task An_unknown_chatbot_is_refused_and_changes_nothing()
    {
        var client = await parley.NewTenantClientAsync("Refused");
        var other = await parley.NewTenantClientAsync("Refused elsewhere");
        var (deleted, kept) = (ApiHelpers.Text((await client.NewChatbotAsync())["id"])!, ApiHelpers.Text((await client.NewChatbotAsync())["id"])!);
        await client.NewConversationAsync(new { chatbot = kept });
        await client.NewConversationAsync(new { chatbot = deleted });
        await client.CallAsync(HttpMethod.Delete, "v1/chatbots/1");
        var theirs = ApiHelpers.Text((await other.NewChatbotAsync())["id"])!;
        foreach (var id in new[] { "1", deleted, "3", theirs, ApiHelpers.UnknownUuid, "99999999999" })
        {
            await client.RefusedAsync(HttpMethod.Post, "v1/conversations", new { chatbot = id }, 404, "chatbot_not_found");
            await client.RefusedAsync(HttpMethod.Patch, "v1/conversations/1", new { chatbot = id, title = "x" }, 404, "chatbot_not_found");
        }

        var conversation = await client.CallAsync(HttpMethod.Get, "v1/conversations/1");
        Assert.Equal((kept, null), (ApiHelpers.Text(conversation["chatbot"]), ApiHelpers.Text(conversation["title"])));

        // A chatbot that was deleted later is still named.
        Assert.Equal(deleted, ApiHelpers.Text((await client.CallAsync(HttpMethod.Get, "v1/conversations/2"))["chatbot"]));
        Assert.Equal(2, (await client.CallAsync(HttpMethod.Get, "v1/conversations"))["results"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_repeated_creation_shows_the_chatbot_as_it_was_first_sent()
    {
        var client = await parley.NewTenantClientAsync("Repeated");
        var chatbot = ApiHelpers.Text((await client.NewChatbotAsync())["id"])!;
        await client.NewChatbotAsync();
        var first = await (await CreateAsync(new { chatbot })).ReadAsync(HttpStatusCode.Created);
        await client.CallAsync(HttpMethod.Patch, "v1/conversations/1", new { chatbot = (string?)null });
        await client.CallAsync(HttpMethod.Delete, $"v1/chatbots/{chatbot}");

        using var again = await CreateAsync(new { chatbot });
        Assert.Equal("true", Assert.Single(again.Headers.GetValues("Idempotent-Replayed")));
        Assert.True(JsonNode.DeepEquals(first, await again.ReadAsync(HttpStatusCode.Created)));
        foreach (var body in new object[] { new { }, new { chatbot = 2 } })
        {
            using var reused = await CreateAsync(body);
            await reused.AssertProblemAsync(422, "idempotency_key_reused");
        }

        Task<HttpResponseMessage> CreateAsync(object body) => client.SendJsonAsync(HttpMethod.Post, "v1/conversations", body, ("Idempotency-Key", "one"));
    }
}
