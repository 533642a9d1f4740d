using System.Text.Json.Nodes;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.EndToEnd.Tests.OpenApi;

/// <summary>An overlay changes what it names and nothing else, and an outgrown one fails.</summary>
public class OverlayTests
{
    private const string Document =
        """{"a":{"b":1,"c":[1,2],"d":{"e":null}},"r":{"$ref":"#/a"},"paths":{"/v1/x":{"get":{"operationId":"getX","summary":"Read x"},"parameters":[]}}}""";

    [Theory]
    [InlineData("a: {b: 2}", "/a/b", "2")]
    [InlineData("a: {b: null}", "/a/b", "null")]
    [InlineData("a: {c: [3]}", "/a/c", "[3]")]
    [InlineData("a: {d: {f: '1'}}", "/a/d", """{"e":null,"f":"1"}""")]
    [InlineData("a: {d: !replace {f: 1}}", "/a/d", """{"f":1}""")]
    [InlineData("a: {d: !remove }", "/a", """{"b":1,"c":[1,2]}""")]
    [InlineData("g: {h: 1}", "/g", """{"h":1}""")]
    [InlineData("r: {$ref: '#/g'}", "/r", """{"$ref":"#/g"}""")]
    [InlineData("r: !replace {type: string}", "/r", """{"type":"string"}""")]
    [InlineData("paths: {/x: !twin /v1/x}", "/paths/~1x", """{"get":{"operationId":"getXUnversioned","summary":"Read x (path without a version)"},"parameters":[]}""")]
    [InlineData("paths: {/x: !twin /v1/x, /v1/x: {get: {summary: Y}}}", "/paths/~1x/get/summary", "\"Y (path without a version)\"")]
    public void An_overlay_changes_what_it_names(string overlay, string place, string expected)
    {
        var changed = Apply(overlay);

        var at = place[1..].Split('/').Aggregate<string, JsonNode?>(changed, (node, name) => node![name.Replace("~1", "/", StringComparison.Ordinal)]);
        Assert.Equal(expected, at?.ToJsonString() ?? "null");
        Assert.Equal("[]", changed["paths"]!["/v1/x"]!["parameters"]!.ToJsonString());
    }

    [Theory]
    [InlineData("a: {x: !remove }", "#/a/x of the overlay does not fit the document: it is missing, so it cannot be removed.")]
    [InlineData("a: {x: !replace {b: 1}}", "#/a/x of the overlay does not fit the document: it is missing, so it cannot be replaced.")]
    [InlineData("r: {type: string}", "#/r of the overlay does not fit the document: it would merge with a reference; say !replace.")]
    [InlineData("a: {$ref: '#/g'}", "#/a of the overlay does not fit the document: it would merge with a reference; say !replace.")]
    [InlineData("paths: {/y: !twin /v1/y}", "#/paths/v1/y of the overlay does not fit the document: it is missing.")]
    [InlineData("a: {b: !twin /v1/x}", "#/a/b of the overlay does not fit the document: it is no path, so it has no twin.")]
    public void An_overlay_that_does_not_fit_is_an_error(string overlay, string message) =>
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => Apply(overlay)).Message);

    [Theory]
    [InlineData("a: {b: !other 1}")]
    [InlineData("a: {d: !replace {f: !remove }}")]
    [InlineData("g: {h: !replace {f: 1}}")]
    public void A_tag_that_says_nothing_there_is_an_error(string overlay) => Assert.ThrowsAny<SystemException>(() => Apply(overlay));

    private static JsonObject Apply(string overlay)
    {
        var document = JsonNode.Parse(Document)!.AsObject();
        Overlay.Apply(document, overlay);
        return document;
    }
}
