using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Parley.Testing.OpenApi;

/// <summary>A way in which a value is not what its schema says.</summary>
/// <param name="Place">A JSON pointer to the part of the value; empty for all of it.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record Deviation(string Place, string Reason);

/// <summary>
/// A JSON Schema (draft 2020-12), of the keywords that docs/openapi.yaml is written in. Any other keyword, type or format is an
/// error when the schema is read, so that nothing is passed over in silence. Formats are assertions here.
/// </summary>
public sealed class Schema
{
    private static readonly string[] Annotations = ["description", "title", "default", "example", "examples", "deprecated"];

    private static readonly Dictionary<string, Func<JsonElement, bool>> Types = new()
    {
        ["object"] = value => value.ValueKind == JsonValueKind.Object,
        ["array"] = value => value.ValueKind == JsonValueKind.Array,
        ["string"] = value => value.ValueKind == JsonValueKind.String,
        ["boolean"] = value => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        ["null"] = value => value.ValueKind == JsonValueKind.Null,
        ["number"] = value => value.ValueKind == JsonValueKind.Number,
        ["integer"] = value => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
    };

    private static readonly Dictionary<string, Func<JsonElement, bool>> Formats = new()
    {
        ["uuid"] = value => !IsText(value) || Guid.TryParseExact(value.GetString(), "D", out _),
        ["uri"] = value => !IsText(value) || Uri.IsWellFormedUriString(value.GetString(), UriKind.Absolute),
        ["date-time"] = value => !IsText(value) || (value.TryGetDateTimeOffset(out _) && value.TryGetDateTime(out var time) && time.Kind != DateTimeKind.Unspecified),
        ["int32"] = value => value.ValueKind != JsonValueKind.Number || value.TryGetInt32(out _),
        ["int64"] = value => value.ValueKind != JsonValueKind.Number || value.TryGetInt64(out _),
        ["binary"] = _ => true,
    };

    private readonly JsonNode document;
    private readonly List<Action<JsonElement, string, List<Deviation>>> checks = [];
    private readonly Dictionary<string, Schema> properties = [];
    private Schema? items;
    private Schema? others;
    private bool closed;

    /// <summary>Reads a schema and all below it.</summary>
    /// <param name="document">What <c>$ref</c> points into.</param>
    /// <param name="schema">The schema's own part of it.</param>
    /// <exception cref="NotSupportedException">A keyword, type or format that this reader does not know.</exception>
    public Schema(JsonNode document, JsonNode schema)
    {
        this.document = document;
        foreach (var (keyword, value) in schema.AsObject())
        {
            Read(keyword, value!);
        }
    }

    /// <summary>What is wrong with a value; empty when nothing is.</summary>
    public IReadOnlyList<Deviation> Validate(JsonElement value)
    {
        var deviations = new List<Deviation>();
        Validate(value, "", deviations);
        return deviations;
    }

    private static bool IsText(JsonElement value) => value.ValueKind == JsonValueKind.String;

