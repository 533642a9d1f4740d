using System.Text;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Files;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>The messages that a provider receives from a conversation.</summary>
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
        await AppendAsync(MessageRole.Customer, "Hello.");
        await AppendAsync(MessageRole.Assistant, "How can I help?");
        await AppendAsync(MessageRole.Staff, "I am listening, too.");
        Assert.Equal(
            ["system: Be brief.", "user: Hello.", "assistant: How can I help?", "assistant: I am listening, too.", "user: Where is it?"],
            await BuildAsync(await AppendAsync(MessageRole.Customer, "Where is it?"), instructions: "Be brief."));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public async Task Without_instructions_and_history_there_is_the_message_alone(string? instructions) =>
        Assert.Equal(["user: Hello."], await BuildAsync(await AppendAsync(MessageRole.Customer, "Hello."), instructions));

    [Fact]
    public async Task Later_and_deleted_messages_are_left_out()
    {
        var deleted = await AppendAsync(MessageRole.Customer, "My PIN is 1234.");
        await process.Change.DeleteAsync(conversation, $"{deleted.Id}", "customer", null, CancellationToken.None);
        await AppendAsync(MessageRole.Assistant, "Noted.");
        var question = await AppendAsync(MessageRole.Customer, "Really?");
        await AppendAsync(MessageRole.Assistant, "Half of a repl");
        Assert.Equal(["assistant: Noted.", "user: Really?"], await BuildAsync(question));
    }

    [Fact]
    public async Task Messages_of_staff_name_their_author_and_blank_ones_are_left_out()
    {
        await AppendAsync(MessageRole.Staff, "I am Ann.");
        await AppendAsync(MessageRole.Assistant, " \n");
        await AppendAsync(MessageRole.Assistant, "I am a bot.");
        var question = await AppendAsync(MessageRole.Customer, "Who is there?");

        Assert.Equal([("staff", "I am Ann."), (null, "I am a bot."), (null, "Who is there?")], await AuthorsAsync(question));
    }

    // Each message costs four tokens plus one for every three bytes or part of them: 6, 6 and 5.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(4, 0)]
    [InlineData(5, 1)]
    [InlineData(10, 1)]
    [InlineData(11, 2)]
    [InlineData(16, 2)]
    [InlineData(17, 3)]
    public async Task History_is_limited_by_the_token_budget(int tokens, int messages)
    {
        string[] before = ["abcd", "€€", "abc"];
        foreach (var text in before)
        {
            await AppendAsync(MessageRole.Customer, text);
        }

        var question = await AppendAsync(MessageRole.Customer, new string('x', 1000));
        Assert.Equal([.. before.TakeLast(messages).Select(text => $"user: {text}"), $"user: {question.Text}"], await BuildAsync(question, tokens: tokens));
    }

    [Fact]
    public async Task Messages_before_one_that_does_not_fit_are_left_out()
    {
        await AppendAsync(MessageRole.Customer, "a");
        await AppendAsync(MessageRole.Customer, new string('x', 1000));
        await AppendAsync(MessageRole.Customer, "b");
        Assert.Equal(["user: b", "user: c"], await BuildAsync(await AppendAsync(MessageRole.Customer, "c"), tokens: 100));
    }

    [Fact]
    public async Task At_most_a_hundred_messages_are_read()
    {
        for (var i = 1; i <= Prompts.MaxHistory + 2; i++)
        {
            await AppendAsync(MessageRole.Customer, $"{i}");
        }

        var prompt = await BuildAsync(await AppendAsync(MessageRole.Customer, "last"), tokens: 1_000_000);
        Assert.Equal((Prompts.MaxHistory + 1, "user: 3"), (prompt.Count, prompt[0]));
    }

    [Fact]
    public async Task Payloads_links_and_the_texts_of_files_come_with_the_message()
    {
        var (text, binary, gone) = (await StoreAsync("Order 17:\n2 chairs"u8.ToArray(), commits: true), await StoreAsync([0, 1, 2, 3], commits: true), await StoreAsync([65], commits: false));
        var question = await AppendAsync(MessageRole.Customer, "See these.", draft => draft with
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
        Assert.Equal([expected], await BuildAsync(question));
    }

    [Fact]
    public async Task A_long_file_is_truncated()
    {
        var file = await StoreAsync(Encoding.UTF8.GetBytes(new string('€', Prompts.MaxFileCharacters + 1)), commits: true);
        var question = await AppendAsync(MessageRole.Customer, "", draft => draft with { Attachments = [new Attachment(null, "document", "long.txt", null, file)] });
        Assert.Equal(["user: \n\nAttachment long.txt:\n" + new string('€', Prompts.MaxFileCharacters)], await BuildAsync(question));
    }

    private async Task<List<string>> BuildAsync(Message message, string? instructions = null, int tokens = 1000) =>
        [.. (await BuildMessagesAsync(message, instructions, tokens)).Select(one => $"{one.Role.Value}: {one.Text}")];

    private async Task<List<(string? Author, string Text)>> AuthorsAsync(Message message) =>
        [.. (await BuildMessagesAsync(message, null, 1000)).Select(one => (one.AuthorName, one.Text))];

    private async Task<IReadOnlyList<Microsoft.Extensions.AI.ChatMessage>> BuildMessagesAsync(
        Message message, string? instructions, int tokens)
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
        var prompts = new Prompts(process.Tables, files, new AssistantOptions(tokens));
        return await prompts.BuildAsync(chatbot, message, CancellationToken.None);
    }

    private async Task<Message> AppendAsync(MessageRole role, string text, Func<NewMessage, NewMessage>? with = null)
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
