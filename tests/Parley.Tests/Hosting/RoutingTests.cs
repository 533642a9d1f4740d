using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.LocalHost;
using Xunit;

#pragma warning disable CA1822 // Functions are instance methods, whether they need their instance or not.

namespace Parley.Tests.Hosting;

/// <summary>Every function answers with its name and route values, so a test sees which one the host chose.</summary>
public sealed class RoutingTests : IAsyncLifetime
{
    private ParleyHost host = null!;
    private HttpClient http = null!;

    public async Task InitializeAsync()
    {
        host = await TestApp.StartAsync(typeof(Items), typeof(Others));
        http = host.NewClient();
    }

    public async Task DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
    }

    [Theory]
    // By name, the parameter's function sorts before the literal's: literals have no precedence.
    [InlineData("GET", "api/items/special", "AnyItem special")]
    // By name, the literal's function sorts first.
    [InlineData("GET", "api/pages/first", "APage first")]
    [InlineData("GET", "api/pages/second", "BPage second")]
    // The names' order ignores case: aardvark < Zebra, though 'a' > 'Z' as code points.
    [InlineData("GET", "api/animals", "aardvark")]
    // AnyItem takes GET alone, so other methods go on to the next function that matches.
    [InlineData("DELETE", "api/items/special", "SpecialItem")]
    [InlineData("POST", "api/items/special", "SpecialItem")]
    [InlineData("PATCH", "api/items/5", "ZzRest items/5")]
    [InlineData("HEAD", "api/items/5", "ZzRest")]
    [InlineData("OPTIONS", "api/items/5", "ZzRest items/5")]
    // Literals ignore case, values keep theirs; the prefix is a literal too.
    [InlineData("GET", "API/Items/AbC", "AnyItem AbC")]
    [InlineData("GET", "api/items/5/", "AnyItem 5")]
    [InlineData("GET", "api/items//5", "ZzRest items//5")]
    [InlineData("GET", "api/items", "ZzRest items")]
    [InlineData("GET", "api", "ZzRest ")]
    [InlineData("GET", "api/", "ZzRest ")]
    // An escaped slash is no separator and stays escaped; other escapes are decoded.
    [InlineData("GET", "api/items/a%2Fb", "AnyItem a%2Fb")]
    [InlineData("GET", "api/items/a%20b%C3%A4", "AnyItem a bä")]
    [InlineData("GET", "api/pairs/1/2", "Pair 2 1")]
    [InlineData("GET", "api/NoRoute", "NoRoute")]
    [InlineData("PUT", "api/noroute", "NoRoute")]
    public async Task The_first_function_by_name_whose_method_and_route_match_answers(string method, string path, string expected)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await http.SendAsync(request);
        Assert.Equal(200, (int)response.StatusCode);
        Assert.StartsWith(expected.Split(' ')[0], response.Headers.GetValues("X-Function").Single(), StringComparison.Ordinal);
        if (method != "HEAD")
        {
            Assert.Equal(expected, await response.Content.ReadAsStringAsync());
        }
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("GET", "items/5")]
    [InlineData("POST", "apix")]
    public async Task Without_a_match_the_answer_is_an_empty_404(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await http.SendAsync(request);
        Assert.Equal(404, (int)response.StatusCode);
        Assert.Equal("", await response.Content.ReadAsStringAsync());
        Assert.Equal(0, response.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task A_wrong_method_without_a_catch_all_is_an_empty_404()
    {
        await using var other = await TestApp.StartAsync(typeof(Items));
        using var client = other.NewClient();
        using var response = await client.PutAsync("api/items/5", null);
        Assert.Equal(404, (int)response.StatusCode);
        Assert.Equal("", await response.Content.ReadAsStringAsync());
    }

    private static Task Say(HttpRequest request, string function, params string?[] values)
    {
        request.HttpContext.Response.Headers["X-Function"] = function;
        return request.HttpContext.Response.WriteAsync(string.Join(' ', [function, .. values]));
    }

    public sealed class Items
    {
        [Function("SpecialItem")]
        public Task Special([HttpTrigger(AuthorizationLevel.Anonymous, "get", "delete", "post", Route = "items/special")] HttpRequest request) => Say(request, "SpecialItem");

        [Function("AnyItem")]
        public Task Any([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "items/{id}")] HttpRequest request, string id) => Say(request, "AnyItem", id);

        [Function("BPage")]
        public Task Page([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "pages/{name}")] HttpRequest request, string name) => Say(request, "BPage", name);

        [Function("APage")]
        public Task FirstPage([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "pages/first")] HttpRequest request) => Say(request, "APage", "first");
    }

    public sealed class Others
    {
        [Function("ZzRest")]
        public Task Rest([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", "options", "patch", Route = "{*path}")] HttpRequest request, string? path) =>
            Say(request, "ZzRest", path);

        [Function("Zebra")]
        public Task Zebra([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "animals")] HttpRequest request) => Say(request, "Zebra");

        [Function("aardvark")]
        public Task Aardvark([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "animals")] HttpRequest request) => Say(request, "aardvark");

        [Function("Pair")]
        public Task Pair(string second, [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "pairs/{first}/{second}")] HttpRequest request, string first) =>
            Say(request, "Pair", second, first);

        [Function("NoRoute")]
        public Task NoRoute([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) => Say(request, "NoRoute");
    }
}
