using System.IO.Compression;
using Azure.Data.Tables;
using Microsoft.Extensions.Configuration;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Assistants.Records;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Spreadsheets;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Parley.Tests.Spreadsheets;
using Xunit;
using Record = Parley.Assistants.Records.Record;

namespace Parley.Tests.Assistants.Records;

/// <summary>
/// The parts of records that HTTP does not show: their index rows, and concurrent writes to one completion.
/// </summary>
public sealed class RecordTests
{
    private const double One = 1, Half = 0.5;

    private static readonly IReadOnlyList<Fault> Faults = [.. CrashExploration.CrashesAndLateCalls, .. Fault.Unanswered];

    [Fact]
    public async Task An_orphaned_key_is_skipped_and_later_deleted()
    {
        var ground = await Ground.BuildAsync(new VirtualTime());
        var completion = await ground.EndedAsync();
        var other = await ground.Process.ChatbotWriter.CreateAsync(Appends.Tenant, chatbot => chatbot with { Name = "Other" }, CancellationToken.None);
        var (created, conversation, sequence) = (completion.CreatedAt.ToUnixTimeMilliseconds(), completion.Key.Conversation.Number, completion.Key.Sequence);

        // A conversation and a message number that do not exist, another time, and another chatbot's completion.
        string[] orphans = [RecordRowKeys.Record(created, 99, 1), RecordRowKeys.Record(created, conversation, 99), RecordRowKeys.Record(created - 1, conversation, sequence)];
        foreach (var (bot, key) in orphans.Select(key => (ground.Chatbot, key)).Append((other, RecordRowKeys.Record(created, conversation, sequence))))
        {
            await ground.Process.Tables.Tenants.AddEntityAsync(new TableEntity(ChatbotRowKeys.ChatbotPartition(bot.Key), key));
        }

        foreach (var bot in new[] { ground.Chatbot, other })
        {
            // Orphaned keys are counted as long as they exist.
            var page = await ground.ListAsync(bot);
            Assert.Equal(bot == other ? [] : [completion.Id], page.Records.Select(record => record.Completion.Id));
            Assert.Equal(bot == other ? 1 : 4, page.Count);
            Assert.Equal(page.Records.Count, await ground.Process.Records.ReadAllAsync(bot, default, CancellationToken.None).CountAsync());
            Assert.Equal(page.Count, (await ground.KeysAsync(bot)).Count);
        }

        ground.Time.Advance(IndexRows.StaleAfter + TimeSpan.FromSeconds(1));
        Assert.Equal(4, (await ground.ListAsync(ground.Chatbot)).Count);
        Assert.Equal((1, completion.Id), ((await ground.ListAsync(ground.Chatbot)).Count, Assert.Single((await ground.ListAsync(ground.Chatbot)).Records).Completion.Id));

        // Reading all records for the workbook deletes orphaned keys too.
        Assert.Empty(await ground.Process.Records.ReadAllAsync(other, default, CancellationToken.None).ToListAsync());
        Assert.Empty(await ground.KeysAsync(other));
    }

    [Fact]
    public async Task Records_are_counted_to_the_end_of_the_page_and_not_before_a_thousand()
    {
        var ground = await Ground.BuildAsync(new VirtualTime());
        var partition = ChatbotRowKeys.ChatbotPartition(ground.Chatbot.Key);
        var rows = Enumerable.Range(1, RecordReader.MaxReach).Select(i => new TableEntity(partition, RecordRowKeys.Record(ground.Time.GetUtcNow().ToUnixTimeMilliseconds(), 99, i)));
        foreach (var chunk in rows.Chunk(100))
        {
            await ground.Process.Tables.Tenants.SubmitTransactionAsync(chunk.Select(row => new TableTransactionAction(TableTransactionActionType.Add, row)));
        }

        // A call returns a thousand keys. One more finds out whether there are more.
        Assert.Equal((1_000, true), await CountAsync(1, calls: 2, keys: 1_001));
        Assert.Equal((1_000, true), await CountAsync(1_000, calls: 2, keys: 1_001));
        Assert.Equal((1_001, true), await CountAsync(1_001, calls: 3, keys: 2_001));
        Assert.Equal((RecordReader.MaxReach, false), await CountAsync(10_000, calls: 11, keys: 10_000));

        // The oldest record lies beyond the reach of the pages, and the list reports that it is capped.
        var oldest = await ground.EndedAsync();
        await ground.Process.Tables.Tenants.AddEntityAsync(new TableEntity(partition, RecordRowKeys.Record(0, 99, 1)));
        Assert.Equal((1_000, true), await CountAsync(2, calls: 2, keys: 1_001));
        Assert.Equal((RecordReader.MaxReach, true), await CountAsync(10_000, calls: 11, keys: 10_001));

        var narrow = new RecordRange(oldest.CreatedAt, null);
        Assert.Equal(oldest.Id, Assert.Single((await ground.Process.Records.ListAsync(ground.Chatbot, narrow, 1, 1, CancellationToken.None)).Records).Completion.Id);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ground.Process.Records.ListAsync(ground.Chatbot, default, 10_001, 1, CancellationToken.None));

