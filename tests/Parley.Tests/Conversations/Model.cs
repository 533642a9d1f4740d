using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Conversations.Tickets;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.Conversations.FollowUps;
using Parley.Tests.Events;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>A client's knowledge about one of its requests.</summary>
internal enum Outcome
{
    /// <summary>
    /// The process died, storage did not respond, or the response was that the outcome is unknown: stored once or not
    /// at all.
    /// </summary>
    Unknown,

    /// <summary>The response was that nothing is stored.</summary>
    NotStored,

    /// <summary>The response was that it is stored.</summary>
    Stored,
}

/// <summary>One request, as the model remembers it.</summary>
/// <param name="name">
/// Unique. Stored as the writer's name, which edits do not change, or as a conversation's title.
/// </param>
internal sealed class Request(string name)
{
    public string Name => name;

    public Outcome Outcome { get; set; }

    /// <summary>
    /// For an append, the stored message, once acknowledged. For an edit, the message that it changes.
    /// </summary>
    public MessageKey? Message { get; set; }

    /// <summary>True for an edit that is a deletion.</summary>
    public bool Deletes { get; init; }

    /// <summary>The text after the edit.</summary>
    public string Text => Deletes ? "" : Name;

    /// <summary>The revision of an acknowledged edit.</summary>
    public int? Revision { get; set; }

    public override string ToString() => $"{Name} {Outcome} {Message} {Revision}";
}

internal static class HeadMarks
{
    /// <summary>True unless the call writes a head without the mark of this version (<c>Writer</c>).</summary>
    public static bool MarksHead(this TableCall call) =>
        !call.RowKeys.Contains(ConversationRowKeys.Head)
        || call.Written(ConversationRowKeys.Head, "Rev") is { } revision && revision.Equals(call.Written(ConversationRowKeys.Head, "Writer"));
}

/// <summary>The storage of one run, the responses that clients received, and the invariants between them.</summary>
internal sealed class Model(Simulation run, TableDefect? defect = null)
{
    private readonly Dictionary<string, int> headWrites = new(StringComparer.Ordinal);
    private readonly List<TableCall> unmarked = [];
    private readonly HashSet<string> earlier = new(StringComparer.Ordinal);

    public StrictTables Tables { get; } = new(run.Time);

    public Simulation Run => run;

    /// <summary>By how much the clock of the process with this seed is ahead.</summary>
    public Func<int, TimeSpan> Skew { get; init; } = _ => TimeSpan.Zero;

    /// <summary>The changes that were committed, and logged.</summary>
    public LogModel Log { get; } = new();

    public List<ConversationKey> Conversations { get; } = [];

    public List<Request> Appends { get; } = [];

    public List<Request> Edits { get; } = [];

    public List<Request> Creations { get; } = [];

    /// <summary>The marks from acknowledged readings.</summary>
    public List<ReadMark> Read { get; } = [];

    /// <summary>Changes of a conversation's metadata to the request's name.</summary>
    public List<(ConversationKey Conversation, Request Request)> Patches { get; } = [];

    /// <summary>Starts a process whose calls the simulation schedules, with its own faults.</summary>
    public ParleyProcess Start(string name, int seed, Func<TableCall, Fault>? fault = null) =>
        new(run.Connect(Tables, name, new TableHooks { Fault = fault, After = Count, Defect = defect }), new SkewedTime(run.Time, Skew(seed)), seed, write: ScheduleForms.Of(run, seed), shards: ScheduleForms.Shards);

    /// <summary>
    /// Starts an instance of version 0.2.0. It leaves heads that say of list rows in another partition that they are in
    /// the tenant's.
    /// </summary>
    public EarlierInstance StartEarlier(string name, int seed)
    {
        earlier.Add(name);
        var connection = run.Connect(Tables, name, new TableHooks { After = Count });
        return new EarlierInstance(new ParleyTables(connection.ServiceClient()), run.Time, new RandomSource(seed));
    }

