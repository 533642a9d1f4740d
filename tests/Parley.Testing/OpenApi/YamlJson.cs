using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Parley.Testing.OpenApi;

/// <summary>Converts YAML to JSON (YAML 1.2, core schema).</summary>
internal static partial class YamlJson
{
    /// <summary>Reads a text that contains exactly one document.</summary>
    public static JsonNode Read(string yaml) => Convert(Parse(yaml))!;

    /// <summary>Parses a text that contains exactly one document.</summary>
    public static YamlNode Parse(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return stream.Documents.Single().RootNode;
    }

    /// <summary>The tag of a node, such as <c>!remove</c>; empty when it has none.</summary>
    public static string TagOf(YamlNode node) =>
        node.Tag.IsEmpty || node.Tag.IsNonSpecific ? "" : node.Tag.Value;

    /// <summary>Converts a node. Neither it nor anything in it may have a tag.</summary>
    public static JsonNode? Convert(YamlNode node) =>
        TagOf(node) is { Length: > 0 } tag
            ? throw new NotSupportedException($"{tag} at {node.Start}.")
            : ConvertTagged(node);

    /// <summary>Converts a node whose own tag the caller has read.</summary>
    public static JsonNode? ConvertTagged(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(child => KeyValuePair.Create(((YamlScalarNode)child.Key).Value!, Convert(child.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(Convert)]),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => Plain(scalar.Value!),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => throw new NotSupportedException($"{node.NodeType} at {node.Start}."),
    };

    private static JsonValue? Plain(string text) => text switch
    {
        "" or "~" or "null" => null,
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        _ when Integer().IsMatch(text) => JsonValue.Create(long.Parse(text, CultureInfo.InvariantCulture)),
        _ when Number().IsMatch(text) => JsonValue.Create(double.Parse(text, CultureInfo.InvariantCulture)),
        _ => JsonValue.Create(text),
    };

    [GeneratedRegex("^[-+]?[0-9]+$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Integer();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Number();
}
