using System.Text;
using Parley.Core;
using Parley.Functions.Api.Dialects;
using Parley.Functions.Api.Responses;
using Xunit;

namespace Parley.Tests.Functions.Api;

/// <summary>The nesting of field errors is that of the body, as Django REST framework writes it.</summary>
public class DjangoProblemTests
{
    [Theory]
    [InlineData("content", """{"content":["x"]}""")]
    [InlineData("message.content", """{"message":{"content":["x"]}}""")]
    [InlineData("attachments.2.type", """{"attachments":[{},{},{"type":["x"]}]}""")]
    [InlineData("attachments.0.file attachments.0.type", """{"attachments":[{"file":["x"],"type":["x"]}]}""")]
    [InlineData("message.attachments.1.file", """{"message":{"attachments":[{},{"file":["x"]}]}}""")]
    [InlineData("message message.content", """{"message":["x"]}""")]
    [InlineData("attachments attachments.0.file", """{"attachments":["x"]}""")]
    [InlineData("a.10.b a.2.b", """{"a":[{},{},{"b":["x"]},{},{},{},{},{},{},{},{"b":["x"]}]}""")]
    [InlineData("first_name X-Tenant", """{"X-Tenant":["x"],"first_name":["x"]}""")]
    public void Field_errors(string paths, string expected)
    {
        var failure = new ParleyException(paths.Split(' ').ToDictionary(path => path, IReadOnlyList<string> (_) => ["x"]));

        var body = DjangoProblems.Create(failure, ProblemOf(422, failure));

        Assert.Equal((400, "application/json"), (body.Status, body.MediaType));
        Assert.Equal(expected, Encoding.UTF8.GetString(body.Json));
    }

    [Fact]
    public void Other_problems_keep_their_members()
    {
        var busy = ParleyException.Busy();
        var (status, mediaType, json) = DjangoProblems.Create(busy, ProblemOf(503, busy));

        Assert.Equal((503, "application/json"), (status, mediaType));
        Assert.Contains("\"detail\":\"é\"", Encoding.UTF8.GetString(json), StringComparison.Ordinal);
        Assert.Contains("\"status\":503", Encoding.UTF8.GetString(json), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cursor_that_the_list_did_not_return_is_not_found()
    {
        var invalid = ErrorCode.InvalidCursor.With("No.");
        var (status, _, json) = DjangoProblems.Create(invalid, ProblemOf(400, invalid));

        Assert.Equal(404, status);
        Assert.Contains("\"status\":404", Encoding.UTF8.GetString(json), StringComparison.Ordinal);
    }

    private static Problem ProblemOf(int status, ParleyException failure) =>
        new(failure.Code.TypeUri, failure.Code.Title, status, "é", failure.Code.Code, "é", failure.FieldErrors, new string('0', 32));
}
