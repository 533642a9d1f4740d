using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Parley.Core;
using Parley.Functions.Api.Requests;
using Xunit;

namespace Parley.Tests.Functions.Api;

public class FieldsTests
{
    [Fact]
    public void Every_invalid_field_is_named()
    {
        var fields = Parse("""{"a":1,"b":"","c":"xxxx","d":"x","e":[1],"f":true,"g":"soon","h":-5}""");
        fields.Text("a", 0, 10);
        fields.Text("b", 1, 10);
        fields.Text("c", 0, 3);
        fields.Uuid("d");
        fields.Texts("e");
        fields.Object("f", 10);
        fields.Time("g");
        fields.Id("h");
        fields.RequiredText("missing", 1, 2);

        var problem = Assert.Throws<ParleyException>(fields.ThrowIfInvalid);

        Assert.Equal(ErrorCode.InvalidFields, problem.Code);
        Assert.Equal(["a", "b", "c", "d", "e", "f", "g", "h", "missing"], problem.FieldErrors!.Keys);
    }

    [Fact]
    public void Null_is_absent_and_unknown_members_are_ignored()
    {
        var fields = Parse("""{"a":null,"unknown":[{}]}""");

        Assert.Null(fields.Text("a", 1, 1));
        Assert.Null(fields.Object("a", 1));
        fields.ThrowIfInvalid();
    }

    [Theory]
    [InlineData("""{"web_chat":"x"}""", "webChat")]
    [InlineData("""{"webChat":"x"}""", "web_chat")]
    [InlineData("""{"webChat":"x"}""", "webChat")]
    [InlineData("""{"web_chat":null,"webChat":"x"}""", "webChat")]
    [InlineData("""{"webChat":null,"web_chat":"x"}""", "webChat")]
    public void Either_spelling_is_read(string json, string name) => Assert.Equal("x", Parse(json).Text(name, 0, 1));

