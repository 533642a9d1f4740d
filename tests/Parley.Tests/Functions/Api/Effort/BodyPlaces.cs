using System.Text.Json.Nodes;
using Parley.Testing.OpenApi;

namespace Parley.Tests.Functions.Api.Effort;

/// <summary>The places of a JSON body at which a value can stand, from the schema in docs/openapi.yaml.</summary>
internal static class BodyPlaces
{
    /// <summary>
    /// Each place as a text before the value and a text after it: the whole body, an unknown member, and each field,
    /// also inside objects and lists.
    /// </summary>
    public static IEnumerable<(string Name, string Before, string After)> Of(JsonNode schema) =>
        Inside(schema, "", "", "").Append(("the body", "", "")).Append(("unknown", "{\"unknown\":", "}"));

    private static IEnumerable<(string Name, string Before, string After)> Inside(
        JsonNode schema, string name, string before, string after)
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
            yield return (path, open, $"}}{after}");
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