    /// <summary>Checks every invariant when no call is in flight.</summary>
    public async Task VerifyAsync()
    {
        var tables = new ParleyTables(Tables.Connect("verify").ServiceClient());
        var rows = await RowsAsync(tables.Conversations);
        var tenantRows = await RowsAsync(tables.Tenants);
        var lists = tenantRows.Where(row => row.PartitionKey == OnStrictTables.Appends.Tenant.PartitionKey).ToDictionary(row => row.RowKey);
        var keys = tenantRows.Select(row => (row.PartitionKey, row.RowKey)).ToHashSet();
        var due = await tables.ScheduledRowsAsync();
        var heads = new List<Conversation>();
        var messages = new List<Message>();
        foreach (var partition in rows.GroupBy(row => row.PartitionKey))
        {
            var key = new ConversationKey(OnStrictTables.Appends.Tenant, int.Parse(partition.Key.AsSpan(9), System.Globalization.CultureInfo.InvariantCulture));
            var head = ConversationRow.Read(Assert.Single(partition, row => row.RowKey == ConversationRowKeys.Head), key);
            var own = partition.Where(row => row.RowKey.StartsWith("m|", StringComparison.Ordinal)).Select(row => MessageRow.Read(row, key)).ToList();
            VerifyHead(head, own);
            VerifyReading(head, own);
            VerifyPatches(head);
            VerifyTickets(head, own, [.. partition.Where(row => row.RowKey.StartsWith("tk|", StringComparison.Ordinal)).Select(row => TicketRow.Read(row, key))]);
            VerifyLists(head, lists, keys);
            VerifyKeys(key, partition, own, due);
            heads.Add(head);
            messages.AddRange(own);
        }

        Assert.Empty(unmarked);
        VerifyAppends(messages);
        VerifyEdits(messages.ToDictionary(message => message.Key));
        VerifyCreations(heads, lists, due);
        if (earlier.Count > 0 || run.Seed % 4 == 0)
        {
            await VerifyListAsync(heads);
        }
    }

    /// <summary>A walk through the list finds every conversation once, by minute and number.</summary>
    private async Task VerifyListAsync(List<Conversation> heads)
    {
        var (reader, seen, cursor) = (new ParleyProcess(Tables.Connect("list"), run.Time, 1), new List<ConversationKey>(), (string?)null);
        do
        {
            var page = await reader.ConversationList.ReadAsync(OnStrictTables.Appends.Tenant, new ConversationFilter(null, null), cursor, 2, CancellationToken.None);
            seen.AddRange(page.Conversations.Select(conversation => conversation.Key));
            cursor = page.Next;
        }
        while (cursor is not null);

        Assert.Equal(heads.OrderByDescending(head => head.ActivityMinute).ThenByDescending(head => head.Key.Number).Select(head => head.Key), seen);
    }

    /// <summary>Numbers are dense, times do not decrease, and the head agrees with its messages.</summary>
    private void VerifyHead(Conversation head, List<Message> messages)
    {
        Assert.Equal(Enumerable.Range(1, head.Last), messages.Select(message => message.Key.Sequence));
        Assert.Equal(messages.Select(message => message.CreatedAt).Order(), messages.Select(message => message.CreatedAt));
        Assert.Equal(messages.Count > 0 ? ConversationRow.Preview(messages[^1].Text) : null, head.LastMessage);
        Assert.Equal(messages.Count > 0 ? messages[^1].CreatedAt : null, head.LastMessageAt);
        // A revision names one state: every write of the head increments it.
        Assert.Equal(1 + headWrites.GetValueOrDefault(head.Key.PartitionKey), head.Revision);
    }

    /// <summary>
    /// Customer messages are read up to the head's mark, the unread count is the number of those behind it, and no
    /// acknowledged reading is undone.
    /// </summary>
    private void VerifyReading(Conversation head, List<Message> messages)
    {
        Assert.InRange(head.ReadUpTo, 0, head.Last);
        Assert.All(messages, message =>
            Assert.Equal(message.Role == MessageRole.Customer && message.Key.Sequence <= head.ReadUpTo, message.ReadAt is not null));
        Assert.Equal(messages.Count(message => message.Role == MessageRole.Customer && message.DeletedBy is null && message.Key.Sequence > head.ReadUpTo), head.Unread);
        Assert.All(Read.Where(mark => mark.Conversation.Key == head.Key), mark => Assert.True(mark.Conversation.ReadUpTo <= head.ReadUpTo));
    }

