using Azure;
using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Exports;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.Conversations.FollowUps;
using Parley.Tests.OnStrictTables;
using Parley.Tests.Tenants;
using Xunit;
using Xunit.Sdk;

namespace Parley.Tests.Exports;

/// <summary>The operations under test: the production code, or a broken copy that the invariants must detect.</summary>
internal sealed record ExportOperations
{
    public static ExportOperations Production { get; } = new();

    public Func<ParleyProcess, TenantId, NewExport, IdempotencyKey?, Task<Export>> Create { get; init; } = async (process, tenant, draft, key) =>
        (await process.ExportCreation.CreateAsync(tenant, draft, key, CancellationToken.None)).Export;

    public Func<ParleyProcess, ExportStep, Task> Build { get; init; } = (process, step) => process.ExportFileJob.RunAsync(step, CancellationToken.None);

    /// <summary>A defect of every process; null for none.</summary>
    public TableDefect? Defect { get; init; }

    public Func<ParleyProcess, ExportStep, Task> Deliver { get; init; } = (process, step) => process.ExportWebhookJob.RunAsync(step, CancellationToken.None);

    public Func<ParleyProcess, Task> Tick { get; init; } = process => process.ExportDispatch.DispatchAsync(CancellationToken.None);
}

/// <summary>
/// The storage, the queues and the receiver of one run, the responses that clients received, and the invariants between
/// them.
/// </summary>
internal sealed class ExportModel
{
    public const string CallbackUrl = "https://receiver.example/callbacks";

    /// <summary>
    /// Texts that a file must preserve: separators, quotes, line breaks, letters beyond ASCII, a formula.
    /// </summary>
    private static readonly string[] Texts = ["Olá, você; \"tudo\" bem?", "two\nlines", "=1+1", "a\tb", ""];

    private readonly StrictTables tables;
    private readonly TableDefect? defect;
    private readonly Dictionary<string, TimeSpan> skews = new(StringComparer.Ordinal);
    private readonly Dictionary<ConversationKey, string?> titles = [];
    private int texts;
    private int unscheduled;

    public ExportModel(Simulation run, StrictTables tables, TableDefect? defect = null)
    {
        (Run, this.tables, this.defect) = (run, tables, defect);
        Blobs = new StrictBlobs(run.Time);
        Queues = new SimulatedWorkQueue<ExportStep>(run) { ArrivesEarly = true, ComesAgainWithin = TimeSpan.FromSeconds(100) };
        Log = new ExportLog(Blobs, process => run.Time.GetUtcNow() + skews.GetValueOrDefault(process));
        Receiver = new SimulatedReceiver(run, Log);
    }

    public Simulation Run { get; }

    public StrictBlobs Blobs { get; }

    public SimulatedWorkQueue<ExportStep> Queues { get; }

    public ExportLog Log { get; }

    public SimulatedReceiver Receiver { get; }

    public List<ConversationKey> Conversations { get; } = [];

    public List<TenantId> Tenants { get; } = [];

    /// <summary>Exports from the responses that clients received.</summary>
    public List<Export> Acknowledged { get; } = [];

    /// <summary>
    /// True if no message of an export's range can be stored after its file is begun: no clock is skewed and no call
    /// exceeds its time limit.
    /// </summary>
    public bool IsExact { get; set; } = true;

    /// <summary>The rows on a page of the storage's answers, so that reading a file takes many calls; null for the most.</summary>
    public int? PageRows { get; set; }

    /// <summary>The table that all processes write schedule rows to; null for <see cref="ScheduleForms.Of"/>.</summary>
    public ScheduleTable? Write { get; init; }

    /// <summary>The types of the exceptions that the triggers caught.</summary>
    public HashSet<string> Caught { get; } = new(StringComparer.Ordinal);

    /// <summary>Starts a process whose calls the simulation schedules, with its own clock and faults.</summary>
    public (ParleyProcess Process, TableConnection Connection) Start(string name, int seed, TimeSpan skew, Func<TableCall, Fault>? fault = null)
    {
        skews[name] = skew;
        var connection = Run.Connect(tables, name, new TableHooks { Fault = fault, After = Log.Note, Defect = defect, PageRows = _ => PageRows });
        return (Process(connection, seed, skew), connection);
    }

    /// <summary>A process whose webhook attempts are recorded in the log.</summary>
    public ParleyProcess Process(TableConnection connection, int seed, TimeSpan skew = default, int blockBytes = 256, int retries = 0) => new(
        connection,
        new SkewedTime(Run.Time, skew),
        seed,
        queue: null,
        new ExportSurroundings(Blobs.ServiceClient(connection, retries), Queues.Of(connection), Receiver.Of(connection)) { BlockBytes = blockBytes },
        write: Write ?? ScheduleForms.Of(Run, seed),
        shards: ScheduleForms.Shards);

