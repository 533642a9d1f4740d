using Azure.Storage.Blobs;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Assistants.Records;
using Parley.Cleanup;
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
using Parley.Tenants.Audit;
using Parley.Tenants.Limits;
using Parley.Tenants.Tokens;
using Parley.Testing;
using Parley.Webhooks;

namespace Parley.Tests.OnStrictTables;

/// <summary>
/// Parley as one process runs it: the registered features, with their own connection, clock, randomness and locks. Only
/// services outside the process are replaced.
/// </summary>
internal sealed class ParleyProcess
{
    /// <summary>No container exists: only files and exports need one.</summary>
    private static readonly BlobServiceClient NoBlobs =
        new StrictBlobs(new VirtualTime()).ServiceClient(new StrictTables(new VirtualTime()).Connect("none"));

    private readonly IServiceProvider services;

    /// <param name="connection">The process's connection to the tables.</param>
    /// <param name="time">The process's clock.</param>
    /// <param name="seed">The seed of its randomness.</param>
    /// <param name="queue">The queue of follow-ups; null for one that drops messages.</param>
    /// <param name="exports">Blobs, queues and webhook receiver of exports; null for none.</param>
    /// <param name="assistants">Providers and queue of completions; null for none.</param>
    /// <param name="retries">The storage client's own retries of a call.</param>
    /// <param name="write">The table that schedule rows are written to.</param>
    /// <param name="shards">The shards of the schedule; null for those of the product.</param>
    public ParleyProcess(
        TableConnection connection,
        TimeProvider time,
        int seed,
        IWorkQueue<FollowUpChunk>? queue = null,
        ExportSurroundings? exports = null,
        AssistantSurroundings? assistants = null,
        int retries = 0,
        ScheduleTable write = ScheduleTable.Schedule,
        int? shards = null)
    {
        var nowhere = new NoQueues();
        exports ??= new ExportSurroundings(NoBlobs, nowhere, nowhere);
        assistants ??= new AssistantSurroundings(new ConfigurationBuilder().Build(), nowhere);
        services = new ServiceCollection()
            .AddSingleton(assistants.Logs)
            .AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddSingleton(time)
            .AddSingleton(new RandomSource(seed))
            .AddSingleton(provider => connection.ServiceClient(retries, provider.GetRequiredService<StorageClock>()))
            .AddSingleton(exports.Blobs)
            .AddParley(assistants.Settings)
            .AddSingleton(shards is { } number ? new ScheduleOptions(write) { Shards = number } : new ScheduleOptions(write))
            .AddSingleton(queue ?? nowhere)
            .AddSingleton(assistants.Queue)
            .AddSingleton(new AssistantOptions(HistoryTokens: 1_000))
            .AddSingleton(exports.Queues)
            .AddSingleton(exports.Receiver)
            .AddSingleton(exports.Options)
            .AddSingleton(new ExportFiles(exports.Blobs, time) { BlockBytes = exports.BlockBytes })
            .BuildServiceProvider();
    }

    public TimeProvider Time => Get<TimeProvider>();

    public BlobServiceClient Blobs => Get<BlobServiceClient>();

    public ParleyTables Tables => Get<ParleyTables>();

    public Schedule Schedule => Get<Schedule>();

    public ConversationReader Conversations => Get<ConversationReader>();

    public ConversationActivity Activity => Get<ConversationActivity>();

    public ConversationCreation Creation => Get<ConversationCreation>();

    public ConversationList ConversationList => Get<ConversationList>();

    public ConversationTransaction Transaction => Get<ConversationTransaction>();

    public ConversationChange ConversationChange => Get<ConversationChange>();

    public UnreadCounts Unread => Get<UnreadCounts>();

    public SenderReader Senders => Get<SenderReader>();

    public SenderWriter SenderWriter => Get<SenderWriter>();

    public ChatbotReader Chatbots => Get<ChatbotReader>();

    public ChatbotWriter ChatbotWriter => Get<ChatbotWriter>();

    public ThreadReader Threads => Get<ThreadReader>();

    public ThreadCreation ThreadCreation => Get<ThreadCreation>();

    public TicketReader Tickets => Get<TicketReader>();

    public TicketWriter TicketWriter => Get<TicketWriter>();

    public MessageAppend Append => Get<MessageAppend>();

    public CompletionStore CompletionStore => Get<CompletionStore>();

    public CompletionWriter CompletionWriter => Get<CompletionWriter>();

    public CompletionFollower CompletionFollower => Get<CompletionFollower>();

    public CompletionRecovery CompletionRecovery => Get<CompletionRecovery>();

    public CompletionCommands CompletionCommands => Get<CompletionCommands>();

    public AutoReplies AutoReplies => Get<AutoReplies>();

    public RecordReader Records => Get<RecordReader>();

    public RecordScores RecordScores => Get<RecordScores>();

    public MessageChange Change => Get<MessageChange>();

    public MessageReading Reading => Get<MessageReading>();

    public MessagePages Pages => Get<MessagePages>();

    public WebChats WebChats => Get<WebChats>();

    public RecentMessages Recent => Get<RecentMessages>();

