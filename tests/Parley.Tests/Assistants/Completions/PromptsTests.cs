using System.Text;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Files;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>What a provider is told of a conversation.</summary>
public sealed class PromptsTests : IAsyncLifetime, IDisposable
{
    private readonly VirtualTime time = new();
    private readonly ParleyProcess process;
    private readonly FileStore files;
    private EntityRef<ConversationKey> conversation;

    public PromptsTests()
    {
        var connection = new StrictTables(time).Connect();
        process = new ParleyProcess(connection, time, seed: 1);
        files = new FileStore(new StrictBlobs(time).ServiceClient(connection), time, new RandomSource(1));
    }

    public async Task InitializeAsync()
    {
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        await files.CreateIfNotExistsAsync(CancellationToken.None);
        var (created, _) = await process.Creation.CreateAsync(new TenantId(1), new(null, null, null, null, null, null, null), null, CancellationToken.None);
        conversation = new EntityRef<ConversationKey>(created.Key, null);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task Instructions_come_first_and_the_message_last()
    {
        await SayAsync(MessageRole.Customer, "Hello.");
        await SayAsync(MessageRole.Assistant, "How can I help?");
        await SayAsync(MessageRole.Staff, "I am listening, too.");
        Assert.Equal(
            ["system: Be brief.", "user: Hello.", "assistant: How can I help?", "assistant: I am listening, too.", "user: Where is it?"],
            await BuildAsync(await SayAsync(MessageRole.Customer, "Where is it?"), instructions: "Be brief."));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public async Task Without_instructions_and_history_there_is_the_message_alone(string? instructions) =>
        Assert.Equal(["user: Hello."], await BuildAsync(await SayAsync(MessageRole.Customer, "Hello."), instructions));

    [Fact]
    public async Task What_comes_after_the_message_and_what_is_deleted_is_left_out()
    {
        var deleted = await SayAsync(MessageRole.Customer, "My PIN is 1234.");
        await process.Change.DeleteAsync(conversation, $"{deleted.Id}", "customer", null, CancellationToken.None);
        await SayAsync(MessageRole.Assistant, "Noted.");
        var asked = await SayAsync(MessageRole.Customer, "Really?");
        await SayAsync(MessageRole.Assistant, "Half of a repl");
        Assert.Equal(["assistant: Noted.", "user: Really?"], await BuildAsync(asked));
    }

    // A message is four tokens, and one more for every three bytes that it begins: 6, 6 and 5.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(4, 0)]
    [InlineData(5, 1)]
    [InlineData(10, 1)]
    [InlineData(11, 2)]
    [InlineData(16, 2)]
    [InlineData(17, 3)]
    public async Task History_goes_back_as_far_as_the_budget(int tokens, int messages)
    {
        string[] before = ["abcd", "€€", "abc"];
        foreach (var text in before)
        {
            await SayAsync(MessageRole.Customer, text);
        }

        var asked = await SayAsync(MessageRole.Customer, new string('x', 1000));
        Assert.Equal([.. before.TakeLast(messages).Select(text => $"user: {text}"), $"user: {asked.Text}"], await BuildAsync(asked, tokens: tokens));
    }

    [Fact]
    public async Task Nothing_before_what_does_not_fit_is_told()
    {
        await SayAsync(MessageRole.Customer, "a");
        await SayAsync(MessageRole.Customer, new string('x', 1000));
        await SayAsync(MessageRole.Customer, "b");
        Assert.Equal(["user: b", "user: c"], await BuildAsync(await SayAsync(MessageRole.Customer, "c"), tokens: 100));
    }

    [Fact]
    public async Task No_more_than_a_hundred_messages_are_looked_at()
    {
        for (var i = 1; i <= Prompts.MaxHistory + 2; i++)
        {
            await SayAsync(MessageRole.Customer, $"{i}");
        }

        var told = await BuildAsync(await SayAsync(MessageRole.Customer, "last"), tokens: 1_000_000);
        Assert.Equal((Prompts.MaxHistory + 1, "user: 3"), (told.Count, told[0]));
    }

    [Fact]
    public async Task Payloads_links_and_the_texts_of_files_come_with_the_message()
    {
        var (text, binary, gone) = (await StoreAsync("Order 17:\n2 chairs"u8.ToArray(), commits: true), await StoreAsync([0, 1, 2, 3], commits: true), await StoreAsync([65], commits: false));
        var asked = await SayAsync(MessageRole.Customer, "See these.", draft => draft with
        {
            ContentPayload = """{"order":17}""",
            QueryMetadata = """{"lang":"en"}""",
            Attachments =
            [
                new Attachment(null, "document", "order.txt", null, text),
                new Attachment(null, "document", "blob.bin", null, binary),
                new Attachment(null, "document", "gone.txt", null, gone),
                new Attachment("7", "image", "chair.png", "https://example.org/chair.png", null),
            ],
        });
        var expected = """
            user: See these.

            contentPayload: {"order":17}
            queryMetadata: {"lang":"en"}

            Attachment order.txt:
            Order 17:
            2 chairs

            Attachment blob.bin

            Attachment gone.txt

            Attachment chair.png: https://example.org/chair.png
            """;
        Assert.Equal([expected], await BuildAsync(asked));
    }

    [Fact]
    public async Task Of_a_long_file_the_beginning_is_told()
    {
        var file = await StoreAsync(Encoding.UTF8.GetBytes(new string('€', Prompts.MaxFileCharacters + 1)), commits: true);
        var asked = await SayAsync(MessageRole.Customer, "", draft => draft with { Attachments = [new Attachment(null, "document", "long.txt", null, file)] });
        Assert.Equal(["user: \n\nAttachment long.txt:\n" + new string('€', Prompts.MaxFileCharacters)], await BuildAsync(asked));
    }

    private async Task<List<string>> BuildAsync(Message message, string? instructions = null, int tokens = 1000)
    {
        var chatbot = new Chatbot
        {
            Key = new ChatbotKey(new TenantId(1), 1),
            Check = 1,
            Revision = 1,
            Name = "Bot",
            Instructions = instructions,
            CreatedAt = default,
            UpdatedAt = default,
            WriteId = "1",
        };
        var messages = await new Prompts(process.Tables, files, new AssistantOptions(tokens)).BuildAsync(chatbot, message, CancellationToken.None);
        return [.. messages.Select(one => $"{one.Role.Value}: {one.Text}")];
    }

    private async Task<Message> SayAsync(MessageRole role, string text, Func<NewMessage, NewMessage>? with = null)
    {
        var draft = new NewMessage(role, text, null, null, null);
        return (await process.Append.AppendAsync(conversation, with?.Invoke(draft) ?? draft, null, CancellationToken.None)).Message;
    }

    private async Task<StoredFile> StoreAsync(byte[] bytes, bool commits)
    {
        using var content = new MemoryStream(bytes);
        var uploaded = await files.UploadAsync(conversation.Key, content, "file", CancellationToken.None);
        if (commits)
        {
            await files.CommitAsync(conversation.Key, uploaded, CancellationToken.None);
        }

        return uploaded.File;
    }
}
