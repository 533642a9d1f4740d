using Azure.Storage.Blobs;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Assistants.Providers;
using Parley.Assistants.Records;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Conversations.Threads;
using Parley.Conversations.Tickets;
using Parley.Core;
using Parley.Exports;
using Parley.Files;
using Parley.Senders;
using Parley.Storage;
using Parley.Tenants;
using Parley.Testing;
using Parley.Webhooks;

namespace Parley.Tests.OnStrictTables;

/// <summary>Parley's features as one process has them: its own connection, locks and randomness.</summary>
internal sealed class ParleyProcess
{
    /// <summary>No container is there: no blob is touched as long as no message has a file, and no export is made.</summary>
    private static readonly BlobServiceClient NoBlobs = new StrictBlobs(new VirtualTime()).ServiceClient(new StrictTables(new VirtualTime()).Connect("none"));

    /// <summary>Makes one.</summary>
    /// <param name="connection">Its connection.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="seed">Of its randomness.</param>
    /// <param name="queue">Where its follow-ups wait; null for one that forgets what it is given.</param>
    /// <param name="assistants">What its assistants need besides; null for none of it.</param>
    /// <param name="exports">What its exports need besides; null for none of it.</param>
    public ParleyProcess(TableConnection connection, TimeProvider time, int seed, IFollowUpQueue? queue = null, ExportSurroundings? exports = null, AssistantSurroundings? assistants = null)
    {
        Time = time;
        Tables = new ParleyTables(connection.ServiceClient());
        Activity = new ConversationActivity(Tables, NullLogger<ConversationActivity>.Instance);
        var (random, writers) = (new RandomSource(seed), new KeyedLock());
        var (budget, cursors, quotes) = (new WriteBudget(time, random), new Cursors(Tables, random), new QuotedTexts(Tables));
        var edits = new OptimisticUpdate(writers, budget, random);
        Conversations = new ConversationReader(Tables);
        Senders = new SenderReader(Tables, cursors);
        var counters = new TenantCounters(Tables, writers, budget, random);
        SenderWriter = new SenderWriter(Tables, Senders, edits, counters, time, random);
        Chatbots = new ChatbotReader(Tables, cursors);
        ChatbotWriter = new ChatbotWriter(Tables, Chatbots, edits, counters, time, random);
        Creation = new ConversationCreation(Tables, Conversations, Activity, Senders, SenderWriter, writers, budget, time, random);
        ConversationList = new ConversationList(Tables, Conversations, Senders, cursors, time);
        FollowUps = new FollowUpReader(Tables);
        var index = new FollowUpIndex(Tables, FollowUps, NullLogger<FollowUpIndex>.Instance);
        ConversationChange = new ConversationChange(Tables, Conversations, index, edits, time);
        Unread = new UnreadCounts(Tables);
        Threads = new ThreadReader(Tables, cursors);
        ThreadCreation = new ThreadCreation(Tables, Threads, time, random);
        Tickets = new TicketReader(Tables, cursors);
        TicketWriter = new TicketWriter(Tickets, ConversationChange, time, random);
        var completionIndex = new CompletionIndex(Tables, NullLogger<CompletionIndex>.Instance);
        Append = new MessageAppend(Tables, Conversations, Activity, new MessageReferenceFinder(Tables, Threads), index, completionIndex, writers, budget, time, random);
        assistants ??= new AssistantSurroundings(new ConfigurationBuilder().Build(), new Nowhere());
        CompletionReader = new CompletionReader(Tables);
        CompletionWriter = new CompletionWriter(Tables, CompletionReader, completionIndex, Append, budget, time, random);
        var prompts = new Prompts(Tables, new FileStore(NoBlobs, time, random), new AssistantOptions(HistoryTokens: 1_000));
        var producer = new CompletionProducer(AssistantProviders.Read(assistants.Settings, time), prompts, CompletionWriter, time, NullLogger<CompletionProducer>.Instance);
        CompletionFollower = new CompletionFollower(CompletionReader, CompletionWriter, time);
        var drafts = new CompletionDrafts(time, random);
        CompletionCommands = new CompletionCommands(Tables, Chatbots, Creation, Append, CompletionReader, CompletionWriter, producer, CompletionFollower, drafts, time);
        AutoReplies = new AutoReplies(
            Tables, Chatbots, Conversations, Append, CompletionReader, CompletionWriter, producer, drafts, assistants.Queue, time, NullLogger<AutoReplies>.Instance);
        (Records, RecordScores) = (new RecordReader(Tables, time), new RecordScores(Tables, CompletionReader, edits));
        CompletionRecovery = new CompletionRecovery(Tables, CompletionReader, CompletionFollower, AutoReplies, time, NullLogger<CompletionRecovery>.Instance);
        queue ??= new Nowhere();
        FollowUpList = new FollowUpList(Tables, Conversations, FollowUps, time);
        FollowUpDispatch = new FollowUpDispatch(Tables, queue, time, NullLogger<FollowUpDispatch>.Instance);
        FollowUpWriter = new FollowUpWriter(Tables, ConversationChange, FollowUps, index, FollowUpDispatch, time, random);
        FollowUpSender = new FollowUpSender(
            Tables,
            new DueFollowUpResolver(Tables, Conversations, FollowUps, time, NullLogger<DueFollowUpResolver>.Instance),
            Activity,
            index,
            FollowUpWriter,
            Append,
            queue,
            time,
            NullLogger<FollowUpSender>.Instance);

        Change = new MessageChange(Tables, Conversations, Activity, quotes, new FileStore(NoBlobs, time, random), edits, time);
        Reading = new MessageReading(Tables, Conversations, ConversationChange, Activity, time);
        Pages = new MessagePages(Tables, Conversations, quotes, cursors);
        Chats = new ChatMessages(Tables, Conversations, Threads, Tickets, cursors);

        exports ??= new ExportSurroundings(NoBlobs, new Nowhere(), new Nowhere());
        Receiver = exports.Receiver;
        Exports = new ExportReader(Tables, cursors);
        ExportIndex = new ExportIndex(Tables, NullLogger<ExportIndex>.Instance);
        ExportWriter = new ExportWriter(Tables, Exports, ExportIndex, edits);
        ExportLeases = new ExportLeases(Tables, Exports, time, random, NullLogger<ExportLeases>.Instance);
        ExportFiles = new ExportFiles(exports.Blobs, time) { BlockBytes = exports.BlockBytes };
        ExportRemoval = new ExportRemoval(Exports, ExportWriter, ExportFiles, time);
        ExportDispatch = new ExportDispatch(Tables, Exports, ExportRemoval, exports.Queues, time, NullLogger<ExportDispatch>.Instance);
        ExportCreation = new ExportCreation(Tables, Exports, ExportIndex, ExportDispatch, counters, exports.Options, time, random);
        (ConversationScan, MessageScan) = (new ConversationScan(Tables), new MessageScan(Tables));
        ExportFileJob = new ExportFileJob(
            Exports, ExportLeases, ExportWriter, ExportFiles, ConversationScan, MessageScan, ExportDispatch, exports.Options, time, NullLogger<ExportFileJob>.Instance);
        (WebhookSecrets, WebhookSchedule) = (new WebhookSecrets(Tables, time, random, budget), new WebhookSchedule(random));
        ExportCallback = new ExportCallback(
            Exports, ExportLeases, ExportWriter, ExportFiles, WebhookSecrets, exports.Receiver, WebhookSchedule, ExportDispatch, time, NullLogger<ExportCallback>.Instance);
        ExportRedelivery = new ExportRedelivery(Exports, ExportWriter, ExportDispatch, time);
        Administration = new TenantAdministration(Tables, time, random, budget);
    }