    /// <summary>A process whose calls are not scheduled by the simulation.</summary>
    public ParleyProcess Unscheduled(string name = "unscheduled", TimeSpan skew = default, TableHooks? hooks = null, int blockBytes = 256, int retries = 0)
    {
        skews[name] = skew;
        return Process(tables.Connect(name, (hooks ?? new TableHooks()) with { After = Log.Note }), Run.Seed + (++unscheduled << 16), skew, blockBytes, retries);
    }

    /// <summary>Creates two tenants and three conversations with messages in several minutes.</summary>
    public async Task BuildAsync()
    {
        var setup = Unscheduled();
        await setup.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        await setup.ExportFiles.CreateIfNotExistsAsync(CancellationToken.None);
        for (var i = 0; i < 3; i++)
        {
            if (i != 1)
            {
                Tenants.Add((await setup.Administration.CreateTenantAsync($"tenant {i}", TenantProcess.Operator, CancellationToken.None)).Tenant);
            }

            var title = i == 0 ? "=A title, of one" : null;
            var (created, _) = await setup.Creation.CreateAsync(Tenants[^1], new(title, "web", null, null, null, null, null), null, CancellationToken.None);
            Conversations.Add(created.Key);
            titles.Add(created.Key, title);
            for (var message = 0; message < 3 - i; message++)
            {
                await Task.Delay(TimeSpan.FromSeconds(40), Run.Time);
                await PostAsync(setup, created.Key, (MessageRole)(message + 1));
            }
        }

        await Task.Delay(TimeSpan.FromMinutes(2), Run.Time);
    }

    public Task PostAsync(ParleyProcess process, ConversationKey conversation, MessageRole role) => process.Append.AppendAsync(
        new EntityRef<ConversationKey>(conversation, null),
        new(role, Texts[texts++ % Texts.Length] is { Length: > 0 } text ? text : $"text {texts}", role == MessageRole.Staff ? 1 : null, role == MessageRole.Staff ? "Ana" : null, null)
        {
            ExternalId = texts % 2 == 0 ? $"id {texts}" : null,
        },
        null,
        CancellationToken.None);

    /// <summary>
    /// Handles a message as the triggers do (ExportTriggers): it counts as handled even if storage fails.
    /// </summary>
    public async Task HandleAsync(ExportOperations operations, ParleyProcess process, QueuedMessage<ExportStep> message)
    {
        var step = message.Message;
        try
        {
            await (step.Step == 0 ? operations.Build : operations.Deliver)(process, step);
        }
        catch (Exception e) when (IsFailureOfStorage(e))
        {
            Caught.Add(e.GetType().Name);
        }
        catch (Exception e) when (e is not CrashException)
        {
            throw new XunitException($"{step} ended with a defect: {e}", e);
        }
    }

    /// <summary>A failure that a client receives as an error, or that a trigger's host logs.</summary>
    public static bool IsFailureOfStorage(Exception e) =>
        e is RequestFailedException { Status: not (400 or 404 or 409 or 412) } or OperationCanceledException or IOException
        || e is AggregateException many && many.InnerExceptions.All(IsFailureOfStorage)
        || e is ParleyException { Code.Kind: ErrorKind.Unavailable };

    /// <summary>Runs only ticks and deliveries, with a receiver that accepts, until no step is left.</summary>
    public async Task ReachQuiescenceAsync(ExportOperations operations, params ParleyProcess[] processes)
    {
        Queues.TroubleOneIn = 0;
        Receiver.Script = _ => new ReceiverResponse(204);

        // First the leases, skewed clocks and orphaned rows, then the longest pause between two attempts.
        await TickAsync(operations, TimeSpan.FromMinutes(40), TimeSpan.FromMinutes(4), processes);
        await TickAsync(operations, TimeSpan.FromHours(15), TimeSpan.FromHours(3), processes);
    }

    /// <summary>Runs ticks and deliveries for this time.</summary>
    public async Task TickAsync(ExportOperations operations, TimeSpan length, TimeSpan pause, params ParleyProcess[] processes)
    {
        for (var left = length; left > TimeSpan.Zero; left -= pause)
        {
            foreach (var process in processes)
            {
                await operations.Tick(process);
                await DeliverAsync(operations, process);
            }

            await Task.Delay(pause, Run.Time);
        }
    }

    /// <summary>Delivers due queue messages until none is left.</summary>
    public async Task DeliverAsync(ExportOperations operations, ParleyProcess process)
    {
        while (Queues.Take() is { } message)
        {
            await HandleAsync(operations, process, message);
            Queues.Complete(message);
        }
    }

