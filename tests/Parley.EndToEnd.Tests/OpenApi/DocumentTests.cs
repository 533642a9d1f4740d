using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Azure.Functions.Worker;
using Microsoft.OpenApi;
using Parley.Functions;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.EndToEnd.Tests.OpenApi;

/// <summary>The document docs/openapi.yaml itself.</summary>
public class DocumentTests
{
    private static readonly OpenApiContract Contract = OpenApiContract.Document;

    [Fact]
    public void An_OpenAPI_parser_reports_no_errors()
    {
        var read = OpenApiDocument.Parse(Contract.Root.ToJsonString(), "json");

        Assert.Equal("3.1.0", Contract.Root["openapi"]!.GetValue<string>());
        Assert.Empty(read.Diagnostic!.Errors.Select(error => error.ToString()));
        Assert.Empty(read.Diagnostic.Warnings.Select(warning => warning.ToString()));
    }

    [Fact]
    public void Every_reference_has_a_target()
    {
        var references = Nodes(Contract.Root).OfType<JsonObject>().Where(node => node["$ref"] is JsonValue).Select(node => node["$ref"]!.GetValue<string>()).Distinct().ToList();

        Assert.NotEmpty(references);
        Assert.All(references, reference => OpenApiContract.Resolve(Contract.Root, reference));
    }

    [Fact]
    public void Every_component_is_referred_to()
    {
        var references = Nodes(Contract.Root).OfType<JsonObject>().Select(node => node["$ref"]).OfType<JsonValue>().Select(reference => reference.GetValue<string>());
        var components = from kind in Contract.Root["components"]!.AsObject()
                         where kind.Key != "securitySchemes"
                         from component in kind.Value!.AsObject()
                         select $"#/components/{kind.Key}/{component.Key}";

        // These responses belong to every path, and so to no single operation.
        Assert.Equal(["#/components/responses/Preflight", "#/components/responses/MethodNotAllowed"], components.Except(references));
    }

    [Fact]
    public void Operations_have_distinct_ids_and_the_required_members()
    {
        var operations = Contract.Operations.ToList();

        Assert.Equal(operations.Count, operations.Select(operation => operation.Operation["operationId"]!.GetValue<string>()).Distinct().Count());
        Assert.All(operations, operation =>
        {
            Assert.NotEmpty(operation.Operation["summary"]!.GetValue<string>());
            Assert.Contains(Media(operation.Operation), media => media.Example is not null);
            var parameters = (operation.Operation["parameters"]?.AsArray() ?? []).Concat(Contract.Root["paths"]![operation.Path]!["parameters"]?.AsArray() ?? [])
                .Select(parameter => Contract.Follow(parameter!)).Where(parameter => parameter["in"]!.GetValue<string>() == "path").Select(parameter => "{" + parameter["name"] + "}");
            Assert.Equal(operation.Path.Split('/').Where(segment => segment.StartsWith('{')).Order(), parameters.Order());
        });
    }

    [Fact]
    public void Every_schema_can_be_read()
    {
        var schemas = Contract.Root["components"]!["schemas"]!.AsObject().Select(schema => schema.Value!)
            .Concat(Nodes(Contract.Root["paths"]!).Concat(Nodes(Contract.Root["components"]!["parameters"]!)).Concat(Nodes(Contract.Root["components"]!["headers"]!))
                .OfType<JsonObject>().Select(node => node["schema"]).OfType<JsonObject>());

        Assert.All(schemas, schema => Assert.NotNull(Contract.Schemas.Build(schema)));
    }

    [Fact]
    public void Every_example_is_valid()
    {
        var examples = Contract.Operations.SelectMany(operation => Media(operation.Operation).Select(media => (operation.Path, operation.Method, media.Schema, media.Example)))
            .Where(media => media.Example is not null).ToList();

        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.Empty(Contract.Schemas.Validate(example.Schema, JsonSerializer.SerializeToElement(example.Example))));
    }

    [Fact]
    public void Every_response_requires_all_its_fields()
    {
        // The members that joins add to a chat message are present only on request.
        string[] optional = ["ChatMessage.sender", "ChatMessage.chatMessageFollowUps"];

        Assert.All(ResponseSchemas.All, schema =>
        {
            Assert.False(schema.Value["additionalProperties"]!.GetValue<bool>());
            Assert.Equal(
                ResponseSchemas.PropertiesOf(schema.Value).Where(name => !optional.Contains($"{schema.Key}.{name}")).Order(),
                schema.Value["required"]!.AsArray().Select(name => name!.GetValue<string>()).Order());
        });
    }

    /// <summary>Rates apply to every operation for API keys, and to tokens for them; others have no quota.</summary>
    [Fact]
    public void Every_operation_for_api_keys_may_be_refused_for_its_quota() =>
        Assert.All(Contract.Operations, one => Assert.Equal(
            one.Operation["security"]?.ToJsonString().Contains("bearerAuth", StringComparison.Ordinal) is true
                || one.Path.EndsWith("/oauth/token", StringComparison.Ordinal),
            one.Operation["responses"]!["429"] is not null));

    [Fact]
    public void The_document_has_the_apps_routes_and_no_others()
    {
        // Wherever GET is, HEAD is too; the document says so once.
        var app = from type in typeof(ParleyApp).Assembly.GetExportedTypes()
                  from method in type.GetMethods()
                  where method.GetCustomAttribute<FunctionAttribute>() is { } function && function.Name != "ZzCatchAll"
                  from parameter in method.GetParameters()
                  let trigger = parameter.GetCustomAttribute<HttpTriggerAttribute>()
                  where trigger is not null
                  from verb in trigger.Methods!
                  where verb != "head"
                  select $"{verb.ToUpperInvariant()} /{trigger.Route}";
        var routes = app.ToHashSet();
        var documented = Contract.Operations.Select(operation => $"{operation.Method} {operation.Path}").ToHashSet();

        Assert.True(
            routes.SetEquals(documented),
            $"Only in the app: {string.Join("; ", routes.Except(documented).Order())}\nOnly in the document: {string.Join("; ", documented.Except(routes).Order())}");
    }

    /// <summary>The bodies of an operation, with their first examples.</summary>
    private static IEnumerable<(JsonNode Schema, JsonNode? Example)> Media(JsonObject operation) =>
        from body in operation["responses"]!.AsObject().Select(response => Contract.Follow(response.Value!)).Append(operation["requestBody"])
        where body?["content"] is not null
        from media in body["content"]!.AsObject()
        let named = media.Value!["examples"]?.AsObject().First().Value
        select (media.Value!["schema"]!, media.Value["example"] ?? (named is null ? null : Contract.Follow(named)["value"]));

    private static IEnumerable<JsonNode> Nodes(JsonNode root) => root switch
    {
        JsonObject members => members.Select(member => member.Value).OfType<JsonNode>().SelectMany(Nodes).Prepend(root),
        JsonArray items => items.OfType<JsonNode>().SelectMany(Nodes).Prepend(root),
        _ => [root],
    };
}
