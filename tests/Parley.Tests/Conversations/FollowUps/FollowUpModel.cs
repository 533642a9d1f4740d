using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>The operations under test: the production code, or a broken copy that the invariants must detect.</summary>
internal sealed record FollowUpOperations
{
    public static FollowUpOperations Production { get; } = new();

    /// <summary>A defect of every process; null for none.</summary>
    public TableDefect? Defect { get; init; }

    public Func<ParleyProcess, EntityRef<ConversationKey>, DateTimeOffset, string, Task<FollowUp>> Create { get; init; } = async (process, id, dueAt, text) =>
        (await process.FollowUpWriter.CreateAsync(id, dueAt, text, "test", null, CancellationToken.None)).FollowUp;

    public Func<ParleyProcess, Guid, FollowUpChange, string, Func<int, bool>?, Task<FollowUp>> Change { get; init; } = (process, id, change, actor, expected) =>
        process.FollowUpWriter.ChangeAsync(Appends.Tenant, $"{id}", change, actor, expected, CancellationToken.None);

    public Func<ParleyProcess, EntityRef<ConversationKey>, DateTimeOffset?, Task> HandOff { get; init; } = (process, id, until) =>
        process.ConversationChange.ChangeAsync(id, head => head with { HandedOffUntil = until }, "agent", null, CancellationToken.None);

    public Func<ParleyProcess, FollowUpChunk, Task> Send { get; init; } = (process, chunk) => process.FollowUpSender.SendAsync(chunk, CancellationToken.None);
}

/// <summary>
/// The storage and the queue of one run, the responses that clients received, and the invariants between them.
/// </summary>
internal sealed class FollowUpModel(Simulation run, StrictTables tables, TableDefect? defect = null)
{
    private const string FollowUpText = "follow-up ";
    private static readonly FollowUpFilter Everything = new([], [], [], []);
    private readonly Dictionary<string, TimeSpan> skews = new(StringComparer.Ordinal);
    private FollowUpLog? log;

    /// <summary>
    /// In half of the runs some actors run an earlier version until they are restarted, as during a rolling update.
    /// </summary>
    private TableDefect? Earlier => run.Seed % 2 == 0 ? null : EarlierVersion.Of(name => name is "customer/1" or "client2/1" or "worker/1");

    public Simulation Run => run;

    /// <summary>The table that all processes write schedule rows to; null for <see cref="ScheduleForms.Of"/>.</summary>
    public ScheduleTable? Write { get; init; }

    public SimulatedWorkQueue<FollowUpChunk> Queue { get; } =
        new(run) { ArrivesEarly = true, ComesAgainWithin = TimeSpan.FromSeconds(400) };

    public List<ConversationKey> Conversations { get; } = [];

    /// <summary>Follow-ups from the responses that clients received.</summary>
    public List<FollowUp> Acknowledged { get; } = [];

    /// <summary>The actors of changes that were refused, of which nothing is stored.</summary>
    public List<string> Refused { get; } = [];

    /// <summary>Messages whose storage was acknowledged.</summary>
    public List<MessageKey> AcknowledgedMessages { get; } = [];

    /// <summary>The number of follow-ups that Parley sent.</summary>
    public int Sent { get; private set; }

    /// <summary>The number of follow-ups that Parley gave up.</summary>
    public int GivenUp { get; private set; }

    /// <summary>A text that no other follow-up has.</summary>
    public static string TextOf(string name) => FollowUpText + name;

    public static bool IsFollowUp(Message message) => message.Text.StartsWith(FollowUpText, StringComparison.Ordinal);

    /// <summary>Starts a process whose calls the simulation schedules, with its own clock and faults.</summary>
    public (ParleyProcess Process, TableConnection Connection) Start(string name, int seed, TimeSpan skew, Func<TableCall, Fault>? fault = null, IWorkQueue<FollowUpChunk>? queue = null)
    {
        log ??= new FollowUpLog(process => run.Time.GetUtcNow() + skews[process]);
        skews[name] = skew;
        var connection = Run.Connect(tables, name, new TableHooks { Fault = fault, After = log.Note, Defect = defect ?? Earlier });
        return (new ParleyProcess(connection, new SkewedTime(run.Time, skew), seed, queue ?? Queue.Of(connection), write: WrittenBy(seed), shards: ScheduleForms.Shards), connection);
    }

