using System.Text.Json;
using Json.Schema;
using Json.Schema.Keywords;

namespace Parley.Testing.OpenApi;

/// <summary>Asserts formats. Any format that docs/openapi.yaml does not use is unknown.</summary>
internal sealed class KnownFormatKeyword : FormatKeyword
{
    private static readonly Dictionary<string, Func<JsonElement, bool>> Formats = new()
    {
        ["uuid"] = value => !value.IsText() || Guid.TryParseExact(value.GetString(), "D", out _),
        ["uri"] = value => !value.IsText() || Uri.IsWellFormedUriString(value.GetString(), UriKind.Absolute),
        ["date-time"] = value => !value.IsText() || (value.TryGetDateTimeOffset(out _)
            && value.TryGetDateTime(out var time) && time.Kind != DateTimeKind.Unspecified),
        ["int32"] = value => !value.IsNumber() || value.TryGetInt32(out _),
        ["int64"] = value => !value.IsNumber() || value.TryGetInt64(out _),
        ["binary"] = _ => true,
    };

    public override object ValidateKeywordValue(JsonElement value) =>
        Formats.GetValueOrDefault(value.GetString()!)
            ?? throw new JsonSchemaException($"The format '{value}' is unknown.");

    public override KeywordEvaluation Evaluate(KeywordData keyword, EvaluationContext context)
    {
        var isValid = (Func<JsonElement, bool>)keyword.Value!;
        return keyword.Require(isValid(context.Instance), $"must be of format {keyword.RawValue}");
    }
}

/// <summary>
/// Refuses integers that JSON Schema accepts and many clients cannot parse: 1.0, and numbers beyond 64 bits.
/// </summary>
internal sealed class Int64TypeKeyword : TypeKeyword, IKeywordHandler
{
    KeywordEvaluation IKeywordHandler.Evaluate(KeywordData keyword, EvaluationContext context)
    {
        var evaluation = Evaluate(keyword, context);
        var expected = (SchemaValueType)keyword.Value!;
        return evaluation.IsValid && context.Instance.IsNumber() && expected.HasFlag(SchemaValueType.Integer)
            ? keyword.Require(context.Instance.TryGetInt64(out _), "must be an integer of 64 bits without a fraction")
            : evaluation;
    }
}

/// <summary>
/// Counts code points, as JSON Schema does. The library counts grapheme clusters, of which there are fewer.
/// </summary>
internal sealed class CodePointMaxLengthKeyword : MaxLengthKeyword
{
    public override KeywordEvaluation Evaluate(KeywordData keyword, EvaluationContext context)
    {
        var holds = !context.Instance.IsText()
            || context.Instance.GetString()!.EnumerateRunes().Count() <= (long)keyword.Value!;
        return keyword.Require(holds, $"must be at most {keyword.Value}");
    }
}

file static class Extensions
{
    public static bool IsText(this JsonElement value) => value.ValueKind == JsonValueKind.String;

    public static bool IsNumber(this JsonElement value) => value.ValueKind == JsonValueKind.Number;

    public static KeywordEvaluation Require(this KeywordData keyword, bool holds, string error) =>
        new() { Keyword = keyword.Handler.Name, IsValid = holds, Error = holds ? null : error };
}
