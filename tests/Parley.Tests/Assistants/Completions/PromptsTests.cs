using System.Text;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Files;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>The messages that a provider receives from a conversation.</summary>
public sealed class PromptsTests : IAsyncLifetime, IDisposable
{
    private readonly VirtualTime time = new();
    private readonly StrictTables tables;
    private readonly ParleyProcess process;
    private readonly FileStore files;
    private EntityRef<ConversationKey> conversation;

    public PromptsTests()
    {
        tables = new StrictTables(time);
        var connection = tables.Connect();
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
        for (var i = 1; i <= PromptHistory.MaxMessages + 2; i++)
        {
            await AppendAsync(MessageRole.Customer, $"{i}");
        }

        var prompt = await BuildAsync(await AppendAsync(MessageRole.Customer, "last"), tokens: 1_000_000);
        Assert.Equal((PromptHistory.MaxMessages + 1, "user: 3"), (prompt.Count, prompt[0]));
    }

    /// <summary>
    /// Reads all of the last messages, with all of their text, and then takes those that fit: the prompts are the same.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public async Task The_history_is_what_fits_of_the_last_messages(int seed)
    {
        var random = new Random(seed);
        var count = random.Next(2) == 0 ? random.Next(20) : 95 + random.Next(30);
        for (var i = 0; i < count; i++)
        {
            var message = await AppendAsync((MessageRole)(1 + random.Next(3)), Text(random, isLong: random.Next(30) < seed % 3));
            if (random.Next(10) == 0)
            {
                await process.Change.DeleteAsync(conversation, $"{message.Id}", "customer", null, CancellationToken.None);
            }
        }

        var question = await AppendAsync(MessageRole.Customer, "?");
        foreach (var tokens in new[] { 0, 1, 4, 5, 6, 50, 300, 8_000, 10_926, 10_927, 10_928, 40_000, 100_000, 1_000_000 })
        {
            var built = await BuildMessagesAsync(question, null, tokens);
            var expected = await ReferenceAsync(question, tokens);
            Assert.Equal(expected, built.SkipLast(1).Select(one => (one.Role, one.AuthorName, one.Text)));
        }
    }

    [Fact]
    public async Task The_bytes_of_the_history_are_bounded_by_the_budget()
    {
        for (var i = 0; i < 100; i++)
        {
            await AppendAsync(MessageRole.Customer, new string('x', 100_000));
        }

        var question = await AppendAsync(MessageRole.Customer, "?");
        var counter = new ByteCounter();
        var counted = new ParleyTables(counter.ServiceClient(tables.Connect()));
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Empty(await PromptHistory.ReadAsync(counted, question.Key, 8_000, CancellationToken.None));

        Assert.Equal(1, counter.Calls);
        Assert.InRange(counter.Received, 1, 4 * 34_000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 4_000_000);
    }

    /// <summary>Only whole texts show whether they are blank, and blank ones take none of the budget.</summary>
    [Theory]
    [InlineData("", "found")]
    [InlineData("not blank", null)]
    public async Task A_blank_beginning_is_read_to_its_end(string end, string? found)
    {
        await AppendAsync(MessageRole.Customer, "found");
        await AppendAsync(MessageRole.Customer, new string(' ', 70_000) + end);
        var built = await BuildMessagesAsync(await AppendAsync(MessageRole.Customer, "?"), null, 1_000);
        Assert.Equal(found, built.SkipLast(1).SingleOrDefault()?.Text);
    }

    private static string Text(Random random, bool isLong)
    {
        // Around the borders of properties, where a surrogate pair moves to the next one.
        var length = isLong ? LongText.MaxPerProperty * (1 + random.Next(2)) + random.Next(-3, 4) : random.Next(4) == 0 ? 0 : random.Next(200);
        return random.Next(5) switch
        {
            0 => new string(' ', length),
            1 => new string(' ', length) + "x",
            2 => string.Concat(Enumerable.Repeat("🙂", length / 2)),
            3 => "a" + string.Concat(Enumerable.Repeat("🙂", length / 2)),
            _ => new string('é', length),
        };
    }

    private async Task<IEnumerable<(Microsoft.Extensions.AI.ChatRole, string?, string)>> ReferenceAsync(Message question, int tokens)
    {
        var (first, last) = (Math.Max(1, question.Key.Sequence - 100), question.Key.Sequence - 1);
        if (last < first || tokens == 0)
        {
            return [];
        }

        var before = await MessageRow.ReadRangeAsync(process.Tables, question.Key.Conversation, first, last, CancellationToken.None).ToListAsync();
        return before.Where(one => !BlankText.IsBlank(one.Text)).Reverse()
            .TakeWhile(one => (tokens -= 4 + (Encoding.UTF8.GetByteCount(one.Text) + 2) / 3) >= 0)
            .Reverse()
            .Select(one => one.Role == MessageRole.Customer
                ? (Microsoft.Extensions.AI.ChatRole.User, (string?)null, one.Text)
                : (Microsoft.Extensions.AI.ChatRole.Assistant, one.Role == MessageRole.Staff ? "staff" : null, one.Text));
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
