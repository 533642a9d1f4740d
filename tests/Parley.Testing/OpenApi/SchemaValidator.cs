using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.More;
using Json.Schema;

namespace Parley.Testing.OpenApi;

/// <summary>A deviation of a value from its schema.</summary>
/// <param name="Place">A JSON pointer to the part of the value; empty for the whole value.</param>
/// <param name="Reason">The keyword that failed, and why.</param>
public sealed record Deviation(string Place, string Reason);

/// <summary>
/// Validates values against the schemas within one document (JSON Schema, draft 2020-12). Building a schema fails on
/// an unknown keyword, type or format, because validation would silently ignore it. Formats are assertions here.
/// </summary>
/// <param name="document">The document that every <c>$ref</c> points into.</param>
public sealed class SchemaValidator(JsonNode document)
{
    private static readonly Uri Address = new("parley:openapi");

    private static readonly Dialect Strict = Dialect.Draft202012.With(
        [new KnownFormatKeyword(), new Int64TypeKeyword(), new CodePointMaxLengthKeyword()],
        Address,
        allowUnknownKeywords: false);

    private static readonly EvaluationOptions Options = new()
    {
        OutputFormat = OutputFormat.Hierarchical,
        Culture = CultureInfo.InvariantCulture,
    };

    private readonly Dictionary<JsonNode, JsonSchema> schemas = [];
    private readonly BuildOptions build = new() { Dialect = Strict, SchemaRegistry = RegistryOf(document) };

    /// <summary>Builds a schema and everything that it refers to, once.</summary>
    /// <param name="schema">A node of the document.</param>
    /// <exception cref="JsonSchemaException">Unknown keyword, type or format, or an invalid value of one.</exception>
    public JsonSchema Build(JsonNode schema)
    {
        lock (schemas)
        {
            if (!schemas.TryGetValue(schema, out var built))
            {
                // A schema that is built on its own gets its own base address, where its references cannot be resolved.
                var pointer = Uri.EscapeDataString(schema.GetPointerFromRoot());
                var reference = JsonSerializer.SerializeToElement(new JsonObject { ["$ref"] = $"{Address}#{pointer}" });
                schemas[schema] = built = JsonSchema.Build(reference, build);
            }

            return built;
        }
    }

    /// <summary>Returns every deviation of a value from a schema; empty when the value is valid.</summary>
    public IReadOnlyList<Deviation> Validate(JsonNode schema, JsonElement value) =>
        [.. Find(Build(schema).Evaluate(value, Options))];

    private static SchemaRegistry RegistryOf(JsonNode document)
    {
        var registry = new SchemaRegistry();
        registry.Register(new JsonElementBaseDocument(JsonSerializer.SerializeToElement(document), Address));
        return registry;
    }

    private static IEnumerable<Deviation> Find(EvaluationResults results)
    {
        if (results.IsValid)
        {
            return [];
        }

        // The schema "false" fails without a keyword; the last segment of its path is the keyword that contains it.
        var path = results.EvaluationPath.ToString();
        var own = from error in results.Errors ?? []
                  let keyword = error.Key.Length > 0 ? error.Key : path[(path.LastIndexOf('/') + 1)..]
                  select new Deviation(results.InstanceLocation.ToString(), $"{keyword}: {error.Value}");
        return own.Concat((results.Details ?? []).SelectMany(Find));
    }
}
