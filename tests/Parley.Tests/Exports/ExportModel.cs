using Azure;
using Azure.Data.Tables;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Exports;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.Conversations.FollowUps;
using Parley.Tests.OnStrictTables;
using Xunit;
using Xunit.Sdk;

namespace Parley.Tests.Exports;

/// <summary>How exports are made and carried on: Parley's ways, or broken ones that the invariants must catch.</summary>
internal sealed record ExportOperations
{
    /// <summary>Parley's.</summary>
    public static ExportOperations Production { get; } = new();

    public Func<ParleyProcess, TenantId, NewExport, IdempotencyKey?, Task<Export>> Create { get; init; } = async (process, tenant, draft, key) =>
        (await process.ExportCreation.CreateAsync(tenant, draft, key, CancellationToken.None)).Export;

    public Func<ParleyProcess, ExportStep, Task> Build { get; init; } = (process, step) => process.ExportFileJob.RunAsync(step, CancellationToken.None);

    /// <summary>A defect of every process; null for none.</summary>
    public TableDefect? Defect { get; init; }

    public Func<ParleyProcess, ExportStep, Task> Deliver { get; init; } = (process, step) => process.ExportWebhook.RunAsync(step, CancellationToken.None);

    public Func<ParleyProcess, Task> Tick { get; init; } = process => process.ExportDispatch.DispatchAsync(CancellationToken.None);
}

/// <summary>The storage, the queues and the receiver of one run, what clients were told, and what must be true of the one given the other.</summary>
internal sealed class ExportModel
{
    public const string CallbackUrl = "https://receiver.example/callbacks";

    /// <summary>What a file must survive: separators, quotes, line breaks, letters beyond ASCII, a formula.</summary>
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

    /// <summary>Exports as clients were told that they are.</summary>
    public List<Export> Told { get; } = [];

    /// <summary>Whether no message can be stored after a file is begun to whose range it belongs: no clock is off, and no call takes for ever.</summary>
    public bool IsExact { get; set; } = true;

    /// <summary>What the triggers caught.</summary>
    public HashSet<string> Caught { get; } = new(StringComparer.Ordinal);

    /// <summary>A process under the scheduler with a clock and faults of its own.</summary>
    public (ParleyProcess Process, TableConnection Connection) Start(string name, int seed, TimeSpan skew, Func<TableCall, Fault>? fault = null)
    {
        skews[name] = skew;
        var connection = Run.Connect(tables, name, new TableHooks { Fault = fault, After = Log.Note, Defect = defect });
        return (Process(connection, seed, skew), connection);
    }

    /// <summary>A process on a connection of which the log is told.</summary>
    public ParleyProcess Process(TableConnection connection, int seed, TimeSpan skew = default, int blockBytes = 256) => new(
        connection,
        new SkewedTime(Run.Time, skew),
        seed,
        queue: null,
        new ExportSurroundings(Blobs.ServiceClient(connection), Queues.Of(connection), Receiver.Of(connection)) { BlockBytes = blockBytes });

    /// <summary>A process that costs no turns.</summary>
    public ParleyProcess Unscheduled(string name = "unscheduled", TimeSpan skew = default, TableHooks? hooks = null, int blockBytes = 256)
    {
        skews[name] = skew;
        return Process(tables.Connect(name, (hooks ?? new TableHooks()) with { After = Log.Note }), Run.Seed + (++unscheduled << 16), skew, blockBytes);
    }