    public ChatMessages Chats => Get<ChatMessages>();

    public FollowUpReader FollowUps => Get<FollowUpReader>();

    public FollowUpIndex FollowUpIndex => Get<FollowUpIndex>();

    public FollowUpList FollowUpList => Get<FollowUpList>();

    public FollowUpWriter FollowUpWriter => Get<FollowUpWriter>();

    public FollowUpDispatch FollowUpDispatch => Get<FollowUpDispatch>();

    public FollowUpSender FollowUpSender => Get<FollowUpSender>();

    public IWebhookSender Receiver => Get<IWebhookSender>();

    public ExportStore Exports => Get<ExportStore>();

    public ExportLeaseStore ExportLeaseStore => Get<ExportLeaseStore>();

    public ExportFiles ExportFiles => Get<ExportFiles>();

    public ExportContents ExportContents => Get<ExportContents>();

    public ExportCreation ExportCreation => Get<ExportCreation>();

    public ExportDispatch ExportDispatch => Get<ExportDispatch>();

    public ExportFileJob ExportFileJob => Get<ExportFileJob>();

    public ExportWebhookJob ExportWebhookJob => Get<ExportWebhookJob>();

    public ExportRedelivery ExportRedelivery => Get<ExportRedelivery>();

    public ExportRemoval ExportRemoval => Get<ExportRemoval>();

    public ConversationScan ConversationScan => Get<ConversationScan>();

    public MessageScan MessageScan => Get<MessageScan>();

    public WebhookSecrets WebhookSecrets => Get<WebhookSecrets>();

    public SecretResealing SecretResealing => Get<SecretResealing>();

    public TenantStates TenantStates => Get<TenantStates>();

    public Cursors Cursors => Get<Cursors>();

    public WebhookSchedule WebhookSchedule => Get<WebhookSchedule>();

    public TenantBounds Bounds => Get<TenantBounds>();

    public TenantAdministration Administration => Get<TenantAdministration>();

    public TenantReader Tenants => Get<TenantReader>();

    public ApiKeyReader Keys => Get<ApiKeyReader>();

    public ApiKeyWriter KeyWriter => Get<ApiKeyWriter>();

    public ApiKeyListing KeyListing => Get<ApiKeyListing>();

    public ApiKeyUses KeyUses => Get<ApiKeyUses>();

    public Authenticator Authenticator => Get<Authenticator>();

    public SigningKeys SigningKeys => Get<SigningKeys>();

    public SigningKeyStore SigningKeyStore => Get<SigningKeyStore>();

    public SigningKeyRotation SigningKeyRotation => Get<SigningKeyRotation>();

    public TokenClients TokenClients => Get<TokenClients>();

    public AccessTokens AccessTokens => Get<AccessTokens>();

    public TokenSigner TokenSigner => Get<TokenSigner>();

    public OpenCalls OpenCalls => Get<OpenCalls>();

    public AuditLog Audit => Get<AuditLog>();

    public FileStore Files => Get<FileStore>();

    public CleanupJob Cleanup => Get<CleanupJob>();

    private T Get<T>()
        where T : notnull => services.GetRequiredService<T>();
}

/// <summary>Queues that drop messages, and a webhook receiver that no request reaches.</summary>
internal sealed class NoQueues : IWorkQueue<FollowUpChunk>, IWorkQueue<ExportStep>, IWorkQueue<QueuedReply>, IWebhookSender
{
    public Task SendAsync(FollowUpChunk chunk, TimeSpan delay, CancellationToken cancellation) => Task.CompletedTask;

    public Task SendAsync(QueuedReply reply, TimeSpan delay, CancellationToken cancellation) => Task.CompletedTask;

    public Task SendAsync(ExportStep step, TimeSpan delay, CancellationToken cancellation) => Task.CompletedTask;

    public Task<WebhookResult> SendAsync(
        string url, ReadOnlyMemory<byte> body, IEnumerable<KeyValuePair<string, string>> headers, CancellationToken cancellation) =>
        Task.FromResult(new WebhookResult(null, WebhookFailure.NotConnected, TimeSpan.Zero));
}

/// <summary>The services that assistants need besides tables.</summary>
/// <param name="Settings">The configuration of the providers.</param>
/// <param name="Queue">The queue of replies.</param>
internal sealed record AssistantSurroundings(IConfiguration Settings, IWorkQueue<QueuedReply> Queue)
{
    /// <summary>The log of the process.</summary>
    public ILoggerFactory Logs { get; init; } = NullLoggerFactory.Instance;
}

/// <summary>The services that exports need besides tables.</summary>
/// <param name="Blobs">The storage of the files.</param>
/// <param name="Queues">The queue of the steps.</param>
/// <param name="Receiver">The receiver of webhooks.</param>
internal sealed record ExportSurroundings(BlobServiceClient Blobs, IWorkQueue<ExportStep> Queues, IWebhookSender Receiver)
{
    /// <summary>The size of a block in bytes.</summary>
    public int BlockBytes { get; init; } = 256;

    public ExportOptions Options { get; init; } = new(TimeSpan.FromSeconds(30), TimeSpan.FromDays(7));
}
