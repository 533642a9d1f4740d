using System.Net;
using Parley.Testing;
using Parley.Testing.Spreadsheets;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

/// <summary>The workbook of an export, opened by every reader and compared cell by cell.</summary>
public class ExportReaderTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Fact]
    public async Task Net_readers_open_an_export() => await AssertOpenAsync(WorkbookReader.OfDotNet);

    [Fact]
    [Trait(nameof(Needs), Needs.Readers)]
    public async Task Npm_readers_open_an_export() => await AssertOpenAsync(NpmReaders.All);

    private async Task AssertOpenAsync(IReadOnlyList<WorkbookReader> readers)
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var client = await parley.NewTenantClientAsync("Readers");
        var titles = new[] { "=1+1", "two\r\nlines", null, " _x0041_ " };
        foreach (var title in titles)
        {
            await client.NewConversationAsync(new { title });
        }

        var messages = new List<ExportedMessage>();
        for (var i = 0; messages.Count < 200; i++)
        {
            var (conversation, content) = (1 + (i % titles.Length), NastyTexts.At(i));
            var externalId = i % 3 == 0 ? $"=ext-{i}" : null;

            // Zaia's path takes short bodies only.
            var isLong = content.Length > 10_000;
            var role = i % 2 == 0 || isLong ? "customer" : "assistant";
            await (isLong
                ? client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation, content }, HttpStatusCode.Created)
                : client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = conversation, content, role = role == "customer" ? "user" : role, externalId }));
            messages.Add(new(
                conversation, titles[conversation - 1], (i / titles.Length) + 1, default, role, null, content, ExternalId: isLong ? null : externalId));
        }

        messages = [.. messages.OrderBy(message => message.Conversation)];
        var times = new List<DateTimeOffset>();
        foreach (var chat in Enumerable.Range(1, titles.Length))
        {
            times.AddRange((await client.ArrayAsync($"v1/chat-messages?chatId={chat}&limit=100")).Items.Select(item => ApiHelpers.Time(item!["createdAt"])));
        }

        Assert.Equal(messages.Count, times.Count);
        messages = [.. messages.Zip(times, (message, time) => message with { Time = time })];
        foreach (var language in new[] { "enUs", "ptBr", "zhTw" })
        {
            var export = await client.WithWebhookAsync(await client.ExportAsync(new { callbackUrl = receiver.Url(), format = "xlsx", language }));
            await WorkbookAssert.HasAsync(await client.FileAsync(export), [ExportedFiles.Sheet(messages, language)], readers);
        }
    }
}
