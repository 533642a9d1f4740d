using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Parley.DevHost.Common;
using Parley.Tenants;
using YamlDotNet.RepresentationModel;

namespace Parley.Testing.OpenApi;

/// <summary>
/// The OpenAPI document of each dialect. Parley's is docs/openapi.yaml. That of another dialect is the same with the
/// changes of its <see cref="Overlay"/> docs/openapi/name.yaml. It has no operations for administrators and none that
/// need no key, because the dialect is the key's.
/// </summary>
public static class DialectDocuments
{
    private const string Shared = "docs/openapi.yaml";

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly Lazy<Dictionary<Dialect, OpenApiContract>> Contracts = new(ReadAll);

    /// <summary>The responses that belong to every path, and so to no single operation.</summary>
    public static IReadOnlyList<string> OfEveryPath { get; } = ["Preflight", "MethodNotAllowed"];

    /// <summary>The document of a dialect. It is read once.</summary>
    public static OpenApiContract Of(Dialect dialect) => Contracts.Value[dialect];

    /// <summary>The names of the components that a dialect's overlay adds or changes, such as <c>schemas/Message</c>.</summary>
    public static IEnumerable<string> ComponentsOf(Dialect dialect) => Overlay.ComponentsOf(OverlayOf(dialect));

    /// <summary>The file of a dialect, relative to the repository.</summary>
    public static string FileOf(Dialect dialect) =>
        dialect == Dialect.Parley ? Shared : $"docs/openapi/{dialect.Name()}.yaml";

    /// <summary>Writes a dialect's whole document to artifacts/openapi/name.json, and returns that path.</summary>
    public static string Write(Dialect dialect)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Repository.Artifacts, "openapi"));
        var path = Path.Combine(folder.FullName, $"{dialect.Name()}.json");
        File.WriteAllText(path, Of(dialect).Root.ToJsonString(Indented));
        return path;
    }

    private static Dictionary<Dialect, OpenApiContract> ReadAll()
    {
        var shared = YamlJson.Read(ReadText(Shared)).AsObject();
        var overlays = Enum.GetValues<Dialect>().Where(dialect => dialect != Dialect.Parley)
            .ToDictionary(dialect => dialect, OverlayOf);

        // A path that one dialect's clients know without a version is served to every key.
        var twins = overlays.Values.SelectMany(Overlay.TwinsOf).ToList();
        return Enum.GetValues<Dialect>().ToDictionary(
            dialect => dialect,
            dialect => new OpenApiContract(
                overlays.TryGetValue(dialect, out var overlay) ? Compose(shared, overlay) : shared, FileOf(dialect), twins));
    }

    private static JsonObject Compose(JsonObject shared, YamlMappingNode overlay)
    {
        var document = shared.DeepClone().AsObject();
        RemoveOperationsWithoutDialect(document["paths"]!.AsObject());
        Overlay.Apply(document, overlay);
        RemoveUnusedComponents(document);
        RemoveUnusedTags(document);
        return document;
    }

    private static void RemoveOperationsWithoutDialect(JsonObject paths)
    {
        foreach (var (path, item) in paths.ToList())
        {
            var members = item!.AsObject();
            foreach (var (method, member) in members.ToList())
            {
                if (member is JsonObject operation
                    && operation["security"]?.ToJsonString().Contains("bearerAuth", StringComparison.Ordinal) is not true)
                {
                    members.Remove(method);
                }
            }

            if (!members.Any(member => member.Value is JsonObject))
            {
                paths.Remove(path);
            }
        }
    }

    /// <summary>Removes what only the differences or the removed operations left without a use.</summary>
    private static void RemoveUnusedComponents(JsonObject document)
    {
        var components = document["components"]!.AsObject();
        var used = OfEveryPath.Select(response => $"#/components/responses/{response}").ToHashSet();
        var waiting = new Queue<JsonNode>([document["paths"]!, .. used.Select(one => OpenApiContract.Resolve(document, one))]);
        while (waiting.TryDequeue(out var node))
        {
            foreach (var reference in OpenApiContract.ReferencesIn(node).Where(used.Add))
            {
                waiting.Enqueue(OpenApiContract.Resolve(document, reference));
            }
        }

        components["securitySchemes"]!.AsObject().Remove("adminKey");
        foreach (var (kind, named) in components.Where(kind => kind.Key != "securitySchemes"))
        {
            foreach (var name in named!.AsObject().Select(one => one.Key).Where(name => !used.Contains($"#/components/{kind}/{name}")).ToList())
            {
                named.AsObject().Remove(name);
            }
        }
    }

    private static void RemoveUnusedTags(JsonObject document)
    {
        var used = OpenApiContract.OperationsOf(document)
            .SelectMany(one => one.Operation["tags"]!.AsArray()).Select(tag => tag!.GetValue<string>()).ToHashSet();
        var tags = document["tags"]!.AsArray();
        foreach (var tag in tags.Where(tag => !used.Contains(tag!["name"]!.GetValue<string>())).ToList())
        {
            tags.Remove(tag);
        }
    }

    private static YamlMappingNode OverlayOf(Dialect dialect) => (YamlMappingNode)YamlJson.Parse(ReadText(FileOf(dialect)));

    private static string ReadText(string file) => File.ReadAllText(Path.Combine(Repository.Root, file));
}