        async Task<(int, bool)> CountAsync(int page, int calls, int keys)
        {
            var (before, read) = (ground.Connection.Calls, ground.Connection.EntitiesRead);
            var found = await ground.Process.Records.ListAsync(ground.Chatbot, default, page, 1, CancellationToken.None);

            // Plus two reads of the conversation of the record shown, and one read for its key, which finds nothing.
            Assert.Equal(calls + 3, ground.Connection.Calls - before);
            Assert.InRange(ground.Connection.EntitiesRead - read, keys, keys + 3);
            return (found.Count, found.IsCapped);
        }
    }

    [Fact]
    public async Task Replies_are_found_at_any_distance_from_their_question()
    {
        var ground = await Ground.BuildAsync(new VirtualTime());
        var completions = new List<Completion>();
        for (var i = 0; i < 9; i++)
        {
            var running = await ground.RunningAsync();
            for (var n = 0; n < i % 3; n++)
            {
                await Appends.AppendAsync(ground.Process, ground.Conversation, $"between {n}");
            }

            completions.Insert(0, await ground.EndAsync(running, $"answer {i}"));
        }

        var records = (await ground.ListAsync(ground.Chatbot)).Records;
        Assert.Equal(completions.Select(completion => completion.Id), records.Select(record => record.Completion.Id));
        Assert.Equal(Enumerable.Range(0, 9).Reverse().Select(i => $"answer {i}"), records.Select(record => record.Output));
        Assert.All(records, record => Assert.Equal("question", record.Input));
        Assert.Equal([3, 2, 1, 3, 2, 1, 3, 2, 1], completions.Select(completion => completion.Reply - completion.Key.Sequence).OfType<int>());
    }

    [Fact]
    public Task The_producer_and_scoring_clients_do_not_overwrite_each_other() => Interleaving.ExploreAsync(200, async run =>
    {
        var ground = await Ground.BuildAsync(run.Time);
        var completion = await ground.RunningAsync();
        var number = 0;
        await Task.WhenAll(
            RunAsync(Start()),
            Start().RecordScores.ChangeAsync(ground.Chatbot, $"{completion.Id}", scores => scores with { Faithfulness = One }, null, CancellationToken.None),
            Start().RecordScores.ChangeAsync(ground.Chatbot, $"{completion.Id}", scores => scores with { ContextRecall = Half }, null, CancellationToken.None));

        var record = Assert.Single((await ground.ListAsync(ground.Chatbot)).Records);
        Assert.Equal(("a b c d e ", CompletionStatus.Ended, null), (record.Output, record.Completion.Status, record.Completion.Error));
        Assert.Equal("a b c d e ", record.Completion.Text);
        Assert.Equal(new CompletionScores(One, null, null, null, null, Half), record.Completion.Scores);
        Assert.Equal(3, record.Completion.Revision);

        ParleyProcess Start() => new(run.Connect(ground.Tables, $"p{++number}"), run.Time, number);

        async Task RunAsync(ParleyProcess process)
        {
            var extended = completion;
            foreach (var word in new[] { "a ", "b ", "c ", "d " })
            {
                extended = await process.CompletionWriter.AppendTextAsync(extended, extended.WithText(word));
            }

            await process.CompletionWriter.EndAsync(extended.WithText("e "), null, null, isProducer: true);
        }
    });

    [Fact]
    public async Task A_score_is_complete_after_the_retry()
    {
        var calls = await CrashExploration.RunAsync(
            async (run, tables) =>
            {
                var ground = await Ground.BuildAsync(run.Time, tables);
                await ground.ScoreAsync(ground.Process, await ground.EndedAsync(), scores => scores with { AnswerRelevancy = One });
                return ground;
            },
            (ground, connection) => ScoreAsync(ground, new ParleyProcess(connection, ground.Time, 1)),
            (ground, connection) => ScoreAsync(ground, new ParleyProcess(connection, ground.Time, 2)),
            async (ground, _) =>
            {
                var record = Assert.Single((await ground.ListAsync(ground.Chatbot)).Records);
                Assert.Equal((3, new CompletionScores(Half, null, null, null, null, null)), (record.Completion.Revision, record.Completion.Scores));
                Assert.Equal(("answer", "answer"), (record.Output, record.Completion.Text));
            },
            Faults,
            seeds: 5);
        Assert.Equal(3, calls);

        // Sets one score and clears another.
        static Task ScoreAsync(Ground ground, ParleyProcess process) =>
            ground.ScoreAsync(process, ground.Completion!, _ => CompletionScores.None with { Faithfulness = Half });
    }

    [Fact]
    public async Task A_workbook_does_not_open_if_not_all_records_could_be_read()
    {
        var ground = await Ground.BuildAsync(new VirtualTime());
        var record = new Record(await ground.EndedAsync(), "question", null, "answer");
        using var output = new ForwardStream();
        await Assert.ThrowsAsync<IOException>(() => RecordWorkbook.WriteAsync(BreakAsync(), new RecordTable(TableFormat.Xlsx, Language.EnUs), output, CancellationToken.None));

        Assert.True(output.Written.Length > 0);
        await Assert.ThrowsAsync<InvalidDataException>(async () => await ZipArchive.CreateAsync(new MemoryStream(output.Written), ZipArchiveMode.Read, false, null));

        async IAsyncEnumerable<Record> BreakAsync()
        {
            var random = new Random(1);
            for (var i = 0; i < 5_000; i++)
            {
                await Task.Yield();
                yield return record with { Input = $"{random.NextInt64()}{random.NextInt64()}" };
            }

            throw new IOException("Storage is gone.");
        }
    }

    /// <summary>A tenant with a chatbot and a conversation.</summary>
    private sealed class Ground
    {
        private Ground(StrictTables tables, VirtualTime time)
        {
            (Tables, Time, Connection) = (tables, time, tables.Connect("quiet"));
            var settings = new ConfigurationBuilder().AddInMemoryCollection([new("Providers:main:Type", "scripted")]).Build();
            Process = new ParleyProcess(Connection, time, 9, assistants: new AssistantSurroundings(settings, new NoQueues()));
        }

        public StrictTables Tables { get; }

        public VirtualTime Time { get; }

        public TableConnection Connection { get; }

        /// <summary>Its calls are not scheduled by the simulation.</summary>
        public ParleyProcess Process { get; }

        public ConversationKey Conversation { get; private set; }

        public Chatbot Chatbot { get; private set; } = null!;

        /// <summary>The last completion that ended.</summary>
        public Completion? Completion { get; private set; }

        public static async Task<Ground> BuildAsync(VirtualTime time, StrictTables? tables = null)
        {
            tables ??= new StrictTables(time);
            var conversation = await Appends.NewConversationAsync(tables, time);
            var ground = new Ground(tables, time) { Conversation = conversation };
            ground.Chatbot = await ground.Process.ChatbotWriter.CreateAsync(Appends.Tenant, chatbot => chatbot with { Name = "Bot" }, CancellationToken.None);
            return ground;
        }

        /// <summary>A completion that is running.</summary>
        public async Task<Completion> RunningAsync()
        {
            // Each completion needs a different time.
            Time.Advance(TimeSpan.FromMilliseconds(1));
            var completion = await Process.CompletionCommands.StartAsync(
                new EntityRef<ChatbotKey>(Chatbot.Key, null), new EntityRef<ConversationKey>(Conversation, null), new NewMessage(MessageRole.Customer, "question", null, null, null), null, CancellationToken.None);
            return completion.Completion;
        }

        public async Task<Completion> EndAsync(Completion running, string answer) => Completion = await Process.CompletionWriter.EndAsync(running.WithText(answer), null, null, isProducer: true);

        public async Task<Completion> EndedAsync() => await EndAsync(await RunningAsync(), "answer");

        public Task<RecordPage> ListAsync(Chatbot chatbot) => Process.Records.ListAsync(chatbot, default, 1, 100, CancellationToken.None);

        public Task<Completion> ScoreAsync(ParleyProcess process, Completion completion, Func<CompletionScores, CompletionScores> change) =>
            process.RecordScores.ChangeAsync(Chatbot, $"{completion.Id}", change, null, CancellationToken.None);

        public async Task<List<TableEntity>> KeysAsync(Chatbot chatbot)
        {
            var partition = ChatbotRowKeys.ChatbotPartition(chatbot.Key);
            return await Process.Tables.Tenants.QueryAsync<TableEntity>(Filters.Between(partition, RecordRowKeys.Records, KeyParts.EndOf(RecordRowKeys.Records))).ToListAsync();
        }
    }
}
