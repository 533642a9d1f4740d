using System.Text;
using Parley.Tests.Functions.Api.Effort;
using Xunit;

namespace Parley.Tests.Functions.Api;

/// <summary>A request that names what does not exist costs its lookup, and no upload.</summary>
public class LookupFirstTests
{
    private const int TwoBlocks = 5 * 1024 * 1024;

    [Theory]
    [InlineData("2")]
    [InlineData("not-an-id")]
    [InlineData("08000008-0000-4000-a000-000d217cec9d")]
    public async Task A_file_for_an_unknown_conversation_is_not_uploaded(string conversation)
    {
        var api = await InProcessApi.StartAsync();
        await api.SendAsync("POST", "/v1/conversations", new { });
        Assert.Equal(200, await UploadAsync(api, "1"));
        var before = api.Connection.Calls;

        Assert.Equal(404, await UploadAsync(api, conversation));

        // The read of the conversation's row, for an id that may exist.
        Assert.InRange(api.Connection.Calls - before, 0, 1);
    }

    [Fact]
    public async Task A_file_costs_as_many_calls_as_when_the_conversation_is_read_after_it()
    {
        var api = await InProcessApi.StartAsync();
        await api.SendAsync("POST", "/v1/conversations", new { });
        await UploadAsync(api, "1");
        var before = api.Connection.Calls;

        Assert.Equal(200, await UploadAsync(api, "1"));

        // Two reads of the head, two blocks, the schedule row, the commit of the blob, and the transaction.
        Assert.Equal(7, api.Connection.Calls - before);
    }

    private static async Task<int> UploadAsync(InProcessApi api, string conversation)
    {
        var context = api.NewRequest("POST", $"/v1/conversations/{conversation}/messages/media");
        context.Request.ContentType = "multipart/form-data; boundary=b";
        context.Request.Body = new MemoryStream(Encoding.ASCII.GetBytes(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n"
            + $"{new string('a', TwoBlocks)}\r\n--b--\r\n"));
        await api.Prepare(context)();
        return context.Response.StatusCode;
    }
}