    private void Validate(JsonElement value, string pointer, List<Deviation> deviations)
    {
        foreach (var check in checks)
        {
            check(value, pointer, deviations);
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in value.EnumerateObject())
            {
                var at = $"{pointer}/{member.Name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
                if ((properties.GetValueOrDefault(member.Name) ?? others) is { } schema)
                {
                    schema.Validate(member.Value, at, deviations);
                }
                else if (closed)
                {
                    deviations.Add(new Deviation(at, "is not documented"));
                }
            }
        }
        else if (value.ValueKind == JsonValueKind.Array && items is not null)
        {
            foreach (var (i, item) in value.EnumerateArray().Index())
            {
                items.Validate(item, $"{pointer}/{i}", deviations);
            }
        }
    }

    private void Read(string keyword, JsonNode value)
    {
        switch (keyword)
        {
            case "$ref":
                // Read when it is first needed: schemas may be recursive.
                var target = new Lazy<Schema>(() => new Schema(document, OpenApiContract.Resolve(document, value.GetValue<string>())));
                checks.Add((element, pointer, deviations) => target.Value.Validate(element, pointer, deviations));
                break;
            case "type":
                var names = value is JsonArray several ? several.Select(name => name!.GetValue<string>()).ToList() : [value.GetValue<string>()];
                var types = names.ConvertAll(name => Known(Types, name));
                Check(element => types.Any(type => type(element)), $"must be {string.Join(" or ", names)}");
                break;
            case "format":
                Check(Known(Formats, value.GetValue<string>()), $"must be of format {value}");
                break;
            case "enum":
                Check(element => value.AsArray().Any(allowed => JsonNode.DeepEquals(allowed, JsonNode.Parse(element.GetRawText()))), $"must be one of {value.ToJsonString()}");
                break;
            case "pattern":
                var pattern = new Regex(value.GetValue<string>(), RegexOptions.ECMAScript, TimeSpan.FromSeconds(1));
                Check(element => !IsText(element) || pattern.IsMatch(element.GetString()!), $"must match {value}");
                break;
            case "minLength" or "maxLength":
                CheckSize(keyword, value, element => IsText(element) ? element.GetString()!.EnumerateRunes().Count() : null);
                break;
            case "minItems" or "maxItems":
                CheckSize(keyword, value, element => element.ValueKind == JsonValueKind.Array ? element.GetArrayLength() : null);
                break;
            case "minimum" or "maximum":
                CheckSize(keyword, value, element => element.ValueKind == JsonValueKind.Number ? element.GetDecimal() : null);
                break;
            case "required":
                foreach (var name in value.AsArray().Select(name => name!.GetValue<string>()))
                {
                    Check(element => element.ValueKind != JsonValueKind.Object || element.TryGetProperty(name, out _), $"lacks the member {name}");
                }

                break;
            case "properties":
                foreach (var (name, schema) in value.AsObject())
                {
                    properties.Add(name, new Schema(document, schema!));
                }

                break;
            case "additionalProperties" when value is JsonObject:
                others = new Schema(document, value);
                break;
            case "additionalProperties":
                closed = !value.GetValue<bool>();
                break;
            case "items":
                items = new Schema(document, value);
                break;
            case "anyOf":
                var branches = value.AsArray().Select(branch => new Schema(document, branch!)).ToList();
                checks.Add((element, pointer, deviations) => ValidateAny(branches, element, pointer, deviations));
                break;
            default:
                if (!Annotations.Contains(keyword))
                {
                    throw new NotSupportedException($"The schema keyword '{keyword}' is not known to this validator.");
                }

                break;
        }
    }

    /// <summary>Of the branches that do not fit, the one that gets furthest tells what is wrong.</summary>
    private static void ValidateAny(List<Schema> branches, JsonElement value, string pointer, List<Deviation> deviations)
    {
        List<Deviation>? closest = null;
        foreach (var branch in branches)
        {
            var found = new List<Deviation>();
            branch.Validate(value, pointer, found);
            if (found.Count == 0)
            {
                return;
            }

            if (closest is null || found[0].Place.Length > closest[0].Place.Length)
            {
                closest = found;
            }
        }

        deviations.AddRange(closest!);
    }

    private void CheckSize(string keyword, JsonNode value, Func<JsonElement, decimal?> measure)
    {
        var bound = value.GetValue<long>();
        Check(
            element => measure(element) is not { } size || (keyword.StartsWith("min", StringComparison.Ordinal) ? size >= bound : size <= bound),
            string.Create(CultureInfo.InvariantCulture, $"breaks {keyword} {bound}"));
    }

    private void Check(Func<JsonElement, bool> holds, string reason) =>
        checks.Add((value, pointer, deviations) =>
        {
            if (!holds(value))
            {
                deviations.Add(new Deviation(pointer, reason));
            }
        });

    private static T Known<T>(Dictionary<string, T> all, string name) =>
        all.TryGetValue(name, out var found) ? found : throw new NotSupportedException($"'{name}' is not known to this validator.");
}
