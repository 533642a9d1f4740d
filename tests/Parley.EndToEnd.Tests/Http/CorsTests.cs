using System.Net;
using Parley.DevHost;
using Parley.EndToEnd.Tests.MaiAgent;
using Parley.Testing;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.EndToEnd.Tests.Http;

/// <summary>Pages of other origins, and links behind a gateway: a host with both settings.</summary>
public class CorsTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const string Allowed = "https://app.example.com";
    private const string Gateway = "https://api.example.com";

    [Fact]
    public async Task Every_answer_tells_whether_a_page_may_read_it()
    {
        if (parley.RunsElsewhere)
        {
            return; // A host that runs elsewhere has its own settings.
        }

        var (client, paths) = await EveryResource.CreateAsync(parley);
        await using var host = await StartAsync();
        using var raw = client.Streaming(host.Api);
        var chatbot = paths["/v1/chatbots/{id}"];
        (HttpMethod Method, string Path, object? Body, string? Tags, int Status)[] calls =
        [
            .. paths.Values.Select(path => (HttpMethod.Get, path, (object?)null, (string?)null, 200)),
            .. paths.Values.Select(path => (HttpMethod.Head, path, (object?)null, (string?)null, 200)),
            .. paths.Values.Select(path => (HttpMethod.Get, path, (object?)null, (string?)"*", 304)),
            (HttpMethod.Post, "v1/conversations", new { }, null, 201),
            (HttpMethod.Patch, chatbot, new { name = "x" }, "*", 412),
            (HttpMethod.Post, $"{chatbot}/completions", new { message = new { content = "Hello" }, isStreaming = true }, null, 200),
            (HttpMethod.Post, $"{chatbot}/completions", new { message = new { content = "/fail refused" } }, null, 422),
            (HttpMethod.Post, "v1/admin/tenants", new { name = "x" }, null, 401),
            (HttpMethod.Get, "v1/conversations/999999", null, null, 404),
            (HttpMethod.Get, "v1/nothing", null, null, 404),
            (HttpMethod.Delete, "v1/conversations", null, null, 405),
            (HttpMethod.Options, "v1/conversations", null, null, 405),
            (HttpMethod.Post, "v1/conversations", null, null, 400),
        ];
        foreach (var origin in new[] { Allowed, "capacitor://localhost", "https://APP.example.com", "https://app.example.com:444", "http://app.example.com", "null", null })
        {
            var isAllowed = origin is Allowed or "capacitor://localhost";

            // Origins that differ from an allowed one in one part only are told apart in one place, before the paths are.
            foreach (var (method, path, body, tags, status) in isAllowed || origin is null ? calls : calls[^10..])
            {
                (string, string)[] headers = [.. origin is null ? [] : new[] { ("Origin", origin) }, .. tags is null ? [] : new[] { ("If-None-Match", tags) }];
                using var response = await raw.SendJsonAsync(method, path, body, headers);

                Assert.True(status == (int)response.StatusCode, $"{method} {path}: {(int)response.StatusCode}");
                Assert.Equal(["Origin"], response.Headers.Vary);
                Assert.Equal(isAllowed ? origin : null, Header(response, "Access-Control-Allow-Origin"));
                Assert.Equal(isAllowed, Header(response, "Access-Control-Expose-Headers") is not null);
                Assert.Null(Header(response, "Access-Control-Allow-Credentials"));
            }
        }
    }

    [Fact]
    public async Task A_preflight_request_is_answered_without_a_key_for_every_path()
    {
        if (parley.RunsElsewhere)
        {
            return; // A host that runs elsewhere has its own settings.
        }

        await using var host = await StartAsync();
        var client = parley.NewClient(token: null, host.Api);
        foreach (var path in OpenApiContract.Document.Operations.GroupBy(one => one.Path, one => one.Method))
        {
            var address = path.Key[1..].Replace("{id}", "1", StringComparison.Ordinal).Replace("{messageId}", "1", StringComparison.Ordinal).Replace("{recordId}", "1", StringComparison.Ordinal);
            using var response = await PreflightAsync(client, address, Allowed);
            var methods = Header(response, "Access-Control-Allow-Methods")!.Split(", ");

            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
            Assert.Equal(Allowed, Header(response, "Access-Control-Allow-Origin"));
            Assert.Subset(methods.ToHashSet(), path.ToHashSet());
            Assert.Equal(methods.Contains("GET"), methods.Contains("HEAD"));
            Assert.Equal("7200", Header(response, "Access-Control-Max-Age"));
            Assert.Empty(await response.Content.ReadAsByteArrayAsync());

            using var other = await PreflightAsync(client, address, "https://other.example.com");
            await other.AssertProblemAsync(405, "method_not_allowed");
            Assert.Null(Header(other, "Access-Control-Allow-Origin"));
            using var without = await PreflightAsync(parley.NewClient(token: null), address, Allowed);
            await without.AssertProblemAsync(405, "method_not_allowed");
            Assert.Null(Header(without, "Access-Control-Allow-Origin"));
            Assert.Empty(without.Headers.Vary);
        }

        using var unknown = await PreflightAsync(client, "v1/nothing", Allowed);
        await unknown.AssertProblemAsync(404, "route_not_found");
        Assert.Equal(Allowed, Header(unknown, "Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Links_lead_to_the_gateway()
    {
        if (parley.RunsElsewhere)
        {
            return; // A host that runs elsewhere has its own settings.
        }

        var tenant = await parley.CreateTenantAsync("Behind a gateway");
        await using var host = await StartAsync();
        var client = parley.NewClient(tenant.ApiKey, host.Api);
        client.DefaultRequestHeaders.Add("X-Forwarded-Proto", "http");
        using var created = await client.SendJsonAsync(HttpMethod.Post, "v1/conversations", new { });
        await client.NewConversationAsync();
        await client.PostAsync(1, "x");
        var list = await client.CallAsync(HttpMethod.Get, "v1/conversations?pageSize=1");
        var messages = await client.ListAsync(1);

        Assert.StartsWith($"{Gateway}/api/v1/conversations/", created.Headers.Location!.ToString(), StringComparison.Ordinal);
        Assert.StartsWith($"{Gateway}/api/v1/conversations?pageSize=1&cursor=", ApiHelpers.Text(list["next"]), StringComparison.Ordinal);
        Assert.Equal($"{Gateway}/api/v1/conversations/1/messages?page=1", ApiHelpers.Text(messages["links"]!["first"]));
        Assert.Equal($"{Gateway}/api/v1/conversations/1/messages", ApiHelpers.Text(messages["meta"]!["path"]));
    }

    private static async Task<FunctionsHost> StartAsync() => await TestHost.StartAsync(new Dictionary<string, string?>
    {
        ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(),
        ["Cors__AllowedOrigins"] = $"{Allowed}, capacitor://localhost",
        ["Parley__PublicOrigin"] = Gateway,
    });

    private static Task<HttpResponseMessage> PreflightAsync(HttpClient client, string path, string origin) => client.SendJsonAsync(
        HttpMethod.Options, path, null, ("Origin", origin), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization,content-type"));

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join("|", values) : null;
}