    public TimeProvider Time { get; }

    public ParleyTables Tables { get; }

    public ConversationReader Conversations { get; }

    public ConversationActivity Activity { get; }

    public ConversationCreation Creation { get; }

    public ConversationList ConversationList { get; }

    public ConversationChange ConversationChange { get; }

    public UnreadCounts Unread { get; }

    public SenderReader Senders { get; }

    public SenderWriter SenderWriter { get; }

    public ChatbotReader Chatbots { get; }

    public ChatbotWriter ChatbotWriter { get; }

    public ThreadReader Threads { get; }

    public ThreadCreation ThreadCreation { get; }

    public TicketReader Tickets { get; }

    public TicketWriter TicketWriter { get; }

    public MessageAppend Append { get; }

    public CompletionReader CompletionReader { get; }

    public CompletionWriter CompletionWriter { get; }

    public CompletionFollower CompletionFollower { get; }

    public CompletionRecovery CompletionRecovery { get; }

    public CompletionCommands CompletionCommands { get; }

    public AutoReplies AutoReplies { get; }

    public RecordReader Records { get; }

    public RecordScores RecordScores { get; }

    public MessageChange Change { get; }

    public MessageReading Reading { get; }

    public MessagePages Pages { get; }

    public ChatMessages Chats { get; }

