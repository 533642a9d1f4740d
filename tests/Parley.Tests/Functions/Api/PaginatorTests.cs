using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Parley.DevHost.Common;
using Parley.Functions.Api.Flextell;
using Parley.Functions.Api.Responses;
using Xunit;

namespace Parley.Tests.Functions.Api;

/// <summary>
/// Compares pages with golden files that were written from the rule in docs/api.md, not from the code. In these files,
/// data is the number of items.
/// </summary>
public class PaginatorTests
{
    private static readonly ConversationMessage Item = new(
        1, 1, null, null, false, "text", "", null, false, false, null, null, null, null, DateTimeOffset.UnixEpoch, null, null);

    [Theory]
    [InlineData(1, "first", 1)]
    [InlineData(1, "middle", 1)]
    [InlineData(1, "last", 1)]
    [InlineData(1, "past", 2)]
    [InlineData(2, "first", 1)]
    [InlineData(2, "middle", 1)]
    [InlineData(2, "last", 2)]
    [InlineData(2, "past", 3)]
    [InlineData(13, "first", 1)]
    [InlineData(13, "middle", 7)]
    [InlineData(13, "last", 13)]
    [InlineData(13, "past", 14)]
    [InlineData(14, "first", 1)]
    [InlineData(14, "middle", 7)]
    [InlineData(14, "last", 14)]
    [InlineData(14, "past", 15)]
    [InlineData(20, "first", 1)]
    [InlineData(20, "middle", 10)]
    [InlineData(20, "last", 20)]
    [InlineData(20, "past", 22)]
    public void Pages_equal_the_golden_pages(int pages, string which, int page)
    {
        var golden = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Root, "tests", "Parley.Tests", "Functions", "Api", "Golden", $"paginator-{pages}-{which}.json")))!;

        var actual = JsonSerializer.SerializeToNode(
            Paginator.Create(Items(golden["data"]!.GetValue<int>()), page, 15, golden["meta"]!["total"]!.GetValue<int>(), Request($"?page={page}&order=asc")),
            FlextellJson.Default.PaginatorConversationMessage)!;

        actual["data"] = actual["data"]!.AsArray().Count;
        Assert.Equal(golden.ToJsonString(), actual.ToJsonString());
    }

    [Fact]
    public void A_page_far_past_the_end_still_has_a_bar()
    {
        var page = Paginator.Create(Items(0), int.MaxValue, 100, 5, Request("?per_page=100&page=2147483647"));

        Assert.Equal((null, null, 1), (page.Meta.From, page.Meta.To, page.Meta.LastPage));
        Assert.EndsWith("?per_page=100&page=2147483646", page.Links.Prev, StringComparison.Ordinal);
        Assert.Null(page.Links.Next);
    }

    [Fact]
    public void An_empty_list_has_one_page()
    {
        var page = Paginator.Create(Items(0), 1, 15, 0, Request(""));

        Assert.Equal((1, null, null, 0), (page.Meta.LastPage, page.Meta.From, page.Meta.To, page.Meta.Total));
        Assert.Equal("https://chat.example/api/v1/conversations/7/messages?page=1", page.Links.First);
    }

    [Theory]
    [InlineData("?a=1&page=3&a=2&b%5B%5D=x%20y", "?a=1&a=2&b%5B%5D=x%20y&page=1")]
    [InlineData("?page", "?page=1")]
    [InlineData("?x=\"<>{}|^\\", "?x=%22%3C%3E%7B%7D%7C%5E%5C&page=1")]
    [InlineData("?PAGE=2&pages=4", "?pages=4&page=1")]
    public void Other_parameters_are_kept_as_sent_and_page_comes_last(string query, string expected) =>
        Assert.EndsWith(expected, Paginator.Create(Items(1), 1, 15, 1, Request(query)).Links.First, StringComparison.Ordinal);

    [Theory]
    [InlineData("https", "https")]
    [InlineData("https,http", "https")]
    [InlineData("", "http")]
    [InlineData("javascript", "http")]
    public void The_scheme_is_read_from_the_header_of_the_front_end(string forwarded, string scheme)
    {
        var request = Request("");
        request.Headers["X-Forwarded-Proto"] = forwarded;

        Assert.StartsWith($"{scheme}://chat.example/", Paginator.Create(Items(0), 1, 15, 0, request).Links.First, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://api.example.com")]
    [InlineData("http://localhost:8080")]
    public void Links_have_the_public_origin_of_the_settings(string origin)
    {
        var request = Request("");
        request.HttpContext.Features.Set(Read(origin));

        Assert.Equal($"{origin}/api/v1/conversations/7/messages?page=1", Paginator.Create(Items(0), 1, 15, 0, request).Links.First);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Without_a_public_origin_links_have_that_of_the_request(string? setting)
    {
        var request = Request("");
        request.HttpContext.Features.Set(Read(setting));

        Assert.StartsWith("https://chat.example/", Paginator.Create(Items(0), 1, 15, 0, request).Links.First, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_are_absolute_even_when_the_client_names_no_host()
    {
        var request = Request("");
        request.Host = default;

        Assert.StartsWith("https://localhost/", Paginator.Create(Items(0), 1, 15, 0, request).Links.First, StringComparison.Ordinal);
    }

    private static PublicOrigin Read(string? setting) => PublicOrigin.Read(
        new ConfigurationBuilder().AddInMemoryCollection([new(PublicOrigin.Setting, setting)]).Build());

    private static ConversationMessage[] Items(int count) => [.. Enumerable.Repeat(Item, count)];

    private static HttpRequest Request(string query)
    {
        var request = new DefaultHttpContext().Request;
        request.Scheme = "http";
        request.Headers["X-Forwarded-Proto"] = "https";
        request.Host = new HostString("chat.example");
        request.Path = "/api/v1/conversations/7/messages/";
        request.QueryString = new QueryString(query);
        return request;
    }
}
