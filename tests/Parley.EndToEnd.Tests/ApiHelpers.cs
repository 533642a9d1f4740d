using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Parley.DevHost;
using Parley.Tenants;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests;

/// <summary>Requests and values for tests of conversations, senders and files.</summary>
internal static class ApiHelpers
{
    /// <summary>A UUID that names no entity.</summary>
    public const string UnknownUuid = "5b1f2a36-9d0a-4f5e-8a55-2f6f0a1b2c3d";

    /// <summary>Sends a request whose response must have this status, and returns the body.</summary>
    public static async Task<JsonNode> CallAsync(this HttpClient client, HttpMethod method, string path, object? body = null, HttpStatusCode status = HttpStatusCode.OK)
    {
        using var response = await client.SendJsonAsync(method, path, body);
        return await response.ReadAsync(status);
    }

    /// <summary>Sends a request that must be refused.</summary>
    public static async Task RefusedAsync(this HttpClient client, HttpMethod method, string path, object? body, int status, string code, params string[] fields)
    {
        using var response = await client.SendJsonAsync(method, path, body);
        await response.AssertProblemAsync(status, code, fields);
    }

    /// <summary>Creates a conversation and returns the response.</summary>
    public static Task<JsonNode> NewConversationAsync(this HttpClient client, object? body = null) =>
        client.CallAsync(HttpMethod.Post, "v1/conversations", body ?? new { }, HttpStatusCode.Created);

    /// <summary>Creates a sender and returns the response.</summary>
    public static Task<JsonNode> NewSenderAsync(this HttpClient client, object body) =>
        client.CallAsync(HttpMethod.Post, "v1/senders", body, HttpStatusCode.Created);

    /// <summary>Creates a chatbot and returns the response.</summary>
    public static Task<JsonNode> NewChatbotAsync(this HttpClient client, object? body = null) =>
        client.CallAsync(HttpMethod.Post, "v1/chatbots", body ?? new { name = "Bot" }, HttpStatusCode.Created);

    /// <summary>A client of a new tenant without conversations.</summary>
    public static async Task<HttpClient> NewTenantClientAsync(this ParleyFixture parley, string name) =>
        parley.NewClient((await parley.CreateTenantAsync(name)).ApiKey);

    /// <summary>A client of a new tenant whose key has only this scope.</summary>
    public static async Task<HttpClient> NewClientWithScopeAsync(this ParleyFixture parley, string scope) =>
        parley.NewClient(await parley.CreateKeyAsync((await parley.CreateTenantAsync("One scope")).Tenant, scope));

    /// <summary>
    /// A client of the fixture's tenant whose key has this dialect and all scopes. Every answer is validated against the
    /// dialect's OpenAPI document.
    /// </summary>
    public static Task<HttpClient> ClientOfAsync(this ParleyFixture parley, Dialect dialect) =>
        parley.ClientOfAsync(parley.Client, dialect);

    /// <summary>The same of a new tenant, which has nothing.</summary>
    public static async Task<HttpClient> NewTenantClientAsync(this ParleyFixture parley, Dialect dialect) =>
        await parley.ClientOfAsync(await parley.NewTenantClientAsync($"Clients of {dialect}"), dialect);

    /// <summary>A client of the same tenant and host as another client, with a key of this dialect.</summary>
    public static async Task<HttpClient> ClientOfAsync(this ParleyFixture parley, HttpClient tenant, Dialect dialect)
    {
        var body = new { label = dialect.ToString(), scopes = ScopeNames.All, dialect = dialect.Name() };
        var created = await tenant.CallAsync(HttpMethod.Post, "v1/keys", body, HttpStatusCode.Created);
        return parley.NewClient(Text(created["key"]), tenant.BaseAddress);
    }

    /// <summary>The text of a new key with these scopes.</summary>
    public static async Task<string> CreateKeyAsync(this ParleyFixture parley, long tenant, params string[] scopes) =>
        Text((await parley.NewClient(parley.AdminKey).CallAsync(
            HttpMethod.Post, $"v1/admin/tenants/{tenant}/keys", new { label = "Some scopes", scopes }, HttpStatusCode.Created))["key"])!;

    /// <summary>Starts another host on the fixture's storage, with a clock that the test advances.</summary>
    public static async Task<FunctionsHost> StartClockedAsync(ManualClock clock) => await TestHost.StartAsync(
        new Dictionary<string, string?> { ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(), ["Test__Clock"] = clock.Path });

    /// <summary>A time in the format of responses.</summary>
    public static DateTimeOffset Time(JsonNode? node)
    {
        var text = node!.GetValue<string>();
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", text);
        return DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
    }

    public static string? Text(JsonNode? node) => node?.GetValue<string>();

    /// <summary>The numbers of a page of conversations or senders.</summary>
    public static List<int> Numbers(JsonNode page) => [.. page["results"]!.AsArray().Select(item => item!["number"]!.GetValue<int>())];

    /// <summary>The message at this index of the first page of a conversation.</summary>
    public static async Task<JsonNode> MessageAsync(this HttpClient client, int conversation, int place = 0) =>
        (await client.ListAsync(conversation))["data"]![place]!;

    /// <summary>Walks a list to its end and back, and checks that both directions return the same pages.</summary>
    public static async Task<List<int>> WalkBothWaysAsync(this HttpClient client, string path)
    {
        var pages = new List<List<int>>();
        var page = await client.CallAsync(HttpMethod.Get, path);
        Assert.Null(page["previous"]);
        while (true)
        {
            pages.Add(Numbers(page));
            if (Text(page["next"]) is not { } next)
            {
                break;
            }

            Assert.StartsWith(client.BaseAddress!.ToString(), next, StringComparison.Ordinal);
            page = await client.CallAsync(HttpMethod.Get, next);
        }

        for (var i = pages.Count - 2; i >= 0; i--)
        {
            page = await client.CallAsync(HttpMethod.Get, Text(page["previous"])!);
            Assert.Equal(pages[i], Numbers(page));
            Assert.NotNull(page["next"]);
        }

        Assert.Null(page["previous"]);
        return [.. pages.SelectMany(numbers => numbers)];
    }

    /// <summary>The same cursor with one character changed.</summary>
    public static string Altered(string url)
    {
        var at = url.Length - 8;
        return string.Concat(url.AsSpan(0, at), url[at] == 'A' ? "B" : "A", url.AsSpan(at + 1));
    }

    /// <summary>An object whose compact JSON has this number of characters.</summary>
    public static Dictionary<string, string> JsonOf(int characters) => new() { ["k"] = new string('x', characters - "{\"k\":\"\"}".Length) };
}
