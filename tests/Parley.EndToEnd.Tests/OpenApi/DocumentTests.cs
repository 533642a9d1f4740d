using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Azure.Functions.Worker;
using Microsoft.OpenApi;
using Parley.DevHost.Common;
using Parley.Functions;
using Parley.Functions.Api.Access;
using Parley.Tenants;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.EndToEnd.Tests.OpenApi;

/// <summary>The OpenAPI documents themselves: each dialect's.</summary>
public class DocumentTests
{
    public static TheoryData<Dialect> Dialects => [.. Enum.GetValues<Dialect>()];

    [Theory]
    [MemberData(nameof(Dialects))]
    public void An_OpenAPI_parser_reports_no_errors(Dialect dialect)
    {
        var contract = DialectDocuments.Of(dialect);
        var read = OpenApiDocument.Parse(contract.Root.ToJsonString(), "json");

        Assert.Equal("3.1.0", contract.Root["openapi"]!.GetValue<string>());
        Assert.Empty(read.Diagnostic!.Errors.Select(error => error.ToString()));
        Assert.Empty(read.Diagnostic.Warnings.Select(warning => warning.ToString()));
    }

    /// <summary>For generators of clients and for whoever wants to read a whole document.</summary>
    [Theory]
    [MemberData(nameof(Dialects))]
    public void Every_document_is_written_to_a_file(Dialect dialect)
    {
        var contract = DialectDocuments.Of(dialect);

        Assert.True(JsonNode.DeepEquals(contract.Root, JsonNode.Parse(File.ReadAllText(DialectDocuments.Write(dialect)))));
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Every_reference_has_a_target(Dialect dialect)
    {
        var contract = DialectDocuments.Of(dialect);
        var references = OpenApiContract.ReferencesIn(contract.Root).Distinct().ToList();

        Assert.NotEmpty(references);
        Assert.All(references, reference => OpenApiContract.Resolve(contract.Root, reference));
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Every_component_is_referred_to(Dialect dialect)
    {
        var contract = DialectDocuments.Of(dialect);
        var references = OpenApiContract.ReferencesIn(contract.Root);
        var components = from kind in contract.Root["components"]!.AsObject()
                         where kind.Key != "securitySchemes"
                         from component in kind.Value!.AsObject()
                         select $"#/components/{kind.Key}/{component.Key}";

        Assert.Equal(DialectDocuments.OfEveryPath.Select(response => $"#/components/responses/{response}"), components.Except(references));
    }

    [Fact]
    public void Everything_that_a_dialect_changes_is_in_its_document() =>
        Assert.All(Enum.GetValues<Dialect>().Where(dialect => dialect != Dialect.Parley), dialect => Assert.All(
            DialectDocuments.ComponentsOf(dialect),
            component => OpenApiContract.Resolve(DialectDocuments.Of(dialect).Root, $"#/components/{component}")));

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Operations_have_distinct_ids_and_the_required_members(Dialect dialect)
    {
        var contract = DialectDocuments.Of(dialect);
        var operations = contract.Operations.ToList();

        Assert.Equal(operations.Count, operations.Select(operation => operation.Operation["operationId"]!.GetValue<string>()).Distinct().Count());
        Assert.All(operations, operation =>
        {
            Assert.NotEmpty(operation.Operation["summary"]!.GetValue<string>());
            Assert.Contains(Media(contract, operation.Operation), media => media.Example is not null);
            var parameters = (operation.Operation["parameters"]?.AsArray() ?? []).Concat(contract.Root["paths"]![operation.Path]!["parameters"]?.AsArray() ?? [])
                .Select(parameter => contract.Follow(parameter!)).Where(parameter => parameter["in"]!.GetValue<string>() == "path").Select(parameter => "{" + parameter["name"] + "}");
            Assert.Equal(operation.Path.Split('/').Where(segment => segment.StartsWith('{')).Order(), parameters.Order());
        });
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Every_schema_can_be_read(Dialect dialect)
    {
        var contract = DialectDocuments.Of(dialect);
        var schemas = contract.Root["components"]!["schemas"]!.AsObject().Select(schema => schema.Value!)
            .Concat(Nodes(contract.Root["paths"]!).Concat(Nodes(contract.Root["components"]!["parameters"]!)).Concat(Nodes(contract.Root["components"]!["headers"]!))
                .OfType<JsonObject>().Select(node => node["schema"]).OfType<JsonObject>());

        Assert.All(schemas, schema => Assert.NotNull(contract.Schemas.Build(schema)));
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Every_example_is_valid(Dialect dialect)
    {
        var contract = DialectDocuments.Of(dialect);
        var examples = contract.Operations.SelectMany(operation => Media(contract, operation.Operation).Select(media => (operation.Path, operation.Method, media.Schema, media.Example)))
            .Where(media => media.Example is not null).ToList();

        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.Empty(contract.Schemas.Validate(example.Schema, JsonSerializer.SerializeToElement(example.Example))));
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Every_response_requires_all_its_fields(Dialect dialect)
    {
        var contract = DialectDocuments.Of(dialect);

        // The members that joins add to a chat message are present only on request; a deletion has other members than a dry run.
        string[] optional =
        [
            "ChatMessage.sender", "ChatMessage.chatMessageFollowUps", "RateLimitProblem.violated-policies", "FlextellRateLimitProblem.violated-policies", "TenantErasure.dryRun", "TenantErasure.atLeast",
            "TenantErasure.status", "TenantErasure.requestedAt", "TenantErasure.erasesAt", "TenantErasure.finishedAt",
        ];

        Assert.All(new ResponseSchemas(contract).All, schema =>
        {
            Assert.False(schema.Value["additionalProperties"]!.GetValue<bool>());
            Assert.Equal(
                ResponseSchemas.PropertiesOf(schema.Value).Where(name => !optional.Contains($"{schema.Key}.{name}")).Order(),
                schema.Value["required"]!.AsArray().Select(name => name!.GetValue<string>()).Order());
        });
    }

    /// <summary>
    /// The document says the type of a field, not its value. That the name of a field is in a test is a floor, not a proof; golden
    /// responses do the same for Parley's own.
    /// </summary>
    [Theory]
    [InlineData(Dialect.Flextell)]
    [InlineData(Dialect.Maiagent)]
    [InlineData(Dialect.Zaia)]
    public void Every_field_that_a_dialect_changes_is_named_in_a_test(Dialect dialect)
    {
        var folder = Path.Combine(Repository.Root, "tests", "Parley.EndToEnd.Tests");
        var tests = string.Concat(Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(folder, file).StartsWith("OpenApi", StringComparison.Ordinal)).Select(File.ReadAllText));
        var changed = from schema in new ResponseSchemas(DialectDocuments.Of(dialect)).All
                      from property in schema.Value["properties"]!.AsObject()
                      where !JsonNode.DeepEquals(property.Value, OpenApiContract.Document.Root["components"]!["schemas"]![schema.Key]?["properties"]?[property.Key])
                      select (schema.Key, Field: property.Key);

        Assert.NotEmpty(changed);
        Assert.Equal([], changed.Where(one => !tests.Contains($"\"{one.Field}\"", StringComparison.Ordinal)));
    }

    /// <summary>Rates apply to every operation for API keys, and to tokens for them; others have no quota.</summary>
    [Theory]
    [MemberData(nameof(Dialects))]
    public void Every_operation_for_api_keys_may_be_refused_for_its_quota(Dialect dialect) =>
        Assert.All(DialectDocuments.Of(dialect).Operations, one => Assert.Equal(
            one.Operation["security"]?.ToJsonString().Contains("bearerAuth", StringComparison.Ordinal) is true
                || one.Path.EndsWith("/oauth/token", StringComparison.Ordinal),
            one.Operation["responses"]!["429"] is not null));

    [Theory]
    [MemberData(nameof(Dialects))]
    public void The_document_has_the_apps_routes_and_no_others(Dialect dialect)
    {
        var contract = DialectDocuments.Of(dialect);

        // Wherever GET is, HEAD is too; the document says so once.
        var app = from type in typeof(ParleyApp).Assembly.GetExportedTypes()
                  from method in type.GetMethods()
                  where method.GetCustomAttribute<FunctionAttribute>() is { } function && function.Name != "ZzCatchAll"
                  from parameter in method.GetParameters()
                  let trigger = parameter.GetCustomAttribute<HttpTriggerAttribute>()
                  where trigger is not null
                  from verb in trigger.Methods!
                  where verb != "head"
                  select (Path: $"/{trigger.Route}", Verb: verb.ToUpperInvariant(), IsForKeys: FunctionAccess.Of(method).Scopes is not null);

        // The paths without a version that every key may use are in the document of the dialect that knows them.
        var unlisted = contract.Twins.Where(path => contract.Root["paths"]![path] is null).ToHashSet();
        var routes = app.Where(one => !unlisted.Contains(one.Path)).ToLookup(one => one.IsForKeys || dialect == Dialect.Parley, one => $"{one.Verb} {one.Path}");
        var documented = contract.Operations.Select(operation => $"{operation.Method} {operation.Path}").ToHashSet();

        Assert.Equal([], routes[true].Except(documented));
        Assert.Equal([], documented.Except(routes.SelectMany(one => one)));
    }

    [Fact]
    public void Only_MaiAgents_document_has_its_paths_without_a_version()
    {
        var twins = OpenApiContract.Document.Twins;

        Assert.NotEmpty(twins);
        Assert.All(Enum.GetValues<Dialect>(), dialect => Assert.Equal(
            dialect == Dialect.Maiagent ? twins : [],
            DialectDocuments.Of(dialect).Root["paths"]!.AsObject().Select(path => path.Key).Where(twins.Contains)));
        Assert.All(twins, twin => Assert.NotNull(OpenApiContract.Document.Root["paths"]![$"/v1{twin}"]));
    }

    /// <summary>The bodies of an operation, with their first examples.</summary>
    private static IEnumerable<(JsonNode Schema, JsonNode? Example)> Media(OpenApiContract contract, JsonObject operation) =>
        from body in operation["responses"]!.AsObject().Select(response => contract.Follow(response.Value!)).Append(operation["requestBody"])
        where body?["content"] is not null
        from media in body["content"]!.AsObject()
        let named = media.Value!["examples"]?.AsObject().First().Value
        select (media.Value!["schema"]!, media.Value["example"] ?? (named is null ? null : contract.Follow(named)["value"]));

    /// <summary>
    /// Forms that generators of clients (openapi-typescript, Kiota, NSwag) read wrongly, though they are valid: GeneratedClientTests
    /// call what they generate.
    /// </summary>
    [Theory]
    [MemberData(nameof(Dialects))]
    public void The_document_has_no_form_that_generators_stumble_on(Dialect dialect)
    {
        var contract = DialectDocuments.Of(dialect);

        var schemas = SchemasIn(contract.Root["paths"]!, "paths").Concat(SchemasIn(contract.Root["components"]!, "components")).ToList();

        Assert.InRange(schemas.Count, 500, int.MaxValue);
        Assert.Equal([], schemas.SelectMany(Stumbles));
        Assert.Equal([], contract.Operations.SelectMany(operation => Media(contract, operation.Operation))
            .Select(media => $"{media.Example}").Where(example => example.Any(character => char.IsControl(character) && character is not ('\n' or '\r' or '\t'))));
    }

    private static IEnumerable<string> Stumbles((string Place, JsonObject Schema) one)
    {
        var types = one.Schema["type"] switch { JsonArray several => several.Select(type => $"{type}").ToList(), { } type => [$"{type}"], _ => [] };
        if (one.Schema["anyOf"] is not null || one.Schema["allOf"] is not null)
        {
            yield return $"{one.Place} is made of alternatives or parts";
        }

        if (one.Schema["oneOf"] is JsonArray either && !(either is [var first, var second] && $"{first!["type"]}" == "null" && second!["$ref"] is not null))
        {
            yield return $"{one.Place} is not null or one named schema";
        }

        if (types.Contains("object") && one.Schema["properties"] is null && one.Schema["additionalProperties"] is null)
        {
            yield return $"{one.Place} is an object without properties";
        }

        if ((types.Contains("array") && one.Schema["items"]?.AsObject().Count is null or 0) || types.Count(type => type != "null") > 1)
        {
            yield return $"{one.Place} may be of several types";
        }

        if (one.Place.Contains("/properties/", StringComparison.Ordinal) && one.Schema["default"] is not null)
        {
            yield return $"{one.Place} has a default, and so would be required";
        }
    }

    /// <summary>Every schema in a node, with its place.</summary>
    private static IEnumerable<(string Place, JsonObject Schema)> SchemasIn(JsonNode? node, string place)
    {
        if (node is JsonArray items)
        {
            return items.SelectMany((item, index) => SchemasIn(item, $"{place}/{index}"));
        }

        if (node is not JsonObject members)
        {
            return [];
        }

        // The names of properties are any words; examples are no schemas; generators read no conditions.
        var isSchema = members["type"] is JsonArray or JsonValue || members["oneOf"] is not null || members["anyOf"] is not null || members["allOf"] is not null;
        var inner = members.Where(member => member.Key is not ("example" or "examples" or "securitySchemes" or "if" or "then" or "else")).SelectMany(member =>
            member.Key == "properties" && isSchema
                ? member.Value!.AsObject().SelectMany(property => SchemasIn(property.Value, $"{place}/properties/{property.Key}"))
                : SchemasIn(member.Value, $"{place}/{member.Key}"));
        return isSchema ? inner.Prepend((place, members)) : inner;
    }

    private static IEnumerable<JsonNode> Nodes(JsonNode root) => root switch
    {
        JsonObject members => members.Select(member => member.Value).OfType<JsonNode>().SelectMany(Nodes).Prepend(root),
        JsonArray items => items.OfType<JsonNode>().SelectMany(Nodes).Prepend(root),
        _ => [root],
    };
}