    public ParleyProcess Process(TableConnection connection, int seed) => new(connection, run.Time, seed, Queue.Of(connection), write: WrittenBy(seed), shards: ScheduleForms.Shards);

    private ScheduleTable WrittenBy(int process) => Write ?? ScheduleForms.Of(run, process);

    /// <summary>Creates the conversations of the run, each with a message of the assistant.</summary>
    public async Task BuildAsync(int conversations)
    {
        var setup = Unscheduled();
        await setup.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        for (var i = 0; i < conversations; i++)
        {
            var (created, _) = await setup.Creation.CreateAsync(Appends.Tenant, new("talk", "web", null, null, null, null, null), null, CancellationToken.None);
            Conversations.Add(created.Key);
            await setup.Append.AppendAsync(new EntityRef<ConversationKey>(created.Key, null), new(MessageRole.Assistant, "How can I help?", null, null, null), null, CancellationToken.None);
        }
    }

    /// <summary>
    /// Runs only ticks and deliveries until all due follow-ups are finished and stale rows are deleted.
    /// </summary>
    public async Task ReachQuiescenceAsync(FollowUpOperations operations, params ParleyProcess[] processes)
    {
        Queue.TroubleOneIn = 0;
        for (var minute = 0; minute < 32; minute += 2)
        {
            await Task.WhenAll(processes.Select(process => process.FollowUpDispatch.DispatchAsync(CancellationToken.None)));
            await Task.WhenAll(processes.Select(process => DeliverAsync(process, operations)));
            await Task.Delay(TimeSpan.FromMinutes(2), run.Time);
        }
    }

    /// <summary>Delivers due queue messages until none is left.</summary>
    private async Task DeliverAsync(ParleyProcess process, FollowUpOperations operations)
    {
        while (Queue.Take() is { } message)
        {
            await operations.Send(process, message.Message);
            Queue.Complete(message);
        }
    }

    /// <summary>Checks every invariant when no call is in flight.</summary>
    /// <param name="past">No follow-up that was due before this time is pending.</param>
    /// <returns>All follow-ups, newest first.</returns>
    public async Task<IReadOnlyList<FollowUp>> VerifyAsync(DateTimeOffset past)
    {
        var reader = Unscheduled();
        var rows = await RowsAsync(reader.Tables.Conversations);
        var states = rows.GroupBy(row => row.PartitionKey).Select(StateOf).ToList();
        (Sent, GivenUp) = (0, 0);
        foreach (var state in states)
        {
            if (log is not null)
            {
                var (sent, givenUp) = log.Verify(state);
                (Sent, GivenUp) = (Sent + sent, GivenUp + givenUp);
            }

            Assert.Equal(Enumerable.Range(1, state.Head.Last), state.Messages.Select(message => message.Key.Sequence));
            Assert.All(state.FollowUps.Values, followUp => VerifyFollowUp(followUp, state, past));
            Assert.Distinct(state.Messages.Where(IsFollowUp).Select(message => message.Text));
        }

        Assert.All(rows.GroupBy(row => row.PartitionKey), VerifyChatLists);
        VerifyAcknowledged(states);
        await VerifyListsAsync(reader, states);
        var due = await reader.Tables.ScheduledRowsAsync();
        Assert.DoesNotContain(due.Where(row => row.RowKey.StartsWith(FollowUpRowKeys.ScheduledFollowUps, StringComparison.Ordinal)).Select(ScheduledFollowUp.Read), row => row.DueAt < past);
        return await reader.FollowUpList.ReadAsync(Appends.Tenant, Everything, 1, 100, CancellationToken.None);
    }