    /// <summary>
    /// The metadata is that of a change which was not refused. If one was acknowledged, it is not that of an earlier
    /// state.
    /// </summary>
    private void VerifyPatches(Conversation head)
    {
        var patches = Patches.Where(patch => patch.Conversation == head.Key).Select(patch => patch.Request).ToList();
        if (head.Metadata is null)
        {
            Assert.DoesNotContain(patches, patch => patch.Outcome == Outcome.Stored);
        }
        else
        {
            Assert.Contains(patches, patch => patch.Name == head.Metadata && patch.Outcome != Outcome.NotStored);
        }
    }

    /// <summary>
    /// Numbers are dense, at most the last ticket is open, and a message belongs to the ticket of its range.
    /// </summary>
    private static void VerifyTickets(Conversation head, List<Message> messages, List<Ticket> tickets)
    {
        Assert.Equal(Enumerable.Range(1, head.Tickets), tickets.Select(ticket => ticket.Number));
        Assert.All(tickets, ticket => Assert.Equal(ticket.Number == head.OpenTicket, ticket.Status != TicketStatus.Completed));
        Assert.All(tickets, ticket => Assert.Equal(ticket.Status == TicketStatus.Completed, ticket.LastMessage is not null && ticket.FinishedAt is not null));
        Assert.All(messages, message => Assert.Equal(
            tickets.SingleOrDefault(ticket => ticket.FirstMessage <= message.Key.Sequence && message.Key.Sequence <= (ticket.LastMessage ?? head.Last))?.Number,
            message.Ticket));
    }

    /// <summary>
    /// The head's minute of activity has its rows in the partition that the head says, an unread conversation has its
    /// row, and the tenant's list is never behind the head, nor behind what the head says of it.
    /// </summary>
    private void VerifyLists(Conversation head, Dictionary<string, TableEntity> lists, HashSet<(string, string)> keys)
    {
        var own = ConversationRowKeys.ActivityPartition(head.Key);
        Assert.All(ConversationActivity.ListRows(head), row => Assert.True(
            keys.Contains((row.PartitionKey, row.RowKey)) || (earlier.Count > 0 && keys.Contains((own, row.RowKey))), $"{row.PartitionKey} lacks {row.RowKey}."));
        if (head is { Unread: > 0, Inbox: { } inbox })
        {
            Assert.Contains(ConversationRowKeys.Unread(inbox.Id, head.Key.Number, head.UnreadRevision), lists);
        }

        var listed = lists[ConversationRowKeys.Conversation(head.Key.Number)];
        Assert.InRange(head.ListedUntil, head.ActivityMinute, Math.Max(listed.GetInt64("LastMinute")!.Value, listed.GetInt64("Until") ?? 0));
        Assert.True(head.LastMessageAt is null || head.LastMessageAt.Value.Minute() <= head.ActivityMinute);
    }

    /// <summary>Every idempotency key names a stored message and has a schedule row for its removal.</summary>
    private static void VerifyKeys(ConversationKey conversation, IEnumerable<TableEntity> partition, List<Message> messages, List<ScheduledRow> due)
    {
        var keys = partition.Where(row => row.RowKey.StartsWith("k|", StringComparison.Ordinal)).ToList();
        Assert.Equal(keys.Count, keys.Select(row => row.GetInt32("Result")).Distinct().Count());
        Assert.All(keys, row =>
        {
            var created = messages.Single(message => message.Key.Sequence == row.GetInt32("Result"));
            Assert.Contains(due, one => one.IsOf(IdempotencyKey.ScheduledDeletion(conversation.Tenant, conversation.Number, created.CreatedAt.Hour())));
        });
    }