    /// <summary>Checks the invariants after quiescence and before the files expire.</summary>
    public async Task VerifyEndedAsync()
    {
        Log.Verify();
        var reader = Unscheduled();
        var conversations = await MessagesAsync(reader);
        foreach (var export in Log.Exports)
        {
            var row = export.Row;
            Assert.True(!row.IsUnfinished && row.DueAt is null, $"Export {row.Key.Number} is {row.Status}, its webhook {row.WebhookStatus}, due at {row.DueAt}.");
            Assert.Equal(row.Status == ExportStatus.Cancelled, row is { WebhookStatus: WebhookStatus.Cancelled, FileAttempt: null });
            if (row.Status == ExportStatus.Completed)
            {
                Assert.Equal(export.File, Blobs.Find(ExportLog.Container, ExportLog.FileName(row))?.Content());
                Assert.NotEqual(WebhookStatus.Cancelled, row.WebhookStatus);
            }

            if (export.File is not null)
            {
                VerifyContent(export, conversations);
            }

            if (row.Status == ExportStatus.Failed && row.WebhookStatus == WebhookStatus.Taken)
            {
                Assert.NotNull(row.Reason);
            }
        }

        Assert.All(Log.Due, row => Assert.Null(ExportRowKeys.ReadScheduledExport(row.RowKey).Step));
        foreach (var tenant in Tenants)
        {
            var all = Log.Exports.Where(export => export.Row.Key.Tenant == tenant).Select(export => export.Row).OrderByDescending(row => row.Key.Number).ToList();
            Assert.Equal(Enumerable.Range(1, all.Count).Reverse(), all.Select(row => row.Key.Number));
            var listed = await reader.Exports.ListAsync(tenant, null, 100, CancellationToken.None);
            Assert.Equal(all.Select(row => (row.Id, row.Status, row.Revision)), listed.Items.Select(row => (row.Id, row.Status, row.Revision)));
        }

        Assert.All(Acknowledged, one =>
        {
            var row = Log[one.Key].Row;
            Assert.Equal((one.Id, one.RangeStart, one.RangeEnd, one.Format, one.CallbackUrl), (row.Id, row.RangeStart, row.RangeEnd, row.Format, row.CallbackUrl));
            Assert.True(row.Revision > one.Revision || row.Status == one.Status, $"Acknowledged as {one.Status}, and it is {row.Status}.");
            Assert.True(one.Status is not (ExportStatus.Cancelled or ExportStatus.Expired) || row.Status == one.Status, $"Acknowledged as {one.Status}, and it is {row.Status}.");
        });
    }

    /// <summary>Advances past the files' expiry and checks the invariants again.</summary>
    public async Task ExpireAsync(ExportOperations operations, params ParleyProcess[] processes)
    {
        await TickAsync(operations, TimeSpan.FromDays(9), TimeSpan.FromDays(1.5), processes);
        Log.Verify();
        Assert.Empty(Log.Due);
        Assert.Empty(Blobs.Names(ExportLog.Container));
        Assert.All(Log.Exports, export => Assert.Contains(export.Row.Status, new[] { ExportStatus.Expired, ExportStatus.Failed, ExportStatus.Cancelled }));
        Assert.Null(Queues.NextAt);
    }

    /// <summary>
    /// The file has each message of the range once, in order: all that were stored when the file was begun, and any of
    /// those stored later. If none can come later, exactly the messages of the range.
    /// </summary>
    private void VerifyContent(PlayedExport export, List<Message> all)
    {
        var row = export.Row;
        var inRange = all.Where(message => message.Key.Conversation.Tenant == row.Key.Tenant && message.CreatedAt >= row.RangeStart && message.CreatedAt < row.RangeEnd).ToList();
        var cells = inRange.ToDictionary(message => Name(message), message => ExportFileReader.RowOf(row, titles[message.Key.Conversation], message));
        var file = ExportFileReader.Read(row, export.File!);
        var names = file.Select(cell => $"{cell[0]}/{cell[2]}").ToList();
        Assert.Equal(inRange.Select(Name).Where(names.Contains), names);
        Assert.All(file.Zip(names), line => Assert.Equal(cells[line.Second], line.First));
        var begun = export.FileBegunAt;
        var missing = inRange.Where(message => (IsExact || Log.StoredAt(message.Key) < begun) && !names.Contains(Name(message))).Select(Name).ToList();
        Assert.True(missing.Count == 0, $"The file of export {row.Key.Number} lacks {string.Join(", ", missing)}.");

        static string Name(Message message) => $"{message.Key.Conversation.Number}/{message.Key.Sequence}";
    }

    private async Task<List<Message>> MessagesAsync(ParleyProcess reader)
    {
        var messages = new List<Message>();
        foreach (var conversation in Conversations)
        {
            var filter = Filters.Range(conversation.PartitionKey, MessageRowKeys.Message(1), MessageRowKeys.Message(MessageKey.MaxSequence));
            messages.AddRange(await reader.Tables.Conversations.QueryAsync<TableEntity>(filter).Select(row => MessageRow.Read(row, conversation)).ToListAsync());
        }

        return messages;
    }
}
