using System.Text;
using System.Text.Json.Nodes;
using Parley.Testing.OpenApi;

namespace Parley.Tests.Functions.Api.Effort;

/// <summary>The places of a JSON body at which a value can stand, from the schema in docs/openapi.yaml.</summary>
internal static class BodyPlaces
{
    /// <summary>
    /// The whole body, an unknown member, and one field of each kind of schema, also inside objects and lists.
    /// </summary>
    public static IReadOnlyList<BodyPlace> Of(JsonNode schema) =>
    [
        new("the body", "", "", "any"),
        new("unknown", "{\"unknown\":", "}", "any"),
        .. Inside(schema, "", "", "").DistinctBy(place => place.Kind),
    ];

    private static IEnumerable<BodyPlace> Inside(JsonNode schema, string name, string before, string after)
    {
        var found = OpenApiContract.Document.Follow(schema);
        foreach (var part in (found["allOf"] as JsonArray ?? []).OfType<JsonNode>())
        {
            foreach (var place in Inside(part, name, before, after))
            {
                yield return place;
            }
        }

        foreach (var (field, inner) in found["properties"] as JsonObject ?? [])
        {
            var (path, open) = ($"{name}{field}", $"{before}{{\"{field}\":");
            var target = OpenApiContract.Document.Follow(inner!);
            var depth = path.Count(c => c == '.');
            yield return new BodyPlace(
                path, open, $"}}{after}", $"{depth}{target["type"]?.ToJsonString()}{target["format"]}{target["enum"] is null}");
            foreach (var place in Inside(inner!, $"{path}.", open, $"}}{after}"))
            {
                yield return place;
            }
        }

        if (found["items"] is { } items)
        {
            foreach (var place in Inside(items, $"{name}0.", $"{before}[", $"]{after}"))
            {
                yield return place;
            }
        }
    }
}

/// <summary>A place of a JSON body at which a value can stand.</summary>
/// <param name="Name">The path of the field.</param>
/// <param name="Before">The text before the value.</param>
/// <param name="After">The text after the value.</param>
/// <param name="Kind">Equal for fields that the app reads in the same way.</param>
internal sealed record BodyPlace(string Name, string Before, string After, string Kind)
{
    /// <summary>True if any JSON is read at the place.</summary>
    public bool TakesAny => Kind == "any" || Kind.Contains("object", StringComparison.Ordinal);

    public byte[] Body(string value) => Encoding.UTF8.GetBytes($"{Before}{value}{After}");
}