    /// <summary>
    /// Acknowledged messages are stored once, at the number of the response; refused ones are not stored; no message is
    /// stored twice.
    /// </summary>
    private void VerifyAppends(List<Message> messages)
    {
        var stored = messages.ToLookup(message => message.UserName);
        Assert.All(Appends, request =>
        {
            var there = stored[request.Name].ToList();
            Assert.InRange(there.Count, request.Outcome == Outcome.Stored ? 1 : 0, request.Outcome == Outcome.NotStored ? 0 : 1);
            Assert.All(there, message => Assert.Equal(request.Message ?? message.Key, message.Key));
        });
        Assert.Equal(messages.Count, stored.Count(group => Appends.Exists(request => request.Name == group.Key)));
    }

    /// <summary>
    /// Every acknowledged edit has a revision of its own. The text is that of the last edit, and a deletion is final.
    /// </summary>
    private void VerifyEdits(Dictionary<MessageKey, Message> messages) => Assert.All(Edits.GroupBy(edit => edit.Message!.Value), edits =>
    {
        var message = messages[edits.Key];
        Assert.Equal(message.Text.Length == 0, message.DeletedBy is not null);
        var acknowledged = edits.Where(edit => edit.Outcome == Outcome.Stored).ToList();
        Assert.Equal(acknowledged.Count, acknowledged.Select(edit => edit.Revision).Distinct().Count());
        Assert.InRange(message.Revision - 1, acknowledged.Count, acknowledged.Count + edits.Count(edit => edit.Outcome == Outcome.Unknown));
        if (acknowledged.Find(edit => edit.Revision == message.Revision) is { } last)
        {
            Assert.Equal(last.Text, message.Text);
        }
        else if (message.Revision > 1)
        {
            Assert.Contains(edits, edit => edit.Outcome == Outcome.Unknown && edit.Text == message.Text);
        }
    });

    /// <summary>
    /// A creation stores one conversation or none. Every number is listed once, and a key leads to its own
    /// conversation.
    /// </summary>
    private void VerifyCreations(List<Conversation> heads, Dictionary<string, TableEntity> lists, List<ScheduledRow> due)
    {
        var created = heads.ToLookup(head => head.Title);
        Assert.All(Creations, request => Assert.InRange(
            created[request.Name].Count(), request.Outcome == Outcome.Stored ? 1 : 0, request.Outcome == Outcome.NotStored ? 0 : 1));
        Assert.All(lists.Where(row => row.Key.StartsWith("k|", StringComparison.Ordinal)), row =>
        {
            var listed = lists[ConversationRowKeys.Conversation(row.Value.GetInt32("Result")!.Value)];
            Assert.Contains(due, one => one.IsOf(IdempotencyKey.ScheduledDeletion(OnStrictTables.Appends.Tenant, 0, listed.GetDateTimeOffset("CreatedAt")!.Value.Hour())));
        });
        Assert.Equal(lists.Keys.Count(key => key.StartsWith("c|", StringComparison.Ordinal)), lists[TenantRowKeys.Counter].GetInt32("LastConversation"));
    }

    private static bool IsHeadChanged(TableCall call) => call.RowKeys.Zip(call.Operations)
        .Any(row => row is { First: ConversationRowKeys.Head, Second: not TableCallKind.Insert });

    private void Count(TableCall call, int status)
    {
        Log.Committed(call, status);
        if (call is { Kind: TableCallKind.Transaction, Table: "Conversations", PartitionKey: { } partition } && IsHeadChanged(call) && status < 300)
        {
            headWrites[partition] = headWrites.GetValueOrDefault(partition) + 1;
            if (!call.MarksHead() && !earlier.Contains(call.Process))
            {
                unmarked.Add(call);
            }
        }
    }

    private static async Task<List<TableEntity>> RowsAsync(TableClient table)
    {
        var rows = new List<TableEntity>();
        await foreach (var row in table.QueryAsync<TableEntity>())
        {
            rows.Add(row);
        }

        return rows;
    }
}
