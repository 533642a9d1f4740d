using System.Text.Json;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.Tests.Compatibility;

/// <summary>
/// The OpenAPI document specifies the type of a field, not its value. The golden responses contain values, so each
/// field must have a value there.
/// </summary>
public class RecordedFieldsTests
{
    /// <summary>Fields that are always null, null until the app is published, or until a deletion has ended.</summary>
    private static readonly HashSet<string> AlwaysNull =
    [
        "Chat.responderPicture",
        "Chat.responderVersion",
        "Chat.responderVersionId",
        "File.description",
        "File.group_id",
        "File.temporary_thumbnail_url",
        "File.deleted_at",
        "Record.condenseMessage",
        "Version.built",
        "TenantDeletion.finishedAt",
        "TenantErasure.finishedAt",

        // Only a quota gives it a value, which has an answer of its own.
        "RateLimitProblem.violated-policies",

        // Only an access token of another issuer gives them a value: IssuerTests.
        "AuditEntry.issuer",
        "AuditEntry.subject",
    ];

    private static readonly ILookup<string, string> FieldsByPath = ReadFields();

    [Fact]
    public void Every_field_of_every_response_has_a_value_in_the_golden_responses()
    {
        var everywhere = FieldsByPath.SelectMany(path => path).ToHashSet();
        var schemas = new ResponseSchemas(OpenApiContract.Document);
        var missing =
            from schema in schemas.All
            let recorded = schema.Key is "Problem" or "RateLimitProblem"
                ? everywhere
                : schemas.PathsOf[schema.Key].SelectMany(path => FieldsByPath[path]).ToHashSet()
            from property in ResponseSchemas.PropertiesOf(schema.Value)
            where !recorded.Contains(property) && !AlwaysNull.Contains($"{schema.Key}.{property}")
            select $"{schema.Key}.{property}";

        Assert.True(!missing.Any(), $"Without a value: {string.Join(", ", missing)}");
    }

    private static ILookup<string, string> ReadFields()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(OperationResponsesTests.GoldenPath));
        return golden.RootElement.EnumerateArray()
            .Where(entry => entry.TryGetProperty("operation", out var operation) && operation.ValueKind == JsonValueKind.String)
            .SelectMany(entry => Fields(entry.GetProperty("body"))
                .Select(field => (Path: entry.GetProperty("operation").GetString()!.Split(' ')[1], Field: field)))
            .ToLookup(one => one.Path, one => one.Field);
    }

    /// <summary>The names of all members with a value, at any depth, also in the lines of a stream.</summary>
    private static IEnumerable<string> Fields(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                return value.EnumerateObject().SelectMany(member =>
                    member.Value.ValueKind == JsonValueKind.Null ? [] : Fields(member.Value).Prepend(member.Name));
            case JsonValueKind.Array:
                return value.EnumerateArray().SelectMany(Fields);
            case JsonValueKind.String:
                return value.GetString()!.Split('\n')
                    .Select(line => line.StartsWith("data: ", StringComparison.Ordinal) ? line["data: ".Length..] : line)
                    .Where(line => line.StartsWith('{'))
                    .SelectMany(line => Fields(JsonElement.Parse(line)));
            default:
                return [];
        }
    }
}
