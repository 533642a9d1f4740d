using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Parley;

public class SenderTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Fact]
    public async Task The_response_of_a_sender_has_every_field()
    {
        var client = await parley.NewTenantClientAsync("Fields");
        var body = new
        {
            entity = "external_user",
            name = "Ana é😀",
            externalId = "crm-17",
            identifier = "+5511",
            email = "ana@example.com",
            phoneNumber = "+55 11",
            avatar = "https://example.com/a.png",
            blocked = true,
            metadata = new { vip = true },
            unknown = 1,
        };
        using var response = await client.SendJsonAsync(HttpMethod.Post, "v1/senders", body);
        var sender = await response.ReadAsync(HttpStatusCode.Created);

        Assert.Equal("\"1\"", response.Headers.ETag!.Tag);
        Assert.Equal($"{parley.Api}v1/senders/{sender["id"]}", response.Headers.Location!.ToString());
        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", sender["id"]!.GetValue<string>());
        Assert.Equal(1, sender["number"]!.GetValue<int>());
        Assert.Equal("external_user", sender["entity"]!.GetValue<string>());
        Assert.Equal("Ana é😀", sender["name"]!.GetValue<string>());
        Assert.Equal("crm-17", sender["externalId"]!.GetValue<string>());
        Assert.Equal("+5511", sender["identifier"]!.GetValue<string>());
        Assert.Equal("https://example.com/a.png", sender["avatar"]!.GetValue<string>());
        Assert.Equal("ana@example.com", sender["email"]!.GetValue<string>());
        Assert.Equal("+55 11", sender["phoneNumber"]!.GetValue<string>());
        Assert.True(sender["blocked"]!.GetValue<bool>());
        Assert.Equal("""{"vip":true}""", sender["metadata"]!.ToJsonString());
        Assert.Equal(TimeProvider.System.GetUtcNow(), ApiHelpers.Time(sender["createdAt"]), TimeSpan.FromMinutes(5));
        Assert.Equal(sender["createdAt"]!.GetValue<string>(), sender["updatedAt"]!.GetValue<string>());
        foreach (var id in new[] { "1", sender["id"]!.GetValue<string>(), sender["id"]!.GetValue<string>().ToUpperInvariant() })
        {
            using var read = await client.GetAsync($"v1/senders/{id}");
            Assert.Equal("\"1\"", read.Headers.ETag!.Tag);
            Assert.True(JsonNode.DeepEquals(sender, await read.ReadAsync()));
        }
    }

    [Theory]
    [InlineData("agent")]
    [InlineData("squad")]
    [InlineData("workflow")]
    [InlineData("user")]
    [InlineData("external_user")]
    public async Task The_entity_alone_is_enough(string entity)
    {
        var sender = await parley.Client.NewSenderAsync(new { entity });

        Assert.Equal(entity, sender["entity"]!.GetValue<string>());
        Assert.False(sender["blocked"]!.GetValue<bool>());
        Assert.All(new[] { "name", "externalId", "identifier", "avatar", "email", "phoneNumber", "metadata" }, member => Assert.Null(sender[member]));
    }

    [Fact]
    public async Task Fields_of_the_greatest_length_are_accepted_and_longer_ones_are_refused()
    {
        var client = await parley.NewTenantClientAsync("Lengths");
        var line = string.Concat(Enumerable.Repeat("😀", 250));
        var url = "https://example.com/".PadRight(2048, 'x');
        var metadata = ApiHelpers.JsonOf(32_768);
        var sender = await client.NewSenderAsync(
            new { entity = "user", name = line, externalId = line, identifier = line, email = line, phoneNumber = line, avatar = url, metadata });

        Assert.All(new[] { "name", "externalId", "identifier", "email", "phoneNumber" }, member => Assert.Equal(line, ApiHelpers.Text(sender[member])));
        Assert.Equal(url, sender["avatar"]!.GetValue<string>());
        Assert.Equal(metadata["k"], sender["metadata"]!["k"]!.GetValue<string>());
        Assert.Equal([1], ApiHelpers.Numbers(await client.CallAsync(HttpMethod.Get, $"v1/senders?externalId={Uri.EscapeDataString(line)}")));
        Assert.Equal([1], ApiHelpers.Numbers(await client.CallAsync(HttpMethod.Get, $"v1/senders?identifier={Uri.EscapeDataString(line)}")));
        string[] all = ["name", "externalId", "identifier", "email", "phoneNumber", "avatar", "metadata"];
        var over = line + "x";
        var tooLong = new { entity = "user", name = over, externalId = over, identifier = over, email = over, phoneNumber = over, avatar = url + "x", metadata = ApiHelpers.JsonOf(32_769) };
        await client.RefusedAsync(HttpMethod.Post, "v1/senders", tooLong, 422, "invalid_fields", all);
        await client.RefusedAsync(HttpMethod.Patch, "v1/senders/1", tooLong, 422, "invalid_fields", all);
        var empty = new { entity = "user", name = "", externalId = "", identifier = "", email = "", phoneNumber = "", avatar = "", metadata = "" };
        await client.RefusedAsync(HttpMethod.Post, "v1/senders", empty, 422, "invalid_fields", all);
        await client.RefusedAsync(HttpMethod.Patch, "v1/senders/1", empty, 422, "invalid_fields", all);
        Assert.True(JsonNode.DeepEquals(sender, await client.CallAsync(HttpMethod.Get, "v1/senders/1")));
    }

    [Fact]
    public async Task Invalid_fields_are_named()
    {
        var wrong = new { entity = "human", name = 5, externalId = true, identifier = new { }, email = 5, phoneNumber = 5, avatar = "ftp://example.com", blocked = "no", metadata = 5 };
        string[] names = ["entity", "name", "externalId", "identifier", "email", "phoneNumber", "avatar", "blocked", "metadata"];
        var path = $"v1/senders/{(await parley.Client.NewSenderAsync(new { entity = "user" }))["id"]}";

        await parley.Client.RefusedAsync(HttpMethod.Post, "v1/senders", wrong, 422, "invalid_fields", names);
        await parley.Client.RefusedAsync(HttpMethod.Patch, path, wrong, 422, "invalid_fields", names);
        await parley.Client.RefusedAsync(HttpMethod.Post, "v1/senders", new { name = "x" }, 422, "invalid_fields", "entity");
        await parley.Client.RefusedAsync(HttpMethod.Post, "v1/senders", new { entity = (string?)null }, 422, "invalid_fields", "entity");
        await parley.Client.RefusedAsync(HttpMethod.Post, "v1/senders", "text", 400, "malformed_json");
        await parley.Client.RefusedAsync(HttpMethod.Patch, path, "text", 400, "malformed_json");
        using var text = new StringContent("{\"entity\":\"user\"}", Encoding.UTF8, "text/plain");
        using var unsupported = await parley.Client.PostAsync("v1/senders", text);
        await unsupported.AssertProblemAsync(415, "unsupported_media_type");
        using var large = new StringContent($"{{\"entity\":\"user\",\"x\":\"{new string('x', 300_000)}\"}}", Encoding.UTF8, "application/json");
        using var tooLarge = await parley.Client.PostAsync("v1/senders", large);
        await tooLarge.AssertProblemAsync(413, "body_too_large");
    }

    [Fact]
    public async Task An_external_id_and_an_identifier_are_unique()
    {
        var client = await parley.NewTenantClientAsync("Unique");
        var other = await parley.NewTenantClientAsync("Other");
        await client.NewSenderAsync(new { entity = "user", externalId = "x", identifier = "i" });
        await client.NewSenderAsync(new { entity = "user" });
        foreach (var body in new object[] { new { entity = "agent", externalId = "x" }, new { entity = "agent", identifier = "i" }, new { entity = "agent", externalId = "y", identifier = "i" } })
        {
            await client.RefusedAsync(HttpMethod.Post, "v1/senders", body, 409, "sender_exists");
            await client.RefusedAsync(HttpMethod.Patch, "v1/senders/2", body, 409, "sender_exists");
        }

        // External ids and identifiers are separate, case-sensitive, and separate for each tenant.
        await client.NewSenderAsync(new { entity = "user", externalId = "i", identifier = "x" });
        await client.NewSenderAsync(new { entity = "user", externalId = "X", identifier = "I" });
        await other.NewSenderAsync(new { entity = "user", externalId = "x", identifier = "i" });
        var second = await client.CallAsync(HttpMethod.Get, "v1/senders/2");
        Assert.Null(second["externalId"]);
        Assert.Equal("user", second["entity"]!.GetValue<string>());
        Assert.Equal([4, 3, 2, 1], ApiHelpers.Numbers(await client.CallAsync(HttpMethod.Get, "v1/senders")));
    }

    [Theory]
    [InlineData("externalId")]
    [InlineData("identifier")]
    public async Task Of_concurrent_creations_exactly_one_succeeds(string field)
    {
        var client = await parley.NewTenantClientAsync("At once");
        var responses = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => client.SendJsonAsync(
            HttpMethod.Post, "v1/senders", new Dictionary<string, string> { ["entity"] = "user", ["name"] = $"{i}", [field] = "same" })));
        var winner = await Assert.Single(responses, response => response.StatusCode == HttpStatusCode.Created).ReadAsync(HttpStatusCode.Created);
        foreach (var loser in responses.Where(response => response.StatusCode != HttpStatusCode.Created))
        {
            await loser.AssertProblemAsync(409, "sender_exists");
        }

        var found = await client.CallAsync(HttpMethod.Get, $"v1/senders?{field}=same");
        Assert.True(JsonNode.DeepEquals(winner, Assert.Single(found["results"]!.AsArray())));
        Assert.Single((await client.CallAsync(HttpMethod.Get, "v1/senders"))["results"]!.AsArray());
        Array.ForEach(responses, response => response.Dispose());
    }

    [Fact]
    public async Task A_change_keeps_absent_fields_and_null_clears()
    {
        var client = await parley.NewTenantClientAsync("Change");
        var created = await client.NewSenderAsync(new
        {
            entity = "external_user",
            name = "Ana",
            externalId = "x",
            identifier = "i",
            email = "e",
            phoneNumber = "p",
            avatar = "https://example.com/a",
            blocked = true,
            metadata = new { a = 1 },
        });
        using var response = await client.SendJsonAsync(HttpMethod.Patch, $"v1/senders/{created["id"]}", new { name = "Ana 2", phone_number = "q" });
        var changed = await response.ReadAsync();

        Assert.Equal("\"2\"", response.Headers.ETag!.Tag);
        Assert.Equal("Ana 2", changed["name"]!.GetValue<string>());
        Assert.Equal("q", changed["phoneNumber"]!.GetValue<string>());
        Assert.True(ApiHelpers.Time(changed["updatedAt"]) >= ApiHelpers.Time(created["updatedAt"]));
        Assert.All(
            new[] { "id", "number", "entity", "externalId", "identifier", "avatar", "email", "blocked", "metadata", "createdAt" },
            member => Assert.Equal(created[member]!.ToJsonString(), changed[member]!.ToJsonString()));

        var cleared = await client.CallAsync(HttpMethod.Patch, "v1/senders/1", new
        {
            name = (string?)null,
            externalId = (string?)null,
            identifier = (string?)null,
            email = (string?)null,
            phoneNumber = (string?)null,
            avatar = (string?)null,
            metadata = (object?)null,
        });
        Assert.All(new[] { "name", "externalId", "identifier", "avatar", "email", "phoneNumber", "metadata" }, member => Assert.Null(cleared[member]));
        Assert.Equal("external_user", cleared["entity"]!.GetValue<string>());
        Assert.True(cleared["blocked"]!.GetValue<bool>());
        var last = await client.CallAsync(HttpMethod.Patch, "v1/senders/1", new { blocked = false, entity = "squad" });
        Assert.False(last["blocked"]!.GetValue<bool>());
        Assert.Equal("squad", last["entity"]!.GetValue<string>());
        Assert.True(JsonNode.DeepEquals(last, await client.CallAsync(HttpMethod.Get, "v1/senders/1")));
    }

    [Fact]
    public async Task A_change_releases_and_reserves_unique_values()
    {
        var client = await parley.NewTenantClientAsync("Frees");
        await client.NewSenderAsync(new { entity = "user", identifier = "a", externalId = "x" });
        await client.NewSenderAsync(new { entity = "user", identifier = "b" });

        // A sender does not conflict with its own values.
        await client.CallAsync(HttpMethod.Patch, "v1/senders/1", new { identifier = "a", externalId = "x" });
        await client.CallAsync(HttpMethod.Patch, "v1/senders/1", new { identifier = "c", externalId = (string?)null });
        await client.CallAsync(HttpMethod.Patch, "v1/senders/2", new { identifier = "a", externalId = "x" });
        Assert.Equal([1], await FindAsync("identifier=c"));
        Assert.Equal([2], await FindAsync("identifier=a"));
        Assert.Equal([2], await FindAsync("externalId=x"));
        Assert.Empty(await FindAsync("identifier=b"));
        var taker = await client.NewSenderAsync(new { entity = "user", identifier = "b" });
        await client.RefusedAsync(HttpMethod.Patch, "v1/senders/1", new { identifier = "a" }, 409, "sender_exists");

        Assert.Equal(3, taker["number"]!.GetValue<int>());
        Assert.Equal([1], await FindAsync("identifier=c"));
        Assert.Equal([3], await FindAsync("identifier=b"));

        async Task<List<int>> FindAsync(string query) => ApiHelpers.Numbers(await client.CallAsync(HttpMethod.Get, $"v1/senders?{query}"));
    }

    [Theory]
    [InlineData("\"1\"", 200, "")]
    [InlineData("*", 200, "")]
    [InlineData("\"2\"", 412, "stale_revision")]
    [InlineData("W/\"1\"", 412, "stale_revision")]
    [InlineData("1", 400, "malformed_header")]
    public async Task If_match_guards_a_change(string ifMatch, int status, string code)
    {
        var created = await parley.Client.NewSenderAsync(new { entity = "user", name = "Old" });
        using var response = await parley.Client.SendJsonAsync(HttpMethod.Patch, $"v1/senders/{created["id"]}", new { name = "New" }, ("If-Match", ifMatch));
        if (status != 200)
        {
            await response.AssertProblemAsync(status, code);
        }

        Assert.Equal(status, (int)response.StatusCode);
        var read = await parley.Client.CallAsync(HttpMethod.Get, $"v1/senders/{created["id"]}");
        Assert.Equal(status == 200 ? "New" : "Old", read["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task The_list_is_newest_first_in_both_directions()
    {
        var client = await parley.NewTenantClientAsync("List");
        Assert.Equal("""{"next":null,"previous":null,"results":[]}""", (await client.CallAsync(HttpMethod.Get, "v1/senders")).ToJsonString());
        for (var i = 1; i <= 5; i++)
        {
            await client.NewSenderAsync(new { entity = "user", name = $"{i}" });
        }

        foreach (var pageSize in new[] { 1, 2, 4, 5, 100 })
        {
            Assert.Equal([5, 4, 3, 2, 1], await client.WalkBothWaysAsync($"v1/senders?pageSize={pageSize}"));
        }

        var page = await client.CallAsync(HttpMethod.Get, "v1/senders?pageSize=1");
        Assert.True(JsonNode.DeepEquals(await client.CallAsync(HttpMethod.Get, "v1/senders/5"), Assert.Single(page["results"]!.AsArray())));
    }

    [Fact]
    public async Task The_default_page_size_is_twenty()
    {
        var client = await parley.NewTenantClientAsync("Twenty");
        for (var i = 0; i < 21; i++)
        {
            await client.NewSenderAsync(new { entity = "user" });
        }

        Assert.Equal(Enumerable.Range(2, 20).Reverse(), ApiHelpers.Numbers(await client.CallAsync(HttpMethod.Get, "v1/senders")));
        Assert.Equal(21, ApiHelpers.Numbers(await client.CallAsync(HttpMethod.Get, "v1/senders?pageSize=100")).Count);
    }

    [Theory]
    [InlineData("pageSize=0", "pageSize")]
    [InlineData("pageSize=101", "pageSize")]
    [InlineData("pageSize=x", "pageSize")]
    [InlineData("identifier=a%00b", "identifier")]
    [InlineData("externalId=a%00b&pageSize=-1", "externalId", "pageSize")]
    public async Task Invalid_parameters_are_named(string query, params string[] fields)
    {
        await parley.Client.RefusedAsync(HttpMethod.Get, $"v1/senders?{query}", null, 422, "invalid_fields", fields);
        await parley.Client.RefusedAsync(HttpMethod.Get, $"v1/senders?{query}&identifier={new string('x', 251)}", null, 422, "invalid_fields", [.. fields.Union(["identifier"])]);
    }

    [Theory]
    [InlineData("identifier=&externalId=", "identifier", "externalId")]
    [InlineData("externalId[]=y", "externalId")]
    [InlineData("identifier[0]=y&pageSize[]=5", "identifier", "pageSize")]
    public async Task A_filter_without_a_value_is_refused(string query, params string[] fields) =>
        await parley.Client.RefusedAsync(HttpMethod.Get, $"v1/senders?{query}", null, 422, "invalid_fields", fields);

    [Fact]
    public async Task Filters_find_one_or_nothing()
    {
        var client = await parley.NewTenantClientAsync("Filters");
        await client.NewSenderAsync(new { entity = "user", externalId = "x+1 é", identifier = "i&1" });
        await client.NewSenderAsync(new { entity = "user", externalId = "y" });
        foreach (var (query, expected) in new (string, int[])[]
        {
            ("externalId=x%2B1%20%C3%A9", [1]),
            ("identifier=i%261", [1]),
            ("externalId=x%2B1%20%C3%A9&identifier=i%261", [1]),
            ("externalId=y&identifier=i%261", []),
            ("externalId=y", [2]),
            ("externalId=Y", []),
            ("identifier=y", []),
        })
        {
            var page = await client.CallAsync(HttpMethod.Get, $"v1/senders?{query}");
            Assert.Equal(expected, ApiHelpers.Numbers(page));
            Assert.Null(page["next"]);
            Assert.Null(page["previous"]);
        }
    }

    [Fact]
    public async Task A_cursor_is_valid_for_one_tenant_and_one_list()
    {
        var client = await parley.NewTenantClientAsync("Cursor");
        var other = await parley.NewTenantClientAsync("Other cursor");
        foreach (var tenant in new[] { client, client, client, other, other, other })
        {
            await tenant.NewSenderAsync(new { entity = "user" });
        }

        var next = (await client.CallAsync(HttpMethod.Get, "v1/senders?pageSize=1"))["next"]!.GetValue<string>();
        var cursor = next[(next.LastIndexOf("cursor=", StringComparison.Ordinal) + 7)..];
        await other.RefusedAsync(HttpMethod.Get, next, null, 400, "invalid_cursor");
        await client.RefusedAsync(HttpMethod.Get, ApiHelpers.Altered(next), null, 400, "invalid_cursor");
        await client.RefusedAsync(HttpMethod.Get, "v1/senders?cursor=x", null, 400, "invalid_cursor");
        await client.RefusedAsync(HttpMethod.Get, $"v1/senders?cursor={cursor[..^1]}", null, 400, "invalid_cursor");
        await client.RefusedAsync(HttpMethod.Get, $"v1/conversations?cursor={cursor}", null, 400, "invalid_cursor");
        Assert.Equal([2], ApiHelpers.Numbers(await client.CallAsync(HttpMethod.Get, next)));
    }

    [Theory]
    [InlineData("externalId")]
    [InlineData("identifier")]
    public async Task Of_concurrent_changes_exactly_one_reserves_the_value(string field)
    {
        var client = await parley.NewTenantClientAsync("Changes at once");
        for (var i = 0; i < 6; i++)
        {
            await client.NewSenderAsync(new { entity = "user" });
        }

        var responses = await Task.WhenAll(Enumerable.Range(1, 6).Select(number => client.SendJsonAsync(
            HttpMethod.Patch, $"v1/senders/{number}", new Dictionary<string, string> { [field] = "same" })));
        var winner = await Assert.Single(responses, response => response.IsSuccessStatusCode).ReadAsync();
        foreach (var loser in responses.Where(response => !response.IsSuccessStatusCode))
        {
            await loser.AssertProblemAsync(409, "sender_exists");
        }

        Assert.Equal([winner["number"]!.GetValue<int>()], ApiHelpers.Numbers(await client.CallAsync(HttpMethod.Get, $"v1/senders?{field}=same")));
        Assert.Single((await client.CallAsync(HttpMethod.Get, "v1/senders"))["results"]!.AsArray(), sender => ApiHelpers.Text(sender![field]) == "same");
        Array.ForEach(responses, response => response.Dispose());
    }

    [Fact]
    public async Task Another_tenant_has_no_access()
    {
        var client = await parley.NewTenantClientAsync("Own");
        var other = await parley.NewTenantClientAsync("Other");
        var uuid = (await client.NewSenderAsync(new { entity = "user", name = "Own", identifier = "i", externalId = "x" }))["id"]!.GetValue<string>();
        foreach (var id in new[] { uuid, "1", "99", "0", "-1", "01", "99999999999", "nonsense", ApiHelpers.UnknownUuid })
        {
            await other.RefusedAsync(HttpMethod.Get, $"v1/senders/{id}", null, 404, "sender_not_found");
            await other.RefusedAsync(HttpMethod.Patch, $"v1/senders/{id}", new { name = "Taken" }, 404, "sender_not_found");
        }

        foreach (var query in new[] { "", "?identifier=i", "?externalId=x" })
        {
            Assert.Empty((await other.CallAsync(HttpMethod.Get, $"v1/senders{query}"))["results"]!.AsArray());
        }

        Assert.Equal("Own", (await client.CallAsync(HttpMethod.Get, "v1/senders/1"))["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task Keys_and_scopes_are_checked()
    {
        var (reader, writer) = (await parley.NewClientWithScopeAsync("messages:read"), await parley.NewClientWithScopeAsync("messages:write"));
        var unauthenticated = parley.NewClient(token: null);
        foreach (var (method, path, wrongScope) in new[]
        {
            (HttpMethod.Post, "v1/senders", reader), (HttpMethod.Patch, "v1/senders/1", reader), (HttpMethod.Get, "v1/senders", writer), (HttpMethod.Get, "v1/senders/1", writer),
        })
        {
            await unauthenticated.RefusedAsync(method, path, method == HttpMethod.Get ? null : "text", 401, "unauthenticated");
            await wrongScope.RefusedAsync(method, path, method == HttpMethod.Get ? null : "text", 403, "scope_missing");
        }

        await writer.NewSenderAsync(new { entity = "user" });
        await reader.RefusedAsync(HttpMethod.Get, "v1/senders/1", null, 404, "sender_not_found");
    }
}
