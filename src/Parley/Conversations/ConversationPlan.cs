using System.Text;
using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Conversations;

/// <summary>The events of a conversation that other features react to.</summary>
internal enum ConversationEventKind
{
    CustomerMessage,
    HandOff,
}

/// <param name="Actor">The name of the person or program that causes the event.</param>
internal sealed record ConversationEvent(ConversationEventKind Kind, string Actor, DateTimeOffset At);

/// <summary>
/// Index rows that belong to a transaction. They are written before it, so that a crash leaves at most index rows
/// without a fact, which readers skip.
/// </summary>
/// <param name="Write">Writes the rows of the new state, before the transaction.</param>
internal sealed record IndexRowChange(Func<CancellationToken, Task> Write)
{
    /// <summary>Deletes the rows of the previous state, after the transaction. It must not throw.</summary>
    public Func<CancellationToken, Task>? DropReplaced { get; init; }

    /// <summary>
    /// Deletes the rows that <see cref="Write"/> wrote and that belong to no stored fact. It runs for every attempt
    /// that is not known to be stored, also after an unknown outcome, so it reads the fact first. It must not throw.
    /// </summary>
    public Func<Task>? DropLost { get; init; }
}

/// <summary>One attempt of a <see cref="ConversationTransaction"/>: its operations and index rows.</summary>
/// <param name="writeId">Identifies the attempt in the row that it writes.</param>
/// <param name="ownIds">The ids of all attempts of this write, including this one.</param>
/// <param name="parts">The features' parts, which react to events.</param>
/// <param name="now">The present time of storage.</param>
internal sealed class ConversationPlan(
    ConversationKey key,
    string writeId,
    IReadOnlySet<string> ownIds,
    IReadOnlyList<IConversationPart> parts,
    DateTimeOffset now)
{
    // Upper bounds of an operation's URL, headers and boundary; of a property's quotes and type annotation; of a value
    // that is not a text.
    private const int OperationBytes = 1_024;
    private const int PropertyBytes = 48;
    private const int ValueBytes = 64;

    private readonly List<TableTransactionAction> rows = [];
    private readonly List<IndexRowChange> indexRows = [];
    private readonly List<Change> changes = [];
    private Func<Conversation, TableTransactionAction>? headOperation;
    private Action<IReadOnlyList<Response>>? committed;
    private Action? stored;

    public string WriteId => writeId;

    public IReadOnlySet<string> OwnIds => ownIds;

    /// <summary>
    /// The conversation as it was read; null before <see cref="SetHead"/>. The head is written only if
    /// <see cref="Next"/> differs from it.
    /// </summary>
    public Conversation? Head { get; private set; }

    /// <summary>The conversation after the transaction. Features change their own properties of it.</summary>
    public Conversation? Next { get; set; }

    public bool IsEmpty => rows.Count == 0 && Next == Head;

    /// <summary>Sets the head, which is changed under its ETag.</summary>
    /// <param name="operation">Creates the operation from the final value of <see cref="Next"/>.</param>
    public void SetHead(
        Conversation head, Conversation next, Func<Conversation, TableTransactionAction> operation)
    {
        (Head, Next, headOperation) = (head, next, operation);
    }

    /// <summary>
    /// Logs a change in the transaction's row of the change log. Requires <see cref="SetHead"/> before the commit: the
    /// change raises the conversation's revision, which numbers the rows of the log.
    /// </summary>
    /// <param name="id">The changed object's UUID.</param>
    /// <param name="revision">The object's revision after the change.</param>
    public void Log(ChangeType type, Guid id, int revision) => changes.Add(new Change(type, id, revision));

    /// <summary>As above, for the conversation itself.</summary>
    public void Log(ChangeType type) => Log(type, Guid.Empty, 0);

    /// <summary>
    /// The row that lets the feed find the changes, if the transaction needs a new one; null if the conversation has
    /// one of this minute. The caller writes it before the transaction.
    /// </summary>
    public TableEntity? TakeLogIndexRow()
    {
        if (changes.Count == 0 || Next!.LogMinute >= now.Minute())
        {
            return null;
        }

        Next = Next with { LogMinute = now.Minute() };
        return ConversationRowKeys.LogIndexRow(key, now.Minute());
    }

    /// <summary>Lets the features add their parts. Requires <see cref="SetHead"/>.</summary>
    public void Raise(ConversationEvent happened)
    {
        foreach (var part in parts)
        {
            part.Add(this, happened);
        }
    }

    public void Add(TableEntity row) => rows.Add(new(TableTransactionActionType.Add, row));

    public void Add(TableTransactionAction operation) => rows.Add(operation);

    /// <summary>Adds an operation and receives its response after the commit.</summary>
    public void Add(TableTransactionAction operation, Action<Response> response)
    {
        var index = rows.Count;
        rows.Add(operation);
        committed += responses => response(responses[index]);
    }

    /// <summary>Adds a step for after the transaction, once it is known to be stored. It must not throw.</summary>
    public void WhenStored(Action step) => stored += step;

    /// <summary>Empties the plan: nothing is written.</summary>
    public void Clear()
    {
        rows.Clear();
        indexRows.Clear();
        changes.Clear();
        (Next, committed, stored) = (Head, null, null);
    }

    public void Add(IndexRowChange change) => indexRows.Add(change);

    /// <summary>
    /// Adds an idempotency key. The first key of an hour also writes the schedule row through which the cleanup finds
    /// it. Requires <see cref="SetHead"/>.
    /// </summary>
    /// <param name="result">The number of the entity that the request creates.</param>
    /// <param name="hour">Hours since 1970.</param>
    public void AddKey(IdempotencyKey clientKey, int result, long hour, Schedule schedule)
    {
        Add(clientKey.ToRow(key.PartitionKey, result));
        if (Next!.KeyHour < hour)
        {
            Next = Next with { KeyHour = hour };
            Add(new IndexRowChange(cancellation => IdempotencyKey.WriteScheduleRowAsync(
                schedule, key.Tenant, key.Number, hour, cancellation)));
        }
    }

    /// <exception cref="InvalidOperationException">
    /// The operations do not fit into one transaction: a part exceeds the maximum that it states.
    /// </exception>
    public IReadOnlyList<TableTransactionAction> Operations()
    {
        AddLogRow();
        List<TableTransactionAction> operations = Next == Head ? rows : [.. rows, headOperation!(Next!)];
        if (operations.Count > Transactions.MaxOperations)
        {
            throw new InvalidOperationException(
                $"The transaction of {key.PartitionKey} has {operations.Count} operations.");
        }

        var bytes = operations.Sum(operation => OperationBytes + BytesOf(operation.Entity));
        return bytes <= Transactions.MaxBytes
            ? operations
            : throw new InvalidOperationException($"The transaction of {key.PartitionKey} has {bytes} bytes.");
    }

    private void AddLogRow()
    {
        if (changes.Count == 0)
        {
            return;
        }

        var (head, next) = (Head!, Next!);
        if (next.LogMinute < now.Minute())
        {
            throw new InvalidOperationException(
                $"The changes of {key.PartitionKey} have no index row of this minute, so the feed would miss them.");
        }

        Next = next = next.Revision > head.Revision ? next : next with { Revision = head.Revision + 1 };
        var logged = changes.Select(change =>
            change.Id == Guid.Empty ? new Change(change.Type, next.Id, next.Revision) : change);
        Add(ChangeRow.Create(
            key.PartitionKey,
            new ConversationChanges(
                next.LogMinute, next.Revision, now, next.Id, ChangeActor.Current, [.. logged])));
    }

    public Task WriteIndexRowsAsync(CancellationToken cancellation) =>
        Task.WhenAll(indexRows.Select(change => change.Write(cancellation)));

    public void Commit(IReadOnlyList<Response> responses) => committed?.Invoke(responses);

    public void ReportStored() => stored?.Invoke();

    public Task DropReplacedAsync(CancellationToken cancellation) =>
        Task.WhenAll(indexRows.Select(change => change.DropReplaced?.Invoke(cancellation) ?? Task.CompletedTask));

    public async Task DropLostAsync()
    {
        foreach (var change in indexRows)
        {
            await (change.DropLost?.Invoke() ?? Task.CompletedTask);
        }
    }

    /// <summary>The most bytes of a row as JSON: a character needs at most six, as an escape.</summary>
    private static long BytesOf(ITableEntity entity) => ((TableEntity)entity).Sum(property =>
        PropertyBytes + property.Key.Length + (property.Value is string text ? BytesOf(text) : ValueBytes));

    private static long BytesOf(string text) =>
        text.Length < 4_096 ? 6L * text.Length : Encoding.UTF8.GetByteCount(text) + 5L * text.Count(NeedsEscape);

    private static bool NeedsEscape(char c) => c is < ' ' or '"' or '\\' or '<' or '>' or '&' or '\'' or '+' or > '~';
}