    /// <summary>
    /// Every ended follow-up is in the conversation's list of its status, unless the head shows that the lists may be
    /// incomplete.
    /// </summary>
    private static void VerifyChatLists(IGrouping<string, TableEntity> partition)
    {
        var state = StateOf(partition);
        var listedAt = partition.SingleOrDefault(row => row.RowKey == FollowUpRowKeys.ListedFollowUps)?.GetInt32("ListedAt") ?? 0;
        if (listedAt >= state.Head.EarlierVersionsUpTo)
        {
            var ended = state.FollowUps.Values.Where(one => one.Status != FollowUpStatus.Pending);
            Assert.All(ended, one => Assert.Contains(partition, row => row.RowKey == FollowUpRowKeys.FollowUpInChat((int)one.Status, one.Number)));
        }
    }

    private static void VerifyFollowUp(FollowUp followUp, ConversationState state, DateTimeOffset past)
    {
        Assert.True(followUp.Status != FollowUpStatus.Pending || followUp.DueAt >= past, $"{followUp} was never sent.");
        Assert.Equal(followUp.Status == FollowUpStatus.Pending, followUp.FinishedAt is null);
        Assert.True(followUp.MessageId is not null || !IsAsSentByParley(followUp, state), $"{followUp} was sent, but names no message.");
        Assert.InRange(state.Messages.Count(message => message.Text == followUp.Text), 0, 1);
        Assert.Equal(state.Head.Id, followUp.ConversationId);
    }

    /// <summary>True unless a client has changed the follow-up since: it may have cleared the message's id.</summary>
    private static bool IsAsSentByParley(FollowUp followUp, ConversationState state) =>
        state.Events[(followUp.Number, followUp.Revision)] is { From: FollowUpStatus.Pending, To: FollowUpStatus.Sent, Actor: FollowUpEvent.Parley };

    /// <summary>Every acknowledged change is stored and was not undone.</summary>
    private void VerifyAcknowledged(List<ConversationState> states)
    {
        var byKey = states.ToDictionary(state => state.Head.Key);
        Assert.All(Acknowledged, one =>
        {
            var state = byKey[one.Conversation];
            Assert.Equal(one.Id, state.FollowUps[one.Number].Id);
            Assert.Equal(one.Status, state.Events[(one.Number, one.Revision)].To);
            if (state.FollowUps[one.Number].Revision == one.Revision)
            {
                Assert.Equal(FollowUpValues.Of(one), FollowUpValues.Of(state.FollowUps[one.Number]));
            }
        });
        var actors = states.SelectMany(state => state.Events.Values).Select(transition => transition.Actor).ToHashSet();
        Assert.All(Refused, actor => Assert.DoesNotContain(actor, actors));
        Assert.All(AcknowledgedMessages, key => Assert.Contains(byKey[key.Conversation].Messages, message => message.Key == key));
    }

