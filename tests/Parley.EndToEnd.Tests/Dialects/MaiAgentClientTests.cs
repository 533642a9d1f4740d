using System.Text.Json.Nodes;
using Parley.EndToEnd.Tests.MaiAgent;
using Parley.Testing;
using Parley.Testing.Spreadsheets;
using Xunit;

namespace Parley.EndToEnd.Tests.Dialects;

/// <summary>
/// A client of MaiAgent does its main flow from an empty store, with only its base URL and its key changed.
/// </summary>
public class MaiAgentClientTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private static readonly string[] Headings =
    [
        "ID", "用戶輸入訊息", "修飾輸入訊息", "型態", "參考資料", "輸出訊息", "誠實性評分", "回答相關性評分", "回答正確性評分", "回答相似性評分", "參考資料相關性評分",
        "參考資料召回率評分", "回覆花費時間", "建立時間",
    ];

    [Theory]
    [InlineData("")]
    [InlineData("v1/")]
    public async Task Main_flow(string version)
    {
        var tenant = await parley.NewMaiAgentAsync($"MaiAgent {version}");
        using var client = new MaiAgentVendorClient($"{parley.Api}{version}", tenant.Key);
        Assert.Empty((await client.ListConversationsAsync()).Results);
        Assert.Equal(0, (await client.NewestMessagesAsync()).Count);
        await tenant.Parley.NewChatbotAsync(new { name = "Helper" });
        var chatbots = await client.ListChatbotsAsync();
        var chatbot = Assert.Single(chatbots.Results);
        Assert.Equal((1, "Helper"), (chatbots.Count, chatbot.Name));

        // A conversation in the chatbot's web chat, and a message that it answers.
        var conversation = await client.CreateConversationAsync($"{chatbot.Id}");
        var sent = await client.SendMessageAsync($"{conversation.Id}", "/words 3 /pace 0");
        Assert.Equal(("incoming", "/words 3 /pace 0", conversation.Id), (sent.Type, sent.Content, sent.Conversation));
        var messages = await CompletionCalls.UntilAsync(
            () => client.ListMessagesAsync($"{conversation.Id}", pageSize: 1), all => all.Count == 2);
        var reply = Assert.Single(messages, message => message.Type == "outgoing");
        Assert.Equal("word1 word2 word3", reply.Content);
        Assert.Equal("Helper", reply.Sender.Name);
        Assert.Equal(conversation.Contact.Name, sent.Sender.Name);

        // A streamed completion in the same conversation, and one in a new conversation that is not.
        var frames = await client.StreamAsync($"{chatbot.Id}", $"{conversation.Id}", "/words 2 /pace 0").ToListAsync();
        Assert.Equal("word1 word2", string.Concat(frames.Where(frame => !Done(frame)).Select(frame => $"{frame["content"]}")));
        Assert.True(Done(frames[^1]));
        Assert.All(frames, frame => Assert.Equal($"{conversation.Id}", $"{frame["conversation_id"]}"));
        var whole = await client.CompleteAsync($"{chatbot.Id}", "", "/words 1 /pace 0");
        Assert.Equal("word1", $"{whole["content"]}");
        Assert.NotEqual($"{conversation.Id}", $"{whole["conversationId"]}");
        Assert.Equal(4, (await client.ListMessagesAsync($"{conversation.Id}", pageSize: 100)).Count);

        // What the tenant has now.
        Assert.Equal(6, (await client.NewestMessagesAsync()).Count);
        var listed = (await client.ListConversationsAsync()).Results;
        Assert.Equal(2, listed.Count);
        var first = Assert.Single(listed, one => one.Id == conversation.Id);
        Assert.Equal("word1 word2", first.LastMessage!.Content);
        var records = await client.ListRecordsAsync($"{chatbot.Id}", page: 1, pageSize: 10);
        Assert.Equal((3, 3), (records.Count, records.Results.Count));
        Assert.Equal("/words 1 /pace 0", records.Results[0].InputMessage);
        var sheet = Assert.Single(await WorkbookReader.OfDotNet[0].ReadAsync(await client.DownloadRecordsAsync($"{chatbot.Id}")));
        Assert.Equal(Headings, sheet[0]);
        Assert.Equal(4, sheet.Count);
        Assert.Equal(["New", "Follow", "New"], sheet.Skip(1).Select(row => row[3]));
        Assert.Equal(records.Results.Select(record => $"{record.Id}"), sheet.Skip(1).Select(row => row[0]));
    }

    private static bool Done(JsonNode frame) => frame["done"]!.GetValue<bool>();
}
