using Microsoft.AspNetCore.Http;
using Parley.DevHost.Common;
using Parley.DevHost.Http;
using Parley.DevHost.Worker;
using Xunit;

namespace Parley.Tests.DevHost;

/// <summary>The choice of a function and the route values, as in the Functions host.</summary>
public sealed class RoutingTests
{
    private static readonly AppFunction[] Functions =
    [
        Function("SpecialItem", "items/special", "get", "delete", "post"),
        Function("AnyItem", "items/{id}", "get"),
        Function("BPage", "pages/{name}", "get"),
        Function("APage", "pages/first", "get"),
        Function("ZzRest", "{*path}", "get", "head", "options", "patch"),
        Function("Zebra", "animals", "get"),
        Function("aardvark", "animals", "get"),
        Function("Pair", "pairs/{first}/{second}", "get"),
        Function("NoRoute", null),
    ];

    [Theory]
    // By name, the parameter's function sorts before the literal's: literals have no precedence.
    [InlineData("GET", "/api/items/special", "AnyItem id=special")]
    // By name, the literal's function sorts first.
    [InlineData("GET", "/api/pages/first", "APage")]
    [InlineData("GET", "/api/pages/second", "BPage name=second")]
    // The order of names ignores case: aardvark < Zebra, though 'a' > 'Z' as code points.
    [InlineData("GET", "/api/animals", "aardvark")]
    // AnyItem accepts only GET, so other methods continue with the next function that matches.
    [InlineData("DELETE", "/api/items/special", "SpecialItem")]
    [InlineData("POST", "/api/items/special", "SpecialItem")]
    [InlineData("PATCH", "/api/items/5", "ZzRest path=items/5")]
    [InlineData("HEAD", "/api/items/5", "ZzRest path=items/5")]
    [InlineData("OPTIONS", "/api/items/5", "ZzRest path=items/5")]
    // Literals ignore case, values keep theirs; the prefix is a literal too.
    [InlineData("GET", "/API/Items/AbC", "AnyItem id=AbC")]
    [InlineData("GET", "/api/items/5/", "AnyItem id=5")]
    [InlineData("GET", "/api/items//5", "ZzRest path=items//5")]
    [InlineData("GET", "/api/items", "ZzRest path=items")]
    [InlineData("GET", "/api", "ZzRest path=")]
    [InlineData("GET", "/api/", "ZzRest path=")]
    // An escaped slash is not a separator and stays escaped; other escapes are decoded.
    [InlineData("GET", "/api/items/a%2Fb", "AnyItem id=a%2Fb")]
    [InlineData("GET", "/api/items/a%20b%C3%A4", "AnyItem id=a bä")]
    [InlineData("GET", "/api/pairs/1/2", "Pair first=1 second=2")]
    [InlineData("GET", "/api/NoRoute", "NoRoute")]
    [InlineData("PUT", "/api/noroute", "NoRoute")]
    [InlineData("GET", "/", null)]
    [InlineData("GET", "/items/5", null)]
    [InlineData("POST", "/apix", null)]
    [InlineData("PUT", "/api/items/5", null)]
    public void The_first_function_by_name_whose_method_and_route_match_is_called(string method, string path, string? expected)
    {
        var context = new DefaultHttpContext { Request = { Method = method, Path = PathString.FromUriComponent(path) } };
        var match = new HttpRoutes(Functions, "api").Match(context.Request);
        Assert.Equal(expected, match is null ? null : string.Join(' ', [match.Value.Function.Name, .. match.Value.Values.Select(value => $"{value.Key}={value.Value}")]));
    }

    [Theory]
    [InlineData("v9", "/v9/NoRoute")]
    [InlineData("", "/NoRoute")]
    public void The_prefix_is_read_from_host_json(string prefix, string path)
    {
        var context = new DefaultHttpContext { Request = { Method = "GET", Path = path } };
        Assert.Equal("NoRoute", new HttpRoutes([Function("NoRoute", null)], prefix).Match(context.Request)?.Function.Name);
    }

    [Theory]
    [InlineData("items/{id:int}", "anonymous", "Function Bad: its route 'items/{id:int}' constrains 'id'")]
    [InlineData("items/{id", "anonymous", "Function Bad: its route 'items/{id' is no route template")]
    [InlineData("admin/items", "anonymous", "Function Bad: its route 'admin/items' begins with admin or runtime")]
    [InlineData("/Runtimes", "anonymous", "Function Bad: its route '/Runtimes' begins with admin or runtime")]
    [InlineData("items", "function", "Function Bad: its AuthorizationLevel must be Anonymous")]
    public void Unsupported_routes_are_named(string route, string level, string expected)
    {
        var function = Function("Bad", route);
        var bad = function with { Trigger = function.Trigger with { AuthLevel = level } };
        Assert.StartsWith(expected, Assert.Throws<HostStartException>(() => new HttpRoutes([bad], "api")).Message, StringComparison.Ordinal);
    }

    private static AppFunction Function(string name, string? route, params string[] methods) =>
        new(name, name, new TriggerBinding { Name = "request", Type = "httpTrigger", AuthLevel = "Anonymous", Route = route, Methods = methods });
}
