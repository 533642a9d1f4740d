using System.Text.Json.Nodes;
using YamlDotNet.RepresentationModel;

namespace Parley.Testing.OpenApi;

/// <summary>
/// What differs between two documents: a YAML tree of the document's own form that names only the differences.
/// Mappings merge member by member, and every other value, lists and null too, takes the place of the one before.
/// <list type="bullet">
/// <item><c>!replace {…}</c> takes the place of a whole mapping.</item>
/// <item><c>!remove</c> removes a member.</item>
/// <item><c>!twin /v1/x</c> as a path is the path <c>/v1/x</c> again; its operation ids end with <c>Unversioned</c>.</item>
/// </list>
/// Everything that is replaced or removed must be there, and a reference never merges with other members: so an overlay
/// that the document has outgrown is an error.
/// </summary>
public static class Overlay
{
    private const string Replace = "!replace";
    private const string Remove = "!remove";
    private const string Twin = "!twin";

    /// <inheritdoc cref="Apply(JsonObject, YamlMappingNode)"/>
    public static void Apply(JsonObject document, string overlay) =>
        Apply(document, (YamlMappingNode)YamlJson.Parse(overlay));

    /// <summary>Changes the document.</summary>
    /// <exception cref="InvalidDataException">The overlay does not fit the document.</exception>
    internal static void Apply(JsonObject document, YamlMappingNode overlay)
    {
        Merge(document, overlay, "#");
        var paths = document["paths"]!.AsObject();
        foreach (var (path, original) in TwinsOf(overlay))
        {
            // After everything else, so that a twin is what its original has become.
            paths[path] = CreateTwin(paths[original] as JsonObject ?? throw Misfit($"#/paths{original}", "is missing"));
        }
    }

    /// <summary>The paths that an overlay adds as twins, with their originals.</summary>
    internal static IEnumerable<(string Path, string Original)> TwinsOf(YamlMappingNode overlay) =>
        from member in Members(overlay)
        where member.Name == "paths" && member.Value is YamlMappingNode
        from path in Members((YamlMappingNode)member.Value)
        where YamlJson.TagOf(path.Value) == Twin
        select (path.Name, ((YamlScalarNode)path.Value).Value!);

    /// <summary>The names of the components that an overlay adds or changes, such as <c>schemas/Message</c>.</summary>
    internal static IEnumerable<string> ComponentsOf(YamlMappingNode overlay) =>
        from member in Members(overlay)
        where member.Name == "components"
        from kind in Members((YamlMappingNode)member.Value)
        from component in Members((YamlMappingNode)kind.Value)
        where YamlJson.TagOf(component.Value) != Remove
        select $"{kind.Name}/{component.Name}";

    private static void Merge(JsonObject target, YamlMappingNode overlay, string place)
    {
        foreach (var (name, value) in Members(overlay))
        {
            var there = $"{place}/{name}";
            switch (YamlJson.TagOf(value))
            {
                case Remove:
                    Require(target.Remove(name), there, "is missing, so it cannot be removed");
                    break;
                case Replace:
                    Require(target.ContainsKey(name), there, "is missing, so it cannot be replaced");
                    target[name] = YamlJson.ConvertTagged(value);
                    break;
                case Twin:
                    Require(place == "#/paths", there, "is no path, so it has no twin");
                    break;
                default:
                    if (value is YamlMappingNode inner && target[name] is JsonObject known)
                    {
                        var refers = Members(inner).Any(one => one.Name == "$ref");
                        Require(refers == known.ContainsKey("$ref"), there, $"would merge with a reference; say {Replace}");
                        Merge(known, inner, there);
                    }
                    else
                    {
                        target[name] = YamlJson.Convert(value);
                    }

                    break;
            }
        }
    }

    private static JsonObject CreateTwin(JsonObject original)
    {
        var twin = original.DeepClone().AsObject();
        foreach (var operation in twin.Select(member => member.Value).OfType<JsonObject>())
        {
            operation["operationId"] = $"{operation["operationId"]}Unversioned";
            operation["summary"] = $"{operation["summary"]} (path without a version)";
        }

        return twin;
    }

    private static IEnumerable<(string Name, YamlNode Value)> Members(YamlMappingNode mapping) =>
        mapping.Children.Select(child => (((YamlScalarNode)child.Key).Value!, child.Value));

    private static void Require(bool holds, string place, string problem)
    {
        if (!holds)
        {
            throw Misfit(place, problem);
        }
    }

    private static InvalidDataException Misfit(string place, string problem) =>
        new($"{place} of the overlay does not fit the document: it {problem}.");
}
