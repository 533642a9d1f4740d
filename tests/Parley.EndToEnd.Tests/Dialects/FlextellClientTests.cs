using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Dialects;

/// <summary>
/// A client of Flextell, written from docs.flextell.ai (api-reference/conversation, guides/making-requests,
/// guides/error-handling), does its work with a key of its dialect. It sends X-Tenant with Flextell's number.
/// </summary>
public class FlextellClientTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const string Conversations = "v1/conversations";

    [Fact]
    public async Task Conversations_are_created_listed_and_read()
    {
        using var client = await NewClientAsync();
        var url = $"{parley.Api}{Conversations}";

        VendorClient.AssertEqual(Page(url, [], page: 1, last: 1, perPage: 15, total: 0), await client.GetAsync(Conversations));

        var created = await client.PostAsync(
            Conversations,
            new { channel_id = 12, address = "+90 555 000 00 01", first_name = "Ayşe Nur", last_name = "Yılmaz" },
            201);
        var first = Conversation(1, "Ayşe Nur Yılmaz", "+90 555 000 00 01", 12, "12", Customer(1, "Ayşe Nur", "Yılmaz", "+90 555 000 00 01"));
        VendorClient.AssertEqual(new JsonObject { ["success"] = "true", ["data"] = first.DeepClone() }, created);

        await client.PostAsync(Conversations, new { channel_id = 7, address = "can@example.com", first_name = (string?)null, last_name = (string?)null }, 201);
        var second = Conversation(2, "can@example.com", "can@example.com", 7, "7", Customer(2, "can@example.com", null, null));
        await client.PostAsync(Conversations, new { channel_id = 12, address = "+90 555 000 00 01", first_name = "Ayşe" }, 201);
        var third = Conversation(3, "Ayşe Nur Yılmaz", "+90 555 000 00 01", 12, "12", Customer(1, "Ayşe Nur", "Yılmaz", "+90 555 000 00 01"));

        VendorClient.AssertEqual(
            Page(url, [third, second, first], page: 1, last: 1, perPage: 15, total: 3), await client.GetAsync(Conversations));
        VendorClient.AssertEqual(
            Page(url, [second], page: 2, last: 3, perPage: 1, total: 3, "per_page=1&"), await client.GetAsync($"{Conversations}?per_page=1&page=2"));
        VendorClient.AssertEqual(
            Page(url, [], page: 9, last: 1, perPage: 100, total: 3, "per_page=100&"), await client.GetAsync($"{Conversations}?per_page=100&page=9"));
        VendorClient.AssertEqual(new JsonObject { ["success"] = "true", ["data"] = second.DeepClone() }, await client.GetAsync($"{Conversations}/2"));
    }

    [Fact]
    public async Task A_conversation_shows_its_last_message_and_who_answers()
    {
        using var client = await NewClientAsync();
        await client.PostAsync(Conversations, new { channel_id = 12, address = "+90 555 000 00 02", first_name = "Ece" }, 201);
        await client.PostAsync("v1/messages", new { conversation = 1, content = "Merhaba" }, 201);
        var listed = (await client.GetAsync(Conversations))["data"]![0]!;
        var at = ApiHelpers.Text(listed["last_message_at"])!;
        ApiHelpers.Time(listed["last_message_at"]);
        var expected = Conversation(1, "Ece", "+90 555 000 00 02", 12, "12", Customer(1, "Ece", null, "+90 555 000 00 02"));
        expected["last_message_id"] = $"{Id(1, 1)}";
        expected["last_message"] = "Merhaba";
        expected["last_message_at"] = at;
        expected["last_message_type"] = "text";
        expected["last_message_is_customer"] = true;
        expected["unread_count"] = "1";
        VendorClient.AssertEqual(expected, listed);

        // A change of a conversation is not Flextell's, so it has Parley's form.
        var until = $"{TimeProvider.System.GetUtcNow().AddHours(1):yyyy-MM-ddTHH:mm}:00.000Z";
        var changed = await client.SendAsync(HttpMethod.Patch, $"{Conversations}/1", new { handedOffUntil = until });
        Assert.Equal(1, changed["number"]!.GetValue<int>());
        expected["agent_disabled"] = true;
        expected["agent_expires_at"] = until;
        VendorClient.AssertEqual(expected, (await client.GetAsync($"{Conversations}/1"))["data"]);
    }

    [Fact]
    public async Task Messages_are_paged_and_edited()
    {
        using var client = await NewClientAsync();
        await client.PostAsync(Conversations, new { channel_id = 12, address = "+90 555 000 00 03", first_name = "Deniz", last_name = "Kaya" }, 201);
        await client.PostAsync("v1/messages", new { conversation = 1, content = "Where is it?" }, 201);
        VendorClient.AssertEqual(
            new JsonObject
            {
                ["success"] = "true",
                ["data"] = new JsonObject { ["status"] = "sent", ["message_id"] = $"{Id(1, 2)}", ["conversation_id"] = "1" },
            },
            await client.PostAsync($"{Conversations}/1/messages", new { message = "On its way.", quoted_message_id = Id(1, 1) }));

        var page = await client.GetAsync($"{Conversations}/1/messages?per_page=1&page=2");
        var question = page["data"]![0]!;
        ApiHelpers.Time(question["created_at"]);
        VendorClient.AssertEqual(
            Message(1, ApiHelpers.Text(question["created_at"])!, "Where is it?", new() { ["user_name"] = "Deniz Kaya", ["is_customer"] = true }), question);
        VendorClient.AssertEqual(
            Page($"{parley.Api}{Conversations}/1/messages", [question.DeepClone().AsObject()], page: 2, last: 2, perPage: 1, total: 2, "per_page=1&"), page);

        var edited = await client.SendAsync(HttpMethod.Put, $"{Conversations}/1/messages/{Id(1, 2)}", new { message = "It arrives today." });
        Assert.Equal("true", ApiHelpers.Text(edited["success"]));
        var answer = edited["data"]!;
        ApiHelpers.Time(answer["created_at"]);
        VendorClient.AssertEqual(
            Message(2, ApiHelpers.Text(answer["created_at"])!, "It arrives today.", new()
            {
                ["user_id"] = 2,
                ["user_name"] = "Support desk",
                ["quoted_text"] = "Where is it?",
                ["is_edited"] = true,
                ["edited_by_user_name"] = "Support desk",
            }),
            answer);
        VendorClient.AssertEqual(answer, (await client.GetAsync($"{Conversations}/1/messages"))["data"]![0]);

        // The edited message of a customer has the contact's name too.
        edited = await client.SendAsync(HttpMethod.Put, $"{Conversations}/1/messages/{Id(1, 1)}", new { message = "Where is my order?" });
        Assert.Equal("Deniz Kaya", ApiHelpers.Text(edited["data"]!["user_name"]));

        VendorClient.AssertEqual(
            JsonNode.Parse("""{"success":"true","data":{"message":"The message is deleted."}}""")!,
            await client.SendAsync(HttpMethod.Delete, $"{Conversations}/1/messages/{Id(1, 2)}", null));
    }

    [Fact]
    public async Task Lists_are_searched()
    {
        using var client = await NewClientAsync();
        await client.PostAsync(Conversations, new { channel_id = 12, address = "+90 555 111", first_name = "Ayşe", last_name = "Yılmaz" }, 201);
        await client.PostAsync(Conversations, new { channel_id = 12, address = "Can@example.com", first_name = "Can" }, 201);
        using var parleys = new VendorClient(parley.Api, ("Authorization", $"Bearer {await NewKeyOfAsync(client, "parley")}"));
        await parleys.PostAsync(Conversations, new { channel = "whatsapp", address = "+90 555 222" }, 201);
        await parleys.PostAsync(Conversations, new { webChat = ApiHelpers.UnknownUuid, title = "Site" }, 201);

        foreach (var (query, numbers) in new (string, int[])[]
        {
            ("search=AY", [1]), ("search=maz", [1]), ("search=YILMAZ", []), ("search=EXAMPLE.com", [2]), ("search=555", [3, 1]), ("search=nobody", []),
            ("channel_type=whatsapp", [3]), ("channel_type=website", [4]), ("channel_type=telegram", []), ("channel_type=whatsapp&search=222", [3]),
            ("search=", [4, 3, 2, 1]), ("channel_type=&per_page=&page=", [4, 3, 2, 1]), ("search=555&per_page=1&page=2", [1]),
        })
        {
            var found = await client.GetAsync($"{Conversations}?{query}");
            Assert.Equal(numbers, found["data"]!.AsArray().Select(one => one!["id"]!.GetValue<int>()));
        }

        var named = (await client.GetAsync($"{Conversations}?search=222"))["data"]![0]!["channel"]!;
        Assert.Equal("whatsapp", ApiHelpers.Text(named["name"]));
        Assert.Equal("whatsapp", ApiHelpers.Text(named["type"]));
        Assert.InRange(named["id"]!.GetValue<int>(), 1 << 30, int.MaxValue);
        var web = (await client.GetAsync($"{Conversations}/4"))["data"]!;
        Assert.Equal("Site", ApiHelpers.Text(web["display_name"]));
        Assert.Equal("website", ApiHelpers.Text(web["channel"]!["type"]));
        Assert.Null(web["customer"]);
        await RefusedAsync(client, $"{Conversations}?channel_type=email&search={new string('x', 256)}", "channel_type", "search");
    }

    /// <summary>Rows C22, C25 and C26.</summary>
    [Fact]
    public async Task Invalid_fields_are_named()
    {
        using var client = await NewClientAsync();
        await client.PostAsync(Conversations, new { channel_id = "12", address = new string('a', 255), first_name = new string('f', 255), last_name = new string('l', 255) }, 201);

        foreach (var (body, fields) in new (object, string[])[]
        {
            (new { }, ["address", "channel_id"]),
            (new { channel_id = 0, address = "" }, ["address", "channel_id"]),
            (new { channel_id = "twelve", address = " \n" }, ["address", "channel_id"]),
            (new { channel_id = 1 << 30, address = new string('a', 256) }, ["address", "channel_id"]),
            (new { channel_id = ApiHelpers.UnknownUuid, address = 5, first_name = new string('f', 256), last_name = 1 }, ["address", "channel_id", "first_name", "last_name"]),
        })
        {
            await RefusedAsync(client, HttpMethod.Post, Conversations, body, fields);
        }

        foreach (var text in new[] { " ", "\t\r\n", "\u00A0\u2003", "" })
        {
            await RefusedAsync(client, HttpMethod.Post, $"{Conversations}/1/messages", new { message = text }, ["message"]);
        }

        foreach (var query in new[] { "per_page[]=5", "per_page=101", "per_page=0", "per_page=x" })
        {
            await RefusedAsync(client, $"{Conversations}?{query}", "per_page");
            await RefusedAsync(client, $"{Conversations}/1/messages?{query}", "per_page");
        }

        await RefusedAsync(client, $"{Conversations}?page=0&search[]=x", "page", "search");
    }

    /// <summary>Row C23.</summary>
    [Fact]
    public async Task Errors_have_the_documented_codes()
    {
        var (tenant, key) = await VendorClient.NewKeyAsync(parley, "flextell");
        using var client = new VendorClient(parley.Api, ("Authorization", $"Bearer {key}"));
        using var stranger = VendorClient.Unknown(parley.Api, "Bearer unknown");
        using var anonymous = VendorClient.Unknown(parley.Api, authorization: null);
        using var reader = new VendorClient(
            parley.Api, ("Authorization", $"Bearer {(await VendorClient.NewKeyAsync(parley, "flextell", ["messages:read"])).Key}"));
        await AssertProblemAsync(stranger.GetAsync(Conversations, 401), "invalid_token", "The API key is not valid.");
        await AssertProblemAsync(
            anonymous.GetAsync(Conversations, 401), "invalid_token", "Send an API key or an access token: 'Authorization: Bearer <key>'.");
        await AssertProblemAsync(client.GetAsync($"{Conversations}/9", 404), "not_found", "There is no such conversation.");
        await AssertProblemAsync(client.GetAsync("v1/messages/9", 404), "not_found", "There is no such message.");
        await AssertProblemAsync(
            reader.PostAsync(Conversations, new { channel_id = 1, address = "a" }, 403), "insufficient_scope", "The caller lacks the scope messages:write.");
        var parsed = await client.PostAsync(Conversations, new[] { 1 }, 400);
        Assert.Equal("invalid_request", ApiHelpers.Text(parsed["error"]));

        // A key that was replaced is known, so that its dialect is known without X-Tenant.
        var admin = parley.NewClient(parley.AdminKey);
        var created = await admin.CallAsync(
            HttpMethod.Post, $"v1/admin/tenants/{tenant}/keys", new { label = "Old", scopes = new[] { "messages:read" }, dialect = "flextell" }, HttpStatusCode.Created);
        await admin.CallAsync(HttpMethod.Post, $"v1/admin/tenants/{tenant}/keys/{created["id"]}/rotate", new { overlapSeconds = 0 }, HttpStatusCode.Created);
        using var late = new VendorClient(parley.Api, ("Authorization", $"Bearer {created["key"]}"));
        await AssertProblemAsync(late.GetAsync(Conversations, 401), "invalid_token", "The API key is not valid.");
    }

    [Theory]
    [InlineData("4711")]
    [InlineData("1.0")]
    [InlineData("1e0")]
    [InlineData("10E-1")]
    [InlineData("\"1\"")]
    public async Task X_Tenant_is_a_number_in_any_spelling(string tenant)
    {
        var (_, key) = await VendorClient.NewKeyAsync(parley, "flextell");
        using var client = new VendorClient(parley.Api, ("Authorization", $"Bearer {key}"), ("X-Tenant", tenant));

        Assert.Empty((await client.GetAsync(Conversations))["data"]!.AsArray());
    }

    [Theory]
    [InlineData("one")]
    [InlineData("1.5")]
    [InlineData("15e-1")]
    [InlineData("-1")]
    [InlineData("\"1")]
    public async Task X_Tenant_is_nothing_else(string tenant)
    {
        var (_, key) = await VendorClient.NewKeyAsync(parley, "flextell");
        using var client = new VendorClient(parley.Api, ("Authorization", $"Bearer {key}"), ("X-Tenant", tenant));

        await RefusedAsync(client, Conversations, "X-Tenant");
    }

    private async Task<VendorClient> NewClientAsync()
    {
        var (_, key) = await VendorClient.NewKeyAsync(parley, "flextell");
        return new VendorClient(
            parley.Api, ("Authorization", $"Bearer {key}"), ("Accept", "application/json"), ("X-Tenant", "4711"));
    }

    /// <summary>A key of the same tenant for a program of another kind.</summary>
    private static async Task<string> NewKeyOfAsync(VendorClient client, string dialect) => ApiHelpers.Text((await client.PostAsync(
        "v1/keys", new { label = "Channels", scopes = new[] { "messages:write" }, dialect }, 201))["key"])!;

    private static Task RefusedAsync(VendorClient client, string path, params string[] fields) =>
        RefusedAsync(client, HttpMethod.Get, path, null, fields);

    private static async Task RefusedAsync(VendorClient client, HttpMethod method, string path, object? body, string[] fields)
    {
        var problem = await client.SendAsync(method, path, body, 422);
        Assert.Equal("validation_error", ApiHelpers.Text(problem["error"]));
        Assert.Equal(fields, problem["errors"]!.AsObject().Select(field => field.Key));
        Assert.All(fields, field => Assert.Contains($"'{field}'", ApiHelpers.Text(problem["message"])!, StringComparison.Ordinal));
    }

    private static async Task AssertProblemAsync(Task<JsonNode> response, string code, string message)
    {
        var problem = await response;
        VendorClient.AssertEqual(
            new JsonObject { ["error"] = code, ["message"] = message, ["errors"] = null, ["traceId"] = ApiHelpers.Text(problem["traceId"]) }, problem);
        Assert.Matches("^[0-9a-f]{32}$", ApiHelpers.Text(problem["traceId"])!);
    }

    /// <summary>The integer id of a message.</summary>
    private static long Id(long conversation, long number) => conversation * 4_194_304 + number;

    private static JsonObject Conversation(int id, string name, string address, int channel, string channelName, JsonObject customer) => new()
    {
        ["id"] = id,
        ["display_name"] = name,
        ["address"] = address,
        ["last_message_id"] = null,
        ["last_message"] = null,
        ["last_message_at"] = null,
        ["last_message_type"] = null,
        ["last_message_is_customer"] = null,
        ["unread_count"] = "0",
        ["agent_disabled"] = false,
        ["agent_expires_at"] = null,
        ["agent_disabled_by_user_name"] = null,
        ["customer"] = customer,
        ["channel"] = new JsonObject { ["id"] = channel, ["name"] = channelName, ["type"] = channelName, ["address"] = null },
        ["blacklist"] = null,
    };

    private static JsonObject Customer(int id, string first, string? last, string? phone) => new()
    {
        ["id"] = id,
        ["first_name"] = first,
        ["last_name"] = last,
        ["phone_number"] = phone,
        ["avatar_url"] = null,
    };

    private static JsonObject Message(long number, string createdAt, string text, Dictionary<string, JsonNode?> others)
    {
        var message = new JsonObject
        {
            ["id"] = Id(1, number),
            ["conversation_id"] = 1,
            ["user_id"] = null,
            ["user_name"] = null,
            ["is_customer"] = false,
            ["message_type"] = "text",
            ["message"] = text,
            ["quoted_text"] = null,
            ["is_deleted"] = false,
            ["is_edited"] = false,
            ["edited_by_user_name"] = null,
            ["deleted_by_user_name"] = null,
            ["read_at"] = null,
            ["metadata"] = null,
            ["created_at"] = createdAt,
            ["file"] = null,
            ["file_temporary_url"] = null,
        };
        foreach (var (name, value) in others)
        {
            message[name] = value;
        }

        return message;
    }

    /// <summary>Laravel's paginator, of at most 13 pages.</summary>
    private static JsonObject Page(string url, JsonObject[] data, int page, int last, int perPage, int total, string query = "")
    {
        JsonNode? Url(int number) => $"{url}?{query}page={number}";
        var (previous, next) = (page > 1 ? Url(page - 1) : null, page < last ? Url(page + 1) : null);
        int? from = data.Length > 0 ? (page - 1) * perPage + 1 : null;
        JsonObject Link(JsonNode? link, string label, bool active) => new() { ["url"] = link?.DeepClone(), ["label"] = label, ["active"] = active };
        return new JsonObject
        {
            ["data"] = new JsonArray([.. data.Select(one => one.DeepClone())]),
            ["links"] = new JsonObject { ["first"] = Url(1), ["last"] = Url(last), ["prev"] = previous?.DeepClone(), ["next"] = next?.DeepClone() },
            ["meta"] = new JsonObject
            {
                ["current_page"] = page,
                ["from"] = from,
                ["last_page"] = last,
                ["links"] = new JsonArray(
                [
                    Link(previous, "&laquo; Previous", false),
                    .. Enumerable.Range(1, last).Select(number => Link(Url(number), $"{number}", number == page)),
                    Link(next, "Next &raquo;", false),
                ]),
                ["path"] = url,
                ["per_page"] = perPage,
                ["to"] = from + data.Length - 1,
                ["total"] = total,
            },
        };
    }
}
