using System.Text.Json.Nodes;
using Parley.Testing.OpenApi;

namespace Parley.Tests.Bounds;

/// <summary>
/// The requests of an operation that ask for different work: the plain one, one for each filter, page and word of an
/// enumeration that docs/openapi.yaml describes, and one for each pair of these.
/// </summary>
internal static class RequestVariants
{
    /// <summary>The entries of a page, less than the smallest store has.</summary>
    public const int PageSize = 10;

    private static readonly string[] Sizes = ["limit", "pageSize", "per_page"];

    /// <param name="request">The operation.</param>
    /// <param name="idOf">Returns the id of a kind.</param>
    /// <returns>Query strings.</returns>
    public static IEnumerable<string> Of(DocumentedRequest request, Func<string, string> idOf)
    {
        var size = Sizes.Where(request.Takes).Take(1).Select(name => $"{name}={PageSize}").ToList();
        var filters = request.Parameters
            .Where(name => !Sizes.Contains(name))
            .Select(name => ValuesOf(request, name, idOf).Select(value => $"{name}={value}").ToList())
            .Where(values => values.Count > 0)
            .ToList();
        yield return string.Join('&', size);
        for (var first = 0; first < filters.Count; first++)
        {
            foreach (var one in filters[first])
            {
                yield return string.Join('&', [.. size, one]);
                foreach (var other in filters.Skip(first + 1).SelectMany(values => values))
                {
                    yield return string.Join('&', [.. size, one, other]);
                }
            }
        }
    }

    private static IEnumerable<string> ValuesOf(DocumentedRequest request, string name, Func<string, string> idOf)
    {
        if (request.Places.FirstOrDefault(place => place.In == "query" && place.Name == name) is { } place)
        {
            return [idOf(place.Kind)];
        }

        var schema = OpenApiContract.Document.Follow(request.Documented.First(one => $"{one["name"]}" == name)["schema"]!);
        var item = OpenApiContract.Document.Follow(schema["items"] ?? schema);
        return item["enum"] is JsonArray words
            ? words.Select(word => $"{word}")
            : (name, $"{item["format"]}") switch
            {
                (_, "date-time") => ["2026-03-01T00:00:00Z"],
                ("page" or "pageNumber", _) => ["3"],
                _ => [],
            };
    }
}