    /// <summary>
    /// Every follow-up is in the list of its status and in no other; a conversation's own list contains all of its
    /// follow-ups.
    /// </summary>
    private static async Task VerifyListsAsync(ParleyProcess reader, List<ConversationState> states)
    {
        var all = states.SelectMany(state => state.FollowUps.Values).OrderByDescending(one => (one.CreatedAt, one.Conversation.Number, one.Number)).ToList();
        Assert.Equal(Names(all), Names(await ListAsync(Everything)));
        foreach (var status in Enum.GetValues<FollowUpStatus>())
        {
            Assert.Equal(Names(all.Where(one => one.Status == status)), Names(await ListAsync(Everything with { Statuses = [status] })));
        }

        var chats = states.Select(state => $"{state.Head.Id}").ToList();
        Assert.Equal(Names(all), Names(await ListAsync(Everything with { Chats = chats })));
        var ended = new[] { FollowUpStatus.Cancelled, FollowUpStatus.Sent };
        Assert.Equal(Names(all.Where(one => ended.Contains(one.Status))), Names(await ListAsync(Everything with { Statuses = ended })));
        var mixed = new[] { FollowUpStatus.Pending, FollowUpStatus.Failed, FollowUpStatus.Cancelled };
        Assert.Equal(Names(all.Where(one => mixed.Contains(one.Status))), Names(await ListAsync(Everything with { Chats = chats, Statuses = mixed })));
        Assert.Equal(Names(all.Where(one => ended.Contains(one.Status))), Names(await ListAsync(Everything with { Chats = chats, Statuses = ended })));
        foreach (var state in states)
        {
            foreach (var status in Enum.GetValues<FollowUpStatus>())
            {
                var ofStatus = Everything with { Chats = [$"{state.Head.Key.Number}"], Statuses = [status] };
                Assert.Equal(Names(all.Where(one => one.Conversation == state.Head.Key && one.Status == status)), Names(await ListAsync(ofStatus)));
            }

            var pending = Everything with { Chats = [$"{state.Head.Key.Number}"], Statuses = [FollowUpStatus.Pending] };
            Assert.Equal(Names(all.Where(one => one.Conversation == state.Head.Key && one.Status == FollowUpStatus.Pending)), Names(await ListAsync(pending)));
            var messages = state.Messages.Where((_, i) => i % 2 == 0).Select(message => message.Id).ToList();
            Assert.Equal(Names(all.Where(one => messages.Contains(one.TriggerId))), Names(await ListAsync(Everything with { Triggers = [.. messages.Select(id => $"{id}")] })));
            Assert.Equal(
                Names(all.Where(one => one.MessageId is { } id && messages.Contains(id))), Names(await ListAsync(Everything with { Messages = [.. messages.Select(id => $"{id}")] })));
            var ofMessages = await reader.FollowUps.OfMessagesAsync(state.Head.Key, [.. state.Messages.Select(message => message.Key.Sequence)], CancellationToken.None);
            Assert.All(state.Messages, message => Assert.Equal(
                state.FollowUps.Values.Where(one => one.TriggerId == message.Id || one.MessageId == message.Id).Select(one => one.Number).Order(),
                ofMessages[message.Key.Sequence].Select(one => one.Number).Order()));
        }

        // The lists above have dropped outdated rows, so pages neither overlap nor leave gaps.
        Assert.Equal(
            Names(all.Where(one => one.Status == FollowUpStatus.Cancelled).Skip(2).Take(2)),
            Names(await reader.FollowUpList.ReadAsync(Appends.Tenant, Everything with { Chats = chats, Statuses = [FollowUpStatus.Cancelled] }, 2, 2, CancellationToken.None)));

        Task<IReadOnlyList<FollowUp>> ListAsync(FollowUpFilter filter) => reader.FollowUpList.ReadAsync(Appends.Tenant, filter, 1, 100, CancellationToken.None);

        static IEnumerable<(int, int, FollowUpStatus)> Names(IEnumerable<FollowUp> followUps) => followUps.Select(one => (one.Conversation.Number, one.Number, one.Status));
    }

    private static ConversationState StateOf(IGrouping<string, TableEntity> partition)
    {
        var key = new ConversationKey(Appends.Tenant, int.Parse(partition.Key.AsSpan(9), System.Globalization.CultureInfo.InvariantCulture));
        return new ConversationState(
            ConversationRow.Read(partition.Single(row => row.RowKey == ConversationRowKeys.Head), key),
            [.. Of("m|").Select(row => MessageRow.Read(row, key))],
            Of("f|").Select(row => FollowUpRow.Read(row, key)).ToDictionary(followUp => followUp.Number),
            Of("fe|").ToDictionary(row => (KeyParts.LastNumber(row.RowKey[..row.RowKey.LastIndexOf('|')]), KeyParts.LastNumber(row.RowKey)), FollowUpRow.ReadEvent));

        IEnumerable<TableEntity> Of(string start) => partition.Where(row => row.RowKey.StartsWith(start, StringComparison.Ordinal));
    }

    private static async Task<List<TableEntity>> RowsAsync(TableClient table) => await table.QueryAsync<TableEntity>().ToListAsync();

    /// <summary>A process whose calls are not scheduled by the simulation.</summary>
    public ParleyProcess Unscheduled() => Process(tables.Connect("unscheduled"), run.Seed);
}
