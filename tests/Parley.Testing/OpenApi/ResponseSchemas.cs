using System.Text.Json.Nodes;

namespace Parley.Testing.OpenApi;

/// <summary>The named object schemas that the responses of a document consist of.</summary>
public sealed class ResponseSchemas
{
    private const string Prefix = "#/components/schemas/";
    private readonly OpenApiContract contract;

    public ResponseSchemas(OpenApiContract contract)
    {
        this.contract = contract;
        var paths = Paths();
        All = paths.Keys.ToDictionary(name => name, name => OpenApiContract.Resolve(contract.Root, Prefix + name));
        PathsOf = paths.SelectMany(schema => schema.Value.Select(path => (schema.Key, path))).ToLookup(pair => pair.Key, pair => pair.path);
    }

    /// <summary>The schemas by name.</summary>
    public IReadOnlyDictionary<string, JsonNode> All { get; }

    /// <summary>The paths whose responses contain each schema, by the schema's name.</summary>
    public ILookup<string, string> PathsOf { get; }

    /// <summary>The names of an object's properties.</summary>
    public static IEnumerable<string> PropertiesOf(JsonNode schema) => schema["properties"]!.AsObject().Select(property => property.Key);

    private Dictionary<string, HashSet<string>> Paths()
    {
        var found = new Dictionary<string, HashSet<string>>();
        foreach (var (path, _, operation) in contract.Operations)
        {
            foreach (var (_, response) in operation["responses"]!.AsObject())
            {
                Collect(contract.Follow(response!)["content"], path, found);
            }
        }

        return found;
    }

    private void Collect(JsonNode? node, string path, Dictionary<string, HashSet<string>> found)
    {
        if (node is JsonObject && node["$ref"] is JsonValue reference && reference.GetValue<string>().StartsWith(Prefix, StringComparison.Ordinal))
        {
            var schema = contract.Follow(node);
            if (schema["properties"] is null)
            {
                return;
            }

            var name = reference.GetValue<string>()[Prefix.Length..];
            found.TryAdd(name, []);
            if (found[name].Add(path))
            {
                Collect(schema, path, found);
            }
        }
        else
        {
            foreach (var child in node switch { JsonObject members => members.Select(member => member.Value), JsonArray items => items, _ => [] })
            {
                Collect(child, path, found);
            }
        }
    }
}