    /// <summary>Sets the ground: two tenants, three conversations, in which people have spoken in several minutes.</summary>
    public async Task BuildAsync()
    {
        var setup = Unscheduled();
        await setup.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        await setup.ExportFiles.CreateIfNotExistsAsync(CancellationToken.None);
        for (var i = 0; i < 3; i++)
        {
            if (i != 1)
            {
                Tenants.Add((await setup.Administration.CreateTenantAsync($"tenant {i}", CancellationToken.None)).Tenant);
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

    /// <summary>What the triggers do with a message (ExportTriggers): whatever storage does, it is handled.</summary>
    public async Task HandleAsync(ExportOperations ways, ParleyProcess process, QueuedMessage<ExportStep> message)
    {
        var step = message.Message;
        try
        {
            await (step.Step == 0 ? ways.Build : ways.Deliver)(process, step);
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

    /// <summary>What a client is told instead of an answer, or a trigger's host logs.</summary>
    public static bool IsFailureOfStorage(Exception e) =>
        e is RequestFailedException { Status: not (400 or 404 or 409 or 412) } or OperationCanceledException or IOException
        || e is AggregateException many && many.InnerExceptions.All(IsFailureOfStorage)
        || e is ParleyException { Code.Kind: ErrorKind.Unavailable };

    /// <summary>Nothing happens but ticks and deliveries, and the receiver is well, until there is nothing left to do.</summary>
    public async Task ReachQuiescenceAsync(ExportOperations ways, params ParleyProcess[] processes)
    {
        Queues.TroubleOneIn = 0;
        Receiver.Script = _ => new ReceiverResponse(204);

        // Leases, clocks that are off, and rows that find nothing; then the longest pause between two attempts.
        await TickAsync(ways, TimeSpan.FromMinutes(40), TimeSpan.FromMinutes(4), processes);
        await TickAsync(ways, TimeSpan.FromHours(15), TimeSpan.FromHours(3), processes);
    }

    /// <summary>Ticks and deliveries for so long.</summary>
    public async Task TickAsync(ExportOperations ways, TimeSpan length, TimeSpan pause, params ParleyProcess[] processes)
    {
        for (var left = length; left > TimeSpan.Zero; left -= pause)
        {
            foreach (var process in processes)
            {
                await ways.Tick(process);
                await DeliverAsync(ways, process);
            }

            await Task.Delay(pause, Run.Time);
        }
    }

    /// <summary>Delivers what is to be delivered now, until there is no more.</summary>
    public async Task DeliverAsync(ExportOperations ways, ParleyProcess process)
    {
        while (Queues.Take() is { } message)
        {
            await HandleAsync(ways, process, message);
            Queues.Complete(message);
        }
    }

    /// <summary>Asserts what holds once nothing is left to do: after calm, before the files' time is over.</summary>
    public async Task VerifyEndedAsync()
    {
        Log.Verify();
        var reader = Unscheduled();
        var conversations = await MessagesAsync(reader);
        foreach (var export in Log.Exports)
        {
            var row = export.Row;
            Assert.True(!row.IsUnfinished && row.DueAt is null, $"Export {row.Key.Number} is {row.Status}, its callback {row.WebhookStatus}, due at {row.DueAt}.");
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

        Assert.All(Told, told =>
        {
            var row = Log[told.Key].Row;
            Assert.Equal((told.Id, told.RangeStart, told.RangeEnd, told.Format, told.CallbackUrl), (row.Id, row.RangeStart, row.RangeEnd, row.Format, row.CallbackUrl));
            Assert.True(row.Revision > told.Revision || row.Status == told.Status, $"Told {told.Status}, and it is {row.Status}.");
            Assert.True(told.Status is not (ExportStatus.Cancelled or ExportStatus.Expired) || row.Status == told.Status, $"Told {told.Status}, and it is {row.Status}.");
        });
    }

    /// <summary>Lets the files' time pass, and asserts what holds then.</summary>
    public async Task ExpireAsync(ExportOperations ways, params ParleyProcess[] processes)
    {
        await TickAsync(ways, TimeSpan.FromDays(9), TimeSpan.FromDays(1.5), processes);
        Log.Verify();
        Assert.Empty(Log.Due);
        Assert.Empty(Blobs.Names(ExportLog.Container));
        Assert.All(Log.Exports, export => Assert.Contains(export.Row.Status, new[] { ExportStatus.Expired, ExportStatus.Failed, ExportStatus.Cancelled }));
        Assert.Null(Queues.NextAt);
    }

    /// <summary>
    /// The file holds each message of the range once, in order: those that were stored when the file was begun, and of later ones none or any. Where none can
    /// be later, exactly those of the range.
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
        var begun = export.FileTakes[row.FileAttempt!.Value];
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