    public FollowUpReader FollowUps { get; }

    public FollowUpList FollowUpList { get; }

    public FollowUpWriter FollowUpWriter { get; }

    public FollowUpDispatch FollowUpDispatch { get; }

    public FollowUpSender FollowUpSender { get; }

    public IWebhookSender Receiver { get; }

    public ExportReader Exports { get; }

    public ExportIndex ExportIndex { get; }

    public ExportWriter ExportWriter { get; }

    public ExportLeases ExportLeases { get; }

    public ExportFiles ExportFiles { get; }

    public ExportCreation ExportCreation { get; }

    public ExportDispatch ExportDispatch { get; }

    public ExportFileJob ExportFileJob { get; }

    public ExportCallback ExportCallback { get; }

    public ExportRedelivery ExportRedelivery { get; }

    public ExportRemoval ExportRemoval { get; }

    public ConversationScan ConversationScan { get; }

    public MessageScan MessageScan { get; }

    public WebhookSecrets WebhookSecrets { get; }

    public WebhookSchedule WebhookSchedule { get; }

    public TenantAdministration Administration { get; }

    /// <summary>Queues that forget what they are given, and nobody to call.</summary>
    private sealed class Nowhere : IFollowUpQueue, IExportQueues, IReplyQueue, IWebhookSender
    {
        public Task SendAsync(FollowUpChunk chunk, TimeSpan delay, CancellationToken cancellation) => Task.CompletedTask;

        public Task SendAsync(QueuedReply reply, CancellationToken cancellation) => Task.CompletedTask;

        public Task SendAsync(ExportStep step, TimeSpan delay, CancellationToken cancellation) => Task.CompletedTask;

        public Task<WebhookResult> SendAsync(
            string url, ReadOnlyMemory<byte> body, IEnumerable<KeyValuePair<string, string>> headers, CancellationToken cancellation) =>
            Task.FromResult(new WebhookResult(null, WebhookFailure.NotConnected, TimeSpan.Zero));
    }
}

/// <summary>What assistants need besides tables.</summary>
/// <param name="Settings">Name their providers.</param>
/// <param name="Queue">Where replies wait.</param>
internal sealed record AssistantSurroundings(IConfiguration Settings, IReplyQueue Queue);

/// <summary>What exports need besides tables.</summary>
/// <param name="Blobs">Where their files are.</param>
/// <param name="Queues">Where their steps wait.</param>
/// <param name="Receiver">Who is called back.</param>
internal sealed record ExportSurroundings(BlobServiceClient Blobs, IExportQueues Queues, IWebhookSender Receiver)
{
    /// <summary>Bytes of a block.</summary>
    public int BlockBytes { get; init; } = 256;

    public ExportOptions Options { get; init; } = new(TimeSpan.FromSeconds(30), TimeSpan.FromDays(7));
}