    [Theory]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"a":"\udc00x"}""")]
    [InlineData("""{"a":"x\u0000"}""")]
    public void Half_characters_and_nul_are_refused(string json)
    {
        var fields = Parse(json);

        Assert.Null(fields.Text("a", 0, 10));
        Assert.Throws<ParleyException>(fields.ThrowIfInvalid);
    }

    [Theory]
    [InlineData("""{"a":{"x":"\ud800"}}""")]
    [InlineData("""{"a":{"\ud800":1}}""")]
    public void Half_characters_inside_objects_are_refused(string json)
    {
        var fields = Parse(json);

        Assert.Null(fields.Object("a", 100));
        Assert.Throws<ParleyException>(fields.ThrowIfInvalid);
    }

    [Theory]
    [InlineData("""{"a": { "b" : [1, 2.50, "\u00e9 x"], "c": null }}""")]
    [InlineData("""{"a":{"b":[1,2.50,"é x"],"c":null}}""")]
    public void Objects_are_kept_as_compact_text(string json) => Assert.Equal("""{"b":[1,2.50,"é x"],"c":null}""", Parse(json).Object("a", 100));

    [Theory]
    [InlineData("4194305", "4194305")]
    [InlineData("\"4194305\"", "4194305")]
    [InlineData("\"08000008-0000-4000-a000-000d217cec9d\"", "08000008-0000-4000-a000-000d217cec9d")]
    [InlineData("1.5", null)]
    [InlineData("0", null)]
    [InlineData("{}", null)]
    public void Ids_are_read_in_either_form(string json, string? expected) => Assert.Equal(expected, Parse($$"""{"id":{{json}}}""").Id("id"));

    [Theory]
    [InlineData("0", 0d)]
    [InlineData("2", 2d)]
    [InlineData("2.0", 2d)]
    [InlineData("0.7", 0.7)]
    [InlineData("1e-3", 0.001)]
    [InlineData("null", null)]
    public void Numbers_within_their_bounds_are_read(string json, double? expected)
    {
        var fields = Parse($$"""{"n":{{json}}}""");

        Assert.Equal(expected, fields.Number("n", 0, 2));
        fields.ThrowIfInvalid();
    }

    [Theory]
    [InlineData("-0.1")]
    [InlineData("2.0000001")]
    [InlineData("1e400")]
    [InlineData("-1e400")]
    [InlineData("\"1\"")]
    [InlineData("true")]
    [InlineData("[1]")]
    public void Numbers_out_of_bounds_and_other_values_are_refused(string json)
    {
        var fields = Parse($$"""{"n":{{json}}}""");

        Assert.Null(fields.Number("n", 0, 2));
        Assert.Equal(["Must be a number from 0 to 2."], Assert.Throws<ParleyException>(fields.ThrowIfInvalid).FieldErrors!["n"]);
    }

    [Theory]
    [InlineData("1e400")]
    [InlineData("-1e400")]
    public void A_number_must_be_finite_even_with_infinite_bounds(string json) =>
        Assert.Null(Parse($$"""{"n":{{json}}}""").Number("n", double.NegativeInfinity, double.PositiveInfinity));

    [Theory]
    [InlineData("2027-01-01T00:00:00Z", true)]
    [InlineData("2027-01-01T00:00:00-03:00", true)]
    [InlineData("2027-01-01T00:00:00", false)]
    [InlineData("2027-01-01", false)]
    [InlineData("tomorrow", false)]
    public void A_time_must_have_an_offset(string text, bool valid) => Assert.Equal(valid, Parse($$"""{"at":"{{text}}"}""").Time("at") is not null);

    [Theory]
    [InlineData("2026-01-01t00:00:00z", "2026-01-01T00:00:00Z")]
    [InlineData("2026-01-01 00:00:00.5Z", "2026-01-01T00:00:00.5Z")]
    [InlineData("2026-01-01T23:59:60Z", "2026-01-02T00:00:00Z")]
    [InlineData("2026-01-01T00:00:00-23:59", "2026-01-01T23:59:00Z")]
    [InlineData("1601-01-01T00:00:00Z", "1601-01-01T00:00:00Z")]
    [InlineData("1601-01-01T00:00:00+00:01", null)]
    [InlineData("1600-12-31T23:59:59Z", null)]
    [InlineData("0000-01-01T00:00:00Z", null)]
    [InlineData("9999-12-31T23:59:60Z", null)]
    [InlineData("2026-01-01T00:00:00 02:00", null)]
    [InlineData("\\ud800", null)]
    public void A_time_has_any_spelling_of_rfc_3339(string sent, string? expected)
    {
        var fields = Parse($$"""{"at":"{{sent}}"}""");

        Assert.Equal(expected is null ? null : DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture), fields.Time("at"));
        Assert.Equal(expected is null, fields.IsInvalid);
    }

    [Theory]
    [InlineData("2026-01-01T02:00:00+02:00")]
    [InlineData("2026-01-01T02:00:00 02:00")]
    [InlineData("2026-01-01 02:00:00 02:00")]
    [InlineData("2026-01-01 00:00:00z")]
    public void In_a_query_a_space_may_be_a_plus_sign(string text)
    {
        var query = new QueryFields(new QueryCollection(new Dictionary<string, StringValues> { ["from"] = text }));

        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), query.Time("from"));
        query.ThrowIfInvalid();
    }

    [Theory]
    [InlineData("2026-01-01+00:00:00Z")]
    [InlineData("2026-01-01T00:00:00  02:00")]
    [InlineData("2026-01-01T00:00:00Z ")]
    [InlineData("2026-01-01")]
    public void Other_times_of_a_query_are_refused(string text)
    {
        var query = new QueryFields(new QueryCollection(new Dictionary<string, StringValues> { ["from"] = text }));

        Assert.Null(query.Time("from"));
        Assert.Equal(["from"], Assert.Throws<ParleyException>(query.ThrowIfInvalid).FieldErrors!.Keys);
    }

    private static Fields Parse(string json) => new(JsonElement.Parse(json));
}
