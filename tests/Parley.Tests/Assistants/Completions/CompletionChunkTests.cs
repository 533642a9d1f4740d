using Azure.Data.Tables;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>The text of a running completion is written and read in chunks, whatever happens between two calls.</summary>
public sealed class CompletionChunkTests
{
    private const int PartLength = 50;

    private readonly VirtualTime time = new();
    private readonly StrictTables tables;

    public CompletionChunkTests() => tables = new StrictTables(time);

    /// <summary>ASCII, and characters whose JSON has six bytes each.</summary>
    [Theory]
    [InlineData('x')]
    [InlineData('語')]
    public async Task The_bytes_of_all_events_grow_with_the_text(char character)
    {
        var (few, largest) = await WriteAsync(10_000);
        var (many, largestOfMany) = await WriteAsync(100_000);

        Assert.InRange((double)many / few, 1, 11);
        Assert.InRange(largestOfMany, 1, 1.1 * largest);

        async Task<(long Bytes, long Largest)> WriteAsync(int length)
        {
            var (counter, completion) = (new ByteCounter(), await StartAsync());
            using var writer = WriterOf(TablesOf(counter));
            var part = new string(character, PartLength);
            for (var events = 1; events <= length / PartLength; events++)
            {
                completion = await writer.AppendTextAsync(completion, completion.WithText(part));
                Assert.Equal(events, counter.Calls);
            }

            Assert.Equal(new string(character, length), (await FindAsync(completion)).Text);
            return (counter.Sent, counter.Largest);
        }
    }

    [Fact]
    public async Task The_bytes_of_a_follower_in_another_process_grow_with_the_text()
    {
        var (few, largest) = await FollowAsync(10_000);
        var (many, largestOfMany) = await FollowAsync(100_000);

        Assert.InRange((double)many / few, 1, 11);
        Assert.InRange(largestOfMany, 1, 1.1 * largest);

        async Task<(long Bytes, long Largest)> FollowAsync(int length)
        {
            var (counter, completion) = (new ByteCounter(), await StartAsync());
            using var writer = WriterOf(TablesOf(new ByteCounter()));
            var (reader, known, polls) = (TablesOf(counter), completion, 0);
            for (var events = 1; events <= length / PartLength; events++)
            {
                completion = await writer.AppendTextAsync(completion, completion.WithText(new string('x', PartLength)));
                if (events % 3 == 0)
                {
                    // One call, whether or not there is new text.
                    known = (await CompletionRows.FindAsync(reader, completion.Key, known, CancellationToken.None))!;
                    Assert.Equal((events, ++polls), (known.Parts.Count, counter.Calls));
                }
            }

            return (counter.Received, counter.Largest);
        }
    }

