using Azure.Storage.Blobs;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Assistants;
using Parley.Callbacks;
using Parley.Conversations;
using Parley.Exports;
using Parley.Files;
using Parley.FollowUps;
using Parley.Messages;
using Parley.Senders;
using Parley.Storage;
using Parley.Tenants;
using Parley.Testing;
using Parley.Threads;
using Parley.Tickets;

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
        var (entropy, writers) = (new Entropy(seed), new KeyedLock());
        var (budget, cursors, quotes) = (new WriteBudget(time, entropy), new Cursors(Tables, entropy), new QuotedTexts(Tables));
        var edits = new Edits(writers, budget, entropy);
        Conversations = new ConversationReader(Tables);
        Senders = new SenderReader(Tables, cursors);
        var counters = new TenantCounters(Tables, writers, budget, entropy);
        SenderWriter = new SenderWriter(Tables, Senders, edits, counters, time, entropy);
        Chatbots = new ChatbotReader(Tables, cursors);
        ChatbotWriter = new ChatbotWriter(Tables, Chatbots, edits, counters, time, entropy);
        Creation = new ConversationCreation(Tables, Conversations, Activity, Senders, SenderWriter, writers, budget, time, entropy);
        ConversationList = new ConversationList(Tables, Conversations, Senders, cursors, time);
        FollowUps = new FollowUpReader(Tables);
        var index = new FollowUpIndex(Tables, FollowUps, NullLogger<FollowUpIndex>.Instance);
        ConversationChange = new ConversationChange(Tables, Conversations, index, edits, time);
        Unread = new UnreadCounts(Tables);
        Threads = new ThreadReader(Tables, cursors);
        ThreadCreation = new ThreadCreation(Tables, Threads, time, entropy);
        Tickets = new TicketReader(Tables, cursors);
        TicketWriter = new TicketWriter(Tickets, ConversationChange, time, entropy);
        var turnIndex = new TurnIndex(Tables, NullLogger<TurnIndex>.Instance);
        Append = new MessageAppend(Tables, Conversations, Activity, new MessageReferenceFinder(Tables, Threads), index, turnIndex, writers, budget, time, entropy);
        assistants ??= new AssistantSurroundings(new ConfigurationBuilder().Build(), new Nowhere());
        TurnReader = new TurnReader(Tables);
        TurnWriter = new TurnWriter(Tables, TurnReader, turnIndex, Append, budget, time, entropy);
        var prompts = new Prompts(Tables, new FileStore(NoBlobs, time, entropy), new AssistantOptions(HistoryTokens: 1_000));
        var speaker = new TurnSpeaker(AssistantProviders.Read(assistants.Settings, time), prompts, TurnWriter, time, NullLogger<TurnSpeaker>.Instance);
        TurnWatch = new TurnWatch(TurnReader, TurnWriter, time);
        var turns = new Turns(time, entropy);
        Completions = new Completions(Tables, Chatbots, Creation, Append, TurnReader, TurnWriter, speaker, TurnWatch, turns, time);
        AutoReplies = new AutoReplies(
            Tables, Chatbots, Conversations, Append, TurnReader, TurnWriter, speaker, turns, assistants.Queue, time, NullLogger<AutoReplies>.Instance);
        (Records, RecordScores) = (new RecordReader(Tables, time), new RecordScores(Tables, TurnReader, edits));
        TurnSweep = new TurnSweep(Tables, TurnReader, TurnWatch, AutoReplies, time, NullLogger<TurnSweep>.Instance);
        queue ??= new Nowhere();
        FollowUpList = new FollowUpList(Tables, Conversations, FollowUps, time);
        FollowUpDispatch = new FollowUpDispatch(Tables, queue, time, NullLogger<FollowUpDispatch>.Instance);
        FollowUpWriter = new FollowUpWriter(Tables, ConversationChange, FollowUps, index, FollowUpDispatch, time, entropy);
        FollowUpFiring = new FollowUpFiring(
            Tables,
            new DueLooks(Tables, Conversations, FollowUps, time, NullLogger<DueLooks>.Instance),
            Activity,
            index,
            FollowUpWriter,
            Append,
            queue,
            time,
            NullLogger<FollowUpFiring>.Instance);

        Change = new MessageChange(Tables, Conversations, Activity, quotes, new FileStore(NoBlobs, time, entropy), edits, time);
        Reading = new MessageReading(Tables, Conversations, ConversationChange, Activity, time);
        Pages = new MessagePages(Tables, Conversations, quotes, cursors);
        Chats = new ChatMessages(Tables, Conversations, Threads, Tickets, cursors);

        exports ??= new ExportSurroundings(NoBlobs, new Nowhere(), new Nowhere());
        Receiver = exports.Receiver;
        Exports = new ExportReader(Tables, cursors);
        ExportIndex = new ExportIndex(Tables, NullLogger<ExportIndex>.Instance);
        ExportWriter = new ExportWriter(Tables, Exports, ExportIndex, edits);
        ExportLeases = new ExportLeases(Tables, Exports, time, entropy, NullLogger<ExportLeases>.Instance);
        ExportFiles = new ExportFiles(exports.Blobs, time) { BlockBytes = exports.BlockBytes };
        ExportRemoval = new ExportRemoval(Exports, ExportWriter, ExportFiles, time);
        ExportDispatch = new ExportDispatch(Tables, Exports, ExportRemoval, exports.Queues, time, NullLogger<ExportDispatch>.Instance);
        ExportCreation = new ExportCreation(Tables, Exports, ExportIndex, ExportDispatch, counters, exports.Options, time, entropy);
        (ConversationScan, MessageScan) = (new ConversationScan(Tables), new MessageScan(Tables));
        ExportBuild = new ExportBuild(
            Exports, ExportLeases, ExportWriter, ExportFiles, ConversationScan, MessageScan, ExportDispatch, exports.Options, time, NullLogger<ExportBuild>.Instance);
        (WebhookSecrets, CallbackSchedule) = (new WebhookSecrets(Tables, time, entropy, budget), new CallbackSchedule(entropy));
        ExportCallback = new ExportCallback(
            Exports, ExportLeases, ExportWriter, ExportFiles, WebhookSecrets, exports.Receiver, CallbackSchedule, ExportDispatch, time, NullLogger<ExportCallback>.Instance);
        ExportRedelivery = new ExportRedelivery(Exports, ExportWriter, ExportDispatch, time);
        Administration = new TenantAdministration(Tables, time, entropy, budget);
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

    public TurnReader TurnReader { get; }

    public TurnWriter TurnWriter { get; }

    public TurnWatch TurnWatch { get; }

    public TurnSweep TurnSweep { get; }

    public Completions Completions { get; }

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

    public FollowUpFiring FollowUpFiring { get; }

    public ICallbackSender Receiver { get; }

    public ExportReader Exports { get; }

    public ExportIndex ExportIndex { get; }

    public ExportWriter ExportWriter { get; }

    public ExportLeases ExportLeases { get; }

    public ExportFiles ExportFiles { get; }

    public ExportCreation ExportCreation { get; }

    public ExportDispatch ExportDispatch { get; }

    public ExportBuild ExportBuild { get; }

    public ExportCallback ExportCallback { get; }

    public ExportRedelivery ExportRedelivery { get; }

    public ExportRemoval ExportRemoval { get; }

    public ConversationScan ConversationScan { get; }

    public MessageScan MessageScan { get; }

    public WebhookSecrets WebhookSecrets { get; }

    public CallbackSchedule CallbackSchedule { get; }

    public TenantAdministration Administration { get; }

    /// <summary>Queues that forget what they are given, and nobody to call.</summary>
    private sealed class Nowhere : IFollowUpQueue, IExportQueues, IReplyQueue, ICallbackSender
    {
        public Task SendAsync(DueChunk chunk, TimeSpan delay, CancellationToken cancellation) => Task.CompletedTask;

        public Task SendAsync(QueuedReply reply, CancellationToken cancellation) => Task.CompletedTask;

        public Task SendAsync(ExportStep step, TimeSpan delay, CancellationToken cancellation) => Task.CompletedTask;

        public Task<CallbackResult> SendAsync(
            string url, ReadOnlyMemory<byte> body, IEnumerable<KeyValuePair<string, string>> headers, CancellationToken cancellation) =>
            Task.FromResult(new CallbackResult(null, CallbackFailure.NotConnected, TimeSpan.Zero));
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
internal sealed record ExportSurroundings(BlobServiceClient Blobs, IExportQueues Queues, ICallbackSender Receiver)
{
    /// <summary>Bytes of a block.</summary>
    public int BlockBytes { get; init; } = 256;

    public ExportOptions Options { get; init; } = new(TimeSpan.FromSeconds(30), TimeSpan.FromDays(7));
}
