using System.Text;
using Microsoft.AspNetCore.Http;
using Parley.Core;
using Parley.Functions.Api.Requests;
using Xunit;

namespace Parley.Tests.Functions.Api.Requests;

public class RequestBodyTests
{
    private const string Json = """{"a":"né"}""";

    [Theory]
    [InlineData("")]
    [InlineData("application/json")]
    [InlineData("APPLICATION/JSON; CHARSET=UTF-8")]
    [InlineData("application/json; charset=utf8")]
    [InlineData("application/json;charset=us-ascii")]
    [InlineData("application/json; charset=\"utf-8\"")]
    [InlineData("application/json; charset=iso-8859-1")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/json; charset=x-unknown")]
    [InlineData("application/json; charset=")]
    [InlineData("application/json; charset=utf-8; charset=utf8")]
    [InlineData("application/json; charset=\"utf-8")]
    [InlineData("application/json; utf-8")]
    [InlineData("application/json;")]
    [InlineData("application/json ; odata.metadata=minimal")]
    [InlineData("application/merge-patch+json; charset=utf8")]
    public async Task A_parameter_of_the_media_type_has_no_effect(string type) =>
        Assert.Equal("né", (await ReadAsync(Encoding.UTF8.GetBytes(Json), type)).Text("a", 0, 9));

    [Theory]
    [InlineData("text/plain")]
    [InlineData("text/plain; charset=application/json")]
    [InlineData("application/jsonp")]
    [InlineData("application")]
    [InlineData("application/json charset=utf-8")]
    [InlineData("; charset=utf-8")]
    [InlineData("application/x-www-form-urlencoded; charset=utf-8")]
    public async Task Another_media_type_is_refused(string type) => Assert.Equal(
        ErrorCode.UnsupportedMediaType,
        (await Assert.ThrowsAsync<ParleyException>(() => ReadAsync(Encoding.UTF8.GetBytes(Json), type))).Code);

    [Fact]
    public async Task A_byte_order_mark_is_skipped() =>
        Assert.Equal("né", (await ReadAsync([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Json)])).Text("a", 0, 9));

    [Fact]
    public async Task Only_one_mark_before_a_body_in_utf_8_is_skipped()
    {
        byte[] mark = [0xEF, 0xBB, 0xBF];

        Assert.Contains("line 1", await RefusalAsync(mark), StringComparison.Ordinal);
        Assert.Contains("line 1", await RefusalAsync([.. mark, .. mark, .. "{}"u8]), StringComparison.Ordinal);
        Assert.Contains("line 1", await RefusalAsync([.. "{}"u8, .. mark]), StringComparison.Ordinal);
        Assert.Contains("not valid UTF-8", await RefusalAsync([0xEF, 0xBB, .. "{}"u8]), StringComparison.Ordinal);
        Assert.Contains("not valid UTF-8", await RefusalAsync([.. "{\"a\":\""u8, 0xE9, .. "\"}"u8]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-32")]
    [InlineData("utf-32BE")]
    public async Task Utf_16_and_utf_32_are_refused_by_name(string name)
    {
        var encoding = Encoding.GetEncoding(name);
        var text = encoding.GetBytes(Json);

        Assert.Contains("send UTF-8", await RefusalAsync(text), StringComparison.Ordinal);
        Assert.Contains("send UTF-8", await RefusalAsync([.. encoding.GetPreamble(), .. text]), StringComparison.Ordinal);
    }

    private static async Task<string> RefusalAsync(byte[] body)
    {
        var refusal = await Assert.ThrowsAsync<ParleyException>(() => ReadAsync(body));
        Assert.Equal(ErrorCode.MalformedJson, refusal.Code);
        return refusal.Message;
    }

    private static Task<Fields> ReadAsync(byte[] body, string type = "application/json")
    {
        var request = new DefaultHttpContext().Request;
        request.ContentType = type;
        request.Body = new MemoryStream(body);
        return RequestBody.ReadFieldsAsync(request, 1000);
    }
}
