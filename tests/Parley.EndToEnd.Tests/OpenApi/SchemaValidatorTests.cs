using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.EndToEnd.Tests.OpenApi;

public class SchemaValidatorTests
{
    [Theory]
    [InlineData("""{"enum":["a",1]}""", "1", null)]
    [InlineData("""{"enum":["a",1]}""", "\"b\"", " enum: ")]
    [InlineData("""{"type":["integer","null"]}""", "null", null)]
    [InlineData("""{"type":["integer","null"]}""", "-9223372036854775808", null)]
    [InlineData("""{"type":["integer","null"]}""", "1.0", " type: must be an integer")]
    [InlineData("""{"type":"number"}""", "1.5", null)]
    [InlineData("""{"format":"int32"}""", "2147483648", " format: must be of format int32")]
    [InlineData("""{"format":"int64"}""", "9223372036854775808", " format: must be of format int64")]
    [InlineData("""{"format":"uri"}""", "\"http://a.example/b\"", null)]
    [InlineData("""{"format":"uri"}""", "\"/b\"", " format: must be of format uri")]
    [InlineData("""{"format":"uuid"}""", "\"5b1f2a369d0a4f5e8a552f6f0a1b2c31\"", " format: must be of format uuid")]
    [InlineData("""{"format":"date-time"}""", "\"2026-01-31T12:00:00+01:00\"", null)]
    [InlineData("""{"format":"date-time"}""", "\"2026-01-31T12:00:00\"", " format: must be of format date-time")]
    [InlineData("""{"format":"date-time"}""", "\"2026-01-31 12:00:00Z\"", " format: must be of format date-time")]
    [InlineData("""{"pattern":"^\\d$"}""", "\"\u0663\"", " pattern: ")]
    [InlineData("""{"maxLength":1}""", "\"\ud83d\ude00\"", null)]
    [InlineData("""{"maxLength":1}""", "\"e\u0301\"", " maxLength: must be at most 1")]
    [InlineData("""{"maxItems":1}""", "[1,2]", " maxItems: ")]
    [InlineData("""{"minItems":1}""", "[]", " minItems: ")]
    [InlineData("""{"maximum":1}""", "2", " maximum: ")]
    [InlineData("""{"items":{"type":"string"}}""", """["a",1]""", "/1 type: ")]
    [InlineData("""{"additionalProperties":{"minLength":1}}""", """{"a/~b":""}""", "/a~1~0b minLength: ")]
    [InlineData("""{"properties":{"a":{}},"additionalProperties":false}""", """{"A":1}""", "/A additionalProperties: ")]
    [InlineData("""{"properties":{"a":{"$ref":"#"}},"type":"object"}""", """{"a":{"a":1}}""", "/a/a type: ")]
    [InlineData("""{"items":{"$ref":"#/$defs/x~1{y}"},"$defs":{"x/{y}":{"type":"null"}}}""", """["bb"]""", "/0 type: ")]
    [InlineData("""{"items":{"$ref":"#/$defs/x","maxLength":1},"$defs":{"x":{}}}""", """["bb"]""", "/0 maxLength: ")]
    [InlineData("""{"anyOf":[{"type":"string"},{"type":"null"}]}""", "null", null)]
    [InlineData("""{"anyOf":[{"items":{"type":"string"}},{"type":"null"}]}""", "[1]", "/0 type: ")]
    public void A_value_is_validated_against_its_schema(string schema, string value, string? expected)
    {
        var document = JsonNode.Parse(schema)!;

        var deviations = new SchemaValidator(document)
            .Validate(document, JsonSerializer.Deserialize<JsonElement>(value))
            .Select(deviation => $"{deviation.Place} {deviation.Reason}").ToList();

        if (expected is null)
        {
            Assert.Empty(deviations);
        }
        else
        {
            Assert.Contains(deviations, deviation => deviation.StartsWith(expected, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_branch_that_does_not_match_is_no_deviation_when_another_branch_does()
    {
        const string Schema = """{"properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}},"required":["b"]}""";
        var document = JsonNode.Parse(Schema)!;
        var value = JsonSerializer.SerializeToElement(new { a = (string?)null });

        var deviation = Assert.Single(new SchemaValidator(document).Validate(document, value));

        Assert.Equal("", deviation.Place);
        Assert.StartsWith("required: ", deviation.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"oneOf":[]}""")]
    [InlineData("""{"nullable":true}""")]
    [InlineData("""{"items":{"minimun":1}}""")]
    [InlineData("""{"format":"hostname"}""")]
    [InlineData("""{"properties":{"a":{"format":"int31"}}}""")]
    [InlineData("""{"type":"text"}""")]
    [InlineData("""{"minLength":"1"}""")]
    [InlineData("""{"properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"minimun":1}}}""")]
    public void A_schema_with_anything_unknown_or_invalid_cannot_be_built(string schema)
    {
        var document = JsonNode.Parse(schema)!;

        Assert.Throws<JsonSchemaException>(() => new SchemaValidator(document).Build(document));
    }
}