    [Fact]
    public async Task The_memory_of_all_events_grows_with_their_number()
    {
        using var writer = WriterOf(TablesOf(new ByteCounter()));
        await AllocateAsync(100);
        var (few, many) = (await AllocateAsync(1_000), await AllocateAsync(10_000));
        Assert.InRange((double)many / few, 1, 11);

        async Task<long> AllocateAsync(int events)
        {
            var completion = await StartAsync();
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < events; i++)
            {
                completion = await writer.AppendTextAsync(completion, completion.WithText("1234567890"));
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    /// <summary>Parts of one character to more than a chunk, with surrogate pairs; pages of any size.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Any_text_is_read_from_any_known_state(int seed)
    {
        var random = new Random(seed);
        var completion = await StartAsync();
        using var writer = WriterOf(TablesOf(new ByteCounter()));
        var paged = new ParleyTables(tables.Connect("paged", new TableHooks { PageRows = TableHooks.SmallPages(seed) }).ServiceClient());
        var states = new List<Completion> { completion };
        for (var i = 0; i < 300; i++)
        {
            var length = random.Next(40) switch { 0 => 5_000, < 5 => 500, _ => 1 + random.Next(20) };
            var part = string.Concat(Enumerable.Range(0, length).Select(_ => random.Next(5) == 0 ? "🙂" : $"{(char)('a' + random.Next(26))}"));
            completion = await writer.AppendTextAsync(completion, random.Next(10) == 0 ? completion : completion.WithText(part));
            var known = states[random.Next(states.Count)];
            AssertSame(completion, (await CompletionRows.FindAsync(paged, completion.Key, known, CancellationToken.None))!);
            states.Add(completion);
        }

        AssertSame(completion, await FindAsync(completion));
        var chunks = await ChunksAsync();
        Assert.Equal(completion.Chunks, chunks.Count);
        Assert.All(chunks, chunk => Assert.InRange(CompletionChunk.Read(chunk).Parts.Count, 1, CompletionChunk.MaxEvents));
        Assert.All(chunks, chunk => Assert.InRange(CompletionChunk.Read(chunk).Parts.SkipLast(1).Sum(part => part.Length), 0, CompletionChunk.FullLength - 1));
    }

    [Fact]
    public async Task A_completion_that_ends_between_two_pages_is_read_as_it_ended()
    {
        var completion = await SayAsync(await StartAsync(), 70);
        var reader = PagedWith(() => Process().CompletionWriter.EndAsync(completion, CompletionError.Interrupted, null, isProducer: false));

        var read = await CompletionRows.FindAsync(reader, completion.Key, known: null, CancellationToken.None);

        Assert.Equal((CompletionStatus.Ended, completion.Text), (read!.Status, read.Text));
        Assert.Empty(await ChunksAsync());
    }

    [Fact]
    public async Task An_event_that_is_stored_between_two_pages_is_not_of_the_row_that_was_read()
    {
        var completion = await SayAsync(await StartAsync(), 70);
        var reader = PagedWith(() => SayAsync(completion, 70));

        AssertSame(completion, (await CompletionRows.FindAsync(reader, completion.Key, known: null, CancellationToken.None))!);
    }

    [Fact]
    public async Task Chunks_of_an_earlier_attempt_are_not_read_and_go_with_those_of_the_next()
    {
        var first = await SayAsync(await StartAsync(), 70);
        var writer = Process().CompletionWriter;

        // As a producer whose process dies before it cleans up.
        var ended = await writer.EndAsync(first, CompletionError.Interrupted, null, isProducer: true);
        Assert.NotEmpty(await ChunksAsync());

        var second = (await writer.BeginAsync(await FindAsync(first), CancellationToken.None))!;
        Assert.Equal((72, ""), (second.FirstEvent, (await FindAsync(second)).Text));
        second = await SayAsync(second, 3);
        AssertSame(second, await FindAsync(second));
        AssertSame(second, (await CompletionRows.FindAsync(Process().Tables, second.Key, first, CancellationToken.None))!);
        await Process().CompletionStore.CleanUpAsync(ended);
        AssertSame(second, await FindAsync(second));
        await writer.EndAsync(second, error: null, null, isProducer: false);
        Assert.Empty(await ChunksAsync());
    }

    /// <summary>A back-up may read the row before the end, and the chunks after their deletion.</summary>
    [Fact]
    public async Task Lost_chunks_leave_their_events_without_text()
    {
        var completion = await SayAsync(await StartAsync(), 130);
        var chunks = await ChunksAsync();
        await Process().Tables.Conversations.DeleteEntityAsync(chunks[1].PartitionKey, chunks[1].RowKey);

        var read = await FindAsync(completion);
        Assert.Equal(completion.Parts.Take(64).Concat(Enumerable.Repeat("", 66)), read.Parts);
        var ended = await Process().CompletionWriter.EndAsync(read, CompletionError.Interrupted, null, isProducer: false);
        Assert.Equal((132, string.Concat(completion.Parts.Take(64))), (ended.NextEvent, (await FindAsync(ended)).Text));
    }

    /// <summary>Version 0.2.0 does not read chunks, and ends a completion with the text of its row.</summary>
    [Fact]
    public async Task An_end_by_an_earlier_version_loses_the_text_and_no_event_number()
    {
        var completion = await SayAsync(await StartAsync(), 70);
        await Process().Tables.Conversations.UpdateEntityAsync(
            new TableEntity(completion.Key.Conversation.PartitionKey, CompletionRowKeys.Completion(1))
            {
                ["Text"] = "",
                ["Parts"] = Array.Empty<byte>(),
                ["Beat"] = completion.Heartbeat,
                ["Status"] = (int)CompletionStatus.Ended,
                ["EndedAt"] = time.GetUtcNow(),
                ["Error"] = (int)CompletionError.Interrupted,
            },
            completion.ETag,
            TableUpdateMode.Merge);

        var ended = await FindAsync(completion);
        Assert.Equal(("", 72), (ended.Text, ended.NextEvent));
        var again = (await Process().CompletionWriter.BeginAsync(ended, CancellationToken.None))!;
        await Process().CompletionWriter.EndAsync(await SayAsync(again, 1), error: null, null, isProducer: false);
        Assert.Empty(await ChunksAsync());
    }

    [Fact]
    public async Task The_deletion_of_a_reply_deletes_chunks_that_a_dead_process_left()
    {
        var process = Process();
        var ended = await process.CompletionWriter.EndAsync(await SayAsync(await StartAsync(), 70), error: null, null, isProducer: true);
        Assert.NotEmpty(await ChunksAsync());
        var reply = (await MessageRow.FindAsync(process.Tables, ended.Key with { Sequence = ended.Reply!.Value }, CancellationToken.None))!;

        await process.Change.DeleteAsync(new EntityRef<ConversationKey>(reply.Key.Conversation, null), $"{reply.Id}", "someone", null, CancellationToken.None);

        Assert.Equal("", (await FindAsync(ended)).Text);
        Assert.Empty(await ChunksAsync());
    }

    [Fact]
    public async Task The_timer_deletes_chunks_that_a_dead_process_left()
    {
        await Process().CompletionWriter.EndAsync(await SayAsync(await StartAsync(), 70), error: null, null, isProducer: true);
        Assert.NotEmpty(await ChunksAsync());

        time.Advance(TimeSpan.FromMinutes(10));
        await Process().CompletionRecovery.RunAsync(CancellationToken.None);

        Assert.Empty(await ChunksAsync());
    }

    [Fact]
    public async Task The_record_of_a_running_completion_has_the_text_so_far()
    {
        var completion = await SayAsync(await StartAsync(), 70);
        var chatbot = (await Process().Chatbots.FindAsync(new EntityRef<ChatbotKey>(new ChatbotKey(Appends.Tenant, 1), null), CancellationToken.None))!;

        var page = await Process().Records.ListAsync(chatbot, default, 1, 10, CancellationToken.None);

        Assert.Equal(completion.Text, Assert.Single(page.Records).Output);
    }

    private static void AssertSame(Completion expected, Completion actual)
    {
        Assert.Equal(expected.Parts, actual.Parts);
        Assert.Equal(
            (expected.ETag, expected.Status, expected.Attempt, expected.Chunks, expected.ChunkStart, expected.Heartbeat),
            (actual.ETag, actual.Status, actual.Attempt, actual.Chunks, actual.ChunkStart, actual.Heartbeat));
    }

    private ParleyProcess Process() => new(tables.Connect(), time, seed: 1);

    private ParleyTables TablesOf(ByteCounter counter) => new(counter.ServiceClient(tables.Connect()));

    /// <summary>Tables that return one row a page, and an act before the second page.</summary>
    private ParleyTables PagedWith(Func<Task> act)
    {
        var pages = 0;
        return new ParleyTables(tables.Connect("reader", new TableHooks
        {
            PageRows = _ => 1,
            Before = async (_, _) => await (++pages == 2 ? act() : Task.CompletedTask),
        }).ServiceClient());
    }

    private CompletionWriter WriterOf(ParleyTables counted)
    {
        var (process, random) = (Process(), new RandomSource(1));
        var store = new CompletionStore(counted, process.Schedule, NullLogger<CompletionStore>.Instance);
        return new CompletionWriter(counted, store, process.Append, process.Conversations, process.Transaction, new WriteBudget(time, random), time, random);
    }

    /// <summary>A running completion of a new conversation with a new chatbot.</summary>
    private async Task<Completion> StartAsync()
    {
        var process = Process();
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        var chatbot = await process.ChatbotWriter.CreateAsync(Appends.Tenant, one => one with { Name = "Bot" }, CancellationToken.None);
        var started = await process.CompletionCommands.StartAsync(
            new EntityRef<ChatbotKey>(chatbot.Key, null), null, new NewMessage(MessageRole.Customer, "text", null, null, null), null, CancellationToken.None);
        return started.Completion;
    }

    private async Task<Completion> SayAsync(Completion completion, int events)
    {
        for (var i = 0; i < events; i++)
        {
            completion = await Process().CompletionWriter.AppendTextAsync(completion, completion.WithText($"{i} "));
        }

        return completion;
    }

    private async Task<Completion> FindAsync(Completion completion) => (await Process().CompletionStore.FindAsync(completion.Key, CancellationToken.None))!;

    /// <summary>All chunks, the last first.</summary>
    private async Task<List<TableEntity>> ChunksAsync() =>
        await Process().Tables.Conversations.QueryAsync<TableEntity>().Where(row => CompletionLog.IsChunk(row.RowKey)).ToListAsync();
}
