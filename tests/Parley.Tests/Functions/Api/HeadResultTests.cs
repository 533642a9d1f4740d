using Microsoft.AspNetCore.Http;
using Parley.Assistants.Completions;
using Parley.Assistants.Records;
using Parley.Core;
using Parley.Exports;
using Parley.Functions.Api.MaiAgent;
using Parley.Functions.Api.Responses;
using Parley.Functions.Api.Zaia;
using Parley.Spreadsheets;
using Xunit;
using Record = Parley.Assistants.Records.Record;

namespace Parley.Tests.Functions.Api;

/// <summary>A response without a body neither reads nor produces one: HEAD, and 304 to a conditional GET.</summary>
public class HeadResultTests
{
    private static readonly DateTimeOffset Time = DateTimeOffset.UnixEpoch;

    [Theory]
    [InlineData("HEAD", null, 200)]
    [InlineData("HEAD", "*", 304)]
    [InlineData("GET", "*", 304)]
    public async Task Nothing_is_read_for_a_body_that_is_not_sent(string method, string? tags, int status)
    {
        foreach (var result in new IResult[] { Array(), Records(), File(), Events() })
        {
            var context = new DefaultHttpContext();
            context.Request.Method = method;
            context.Request.Path = "/api/v1/x";
            context.Request.Headers.IfNoneMatch = tags;
            using var body = new MemoryStream();
            context.Response.Body = body;
            await result.ExecuteAsync(context);

            Assert.Equal(status, context.Response.StatusCode);
            Assert.Equal(0, body.Length);
            Assert.Equal(status == 304, context.Response.ContentType is null);
        }
    }

    [Fact]
    public async Task A_get_reads_the_body()
    {
        foreach (var result in new IResult[] { Array(), Records(), File(), Events() })
        {
            await Assert.ThrowsAsync<NotSupportedException>(() => result.ExecuteAsync(new DefaultHttpContext { Request = { Method = "GET" } }));
        }
    }

    private static JsonArrayResult<FollowUpResponse> Array() =>
        new(Unreadable<FollowUpResponse>(), ZaiaJson.Default.IAsyncEnumerableFollowUpResponse, "cursor") { Total = 1 };

    private static RecordsFileResult Records() => new(Unreadable<Record>(), new RecordTable(TableFormat.Xlsx, Language.EnUs));

    private static ExportFileResult File() => new(
        new Export
        {
            Key = new ExportKey(new TenantId(1), 1),
            Check = 1,
            Status = ExportStatus.Completed,
            RangeStart = Time,
            RangeEnd = Time,
            CallbackUrl = "https://example.com/",
            Language = Language.EnUs,
            Format = TableFormat.Csv,
            CreatedAt = Time,
            Sha256 = new string('a', 64),
            Bytes = 9,
            WriteId = "w",
        },
        () => throw new NotSupportedException());

    private static CompletionStream Events() => new(
        new Completion
        {
            Key = new MessageKey(new ConversationKey(new TenantId(1), 1), 1),
            Check = 1,
            ConversationCheck = 1,
            Chatbot = Guid.Empty,
            ChatbotName = "Bot",
            IsAutoReply = false,
            Status = CompletionStatus.Running,
            Attempt = 1,
            ProducerId = "p",
            CreatedAt = Time,
            DueAt = Time,
        },
        () => throw new NotSupportedException(),
        () => Task.CompletedTask,
        after: 0,
        CompletionForms.All.Parley.Event,
        TimeProvider.System)
    {
        Location = "https://example.com/",
    };

    private static async IAsyncEnumerable<T> Unreadable<T>()
    {
        await Task.CompletedTask;
        throw new NotSupportedException();
#pragma warning disable CS0162 // Makes the method an iterator.
        yield break;
#pragma warning restore CS0162
    }
}
