using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Parley.Core;
using Parley.Functions.Api;
using Parley.Functions.Api.Responses;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.Tests.Functions.Api;

/// <summary>The headers that let pages of other origins read responses.</summary>
public class CorsPolicyTests
{
    private const string App = "https://app.example.com";

    [Theory]
    [InlineData(null, App, null, null)]
    [InlineData("", App, null, null)]
    [InlineData(App, App, App, "Origin")]
    [InlineData("http://localhost:3000, https://app.example.com", App, App, "Origin")]
    [InlineData(App, "https://app.example.com.evil.example", null, "Origin")]
    [InlineData(App, "https://evil.example?https://app.example.com", null, "Origin")]
    [InlineData(App, "HTTPS://app.example.com", null, "Origin")]
    [InlineData(App, "https://app.example.com/", null, "Origin")]
    [InlineData(App, "https://app.example.com:443", null, "Origin")]
    [InlineData(App, "http://app.example.com", null, "Origin")]
    [InlineData(App, "null", null, "Origin")]
    [InlineData(App, "", null, "Origin")]
    [InlineData(App, null, null, "Origin")]
    [InlineData("*", App, "*", null)]
    [InlineData("*", "null", "*", null)]
    [InlineData("*", null, null, null)]
    public void An_origin_is_allowed_exactly_as_it_is_listed(string? setting, string? sent, string? allowed, string? vary)
    {
        var context = Decorated(setting, sent);

        Assert.Equal(allowed, Text(context.Response.Headers.AccessControlAllowOrigin));
        Assert.Equal(vary, Text(context.Response.Headers.Vary));
        Assert.Equal(allowed is not null, Text(context.Response.Headers.AccessControlExposeHeaders) is not null);
        Assert.False(context.Response.Headers.ContainsKey("Access-Control-Allow-Credentials"));
    }

    [Fact]
    public void Two_origins_in_one_request_are_none()
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Origin = new([App, App]);
        Read(App).Decorate(context);

        Assert.False(context.Response.Headers.ContainsKey("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("OPTIONS", App, "POST", true)]
    [InlineData("OPTIONS", App, null, false)]
    [InlineData("OPTIONS", "https://other.example.com", "POST", false)]
    [InlineData("OPTIONS", null, "POST", false)]
    [InlineData("GET", App, "POST", false)]
    public void A_preflight_request_has_a_method_and_an_allowed_origin(string method, string? origin, string? requested, bool expected)
    {
        var request = new DefaultHttpContext().Request;
        request.Method = method;
        request.Headers.Origin = origin;
        request.Headers.AccessControlRequestMethod = requested;

        Assert.Equal(expected, Read(App).IsAllowedPreflight(request));
    }

    [Theory]
    [InlineData("https://app.example.com/", 1)]
    [InlineData("https://app.example.com,", 2)]
    [InlineData("https://app.example.com,,http://localhost", 2)]
    [InlineData("https://app.example.com, *", 2)]
    [InlineData("*, *", 1)]
    [InlineData("null", 1)]
    [InlineData("https://*.example.com", 1)]
    [InlineData("app.example.com", 1)]
    [InlineData("https://secret@app.example.com", 1)]
    public void An_entry_that_no_browser_sends_is_refused_at_the_start_without_being_quoted(string setting, int entry)
    {
        var refused = Assert.Throws<StartUpException>(() => Read(setting));

        Assert.Contains($"Cors__AllowedOrigins must be * or origins separated by commas; entry {entry} is not an origin.", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pages_may_send_every_request_header_that_the_api_reads()
    {
        var documented = OpenApiContract.Document.Operations
            .SelectMany(one => (one.Operation["parameters"]?.AsArray() ?? []).Concat(OpenApiContract.Document.Root["paths"]![one.Path]!["parameters"]?.AsArray() ?? []))
            .Select(parameter => OpenApiContract.Document.Follow(parameter!))
            .Where(parameter => $"{parameter["in"]}" == "header")
            .Select(parameter => $"{parameter["name"]}")
            .Append("Authorization")
            .Append("Content-Type")
            .Distinct();

        Assert.Equal(documented.Order(StringComparer.Ordinal), PreflightResult.AllowedHeaders.Split(", "));
    }

    [Fact]
    public void Pages_may_read_every_documented_response_header_that_is_meant_for_clients()
    {
        // For browsers, proxies and people: a page learns nothing from them.
        string[] others = ["Allow", "Pragma", "WWW-Authenticate", "X-Accel-Buffering"];
        var documented = OpenApiContract.Document.Operations
            .SelectMany(one => one.Operation["responses"]!.AsObject())
            .SelectMany(response => OpenApiContract.Document.Follow(response.Value!)["headers"]?.AsObject().Select(header => header.Key) ?? [])
            .Append("Allow")
            .Distinct();

        Assert.Equal(
            documented.Except(others).Order(StringComparer.Ordinal),
            CorsPolicy.ExposedHeaders.Split(", ").Order(StringComparer.Ordinal));
    }

    private static DefaultHttpContext Decorated(string? setting, string? origin)
    {
        var context = new DefaultHttpContext();
        if (origin is not null)
        {
            context.Request.Headers.Origin = origin;
        }

        // Twice, as when a problem replaces a response that has begun to be written.
        var policy = Read(setting);
        policy.Decorate(context);
        policy.Decorate(context);
        return context;
    }

    private static CorsPolicy Read(string? setting) => CorsPolicy.Read(
        new ConfigurationBuilder().AddInMemoryCollection([new(CorsPolicy.Setting, setting)]).Build());

    private static string? Text(Microsoft.Extensions.Primitives.StringValues values) => values.Count == 0 ? null : string.Join("|", values!);
}
