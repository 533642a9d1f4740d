using System.Text;
using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

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
    /// Deletes the rows that <see cref="Write"/> wrote, when another attempt or another writer was stored. It must not
    /// throw.
    /// </summary>
    public Func<Task>? DropLost { get; init; }
}

/// <summary>One attempt of a <see cref="ConversationTransaction"/>: its operations and index rows.</summary>
/// <param name="writeId">Identifies the attempt in the row that it writes.</param>
/// <param name="ownIds">The ids of all attempts of this write, including this one.</param>
/// <param name="parts">The features' parts, which react to events.</param>
internal sealed class ConversationPlan(
    ConversationKey key, string writeId, IReadOnlySet<string> ownIds, IReadOnlyList<IConversationPart> parts)
{
    /// <summary>Source: "Performing entity group transactions", Table service REST reference.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>An operation's own part of the request: URL, headers and boundary.</summary>
    private const int OperationBytes = 1_024;

    private readonly List<TableTransactionAction> rows = [];
    private readonly List<IndexRowChange> indexRows = [];
    private Func<Conversation, TableTransactionAction>? headOperation;
    private Action<IReadOnlyList<Response>>? committed;

    public string WriteId => writeId;

    public IReadOnlySet<string> OwnIds => ownIds;

    /// <summary>The conversation as it was read; null as long as the head is not changed.</summary>
    public Conversation? Head { get; private set; }

    /// <summary>The conversation after the transaction. Features change their own properties of it.</summary>
    public Conversation? Next { get; set; }

    public bool IsEmpty => rows.Count == 0 && Next == Head;

    /// <summary>Changes the head under its ETag.</summary>
    /// <param name="operation">Creates the operation from the final value of <see cref="Next"/>.</param>
    public void ChangeHead(
        Conversation head, Conversation next, Func<Conversation, TableTransactionAction> operation)
    {
        (Head, Next, headOperation) = (head, next, operation);
    }

    /// <summary>Lets the features add their parts. Requires <see cref="ChangeHead"/>.</summary>
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

    /// <summary>Empties the plan: nothing is written.</summary>
    public void Clear()
    {
        rows.Clear();
        indexRows.Clear();
        (Next, committed) = (Head, null);
    }

    public void Add(IndexRowChange change) => indexRows.Add(change);

    /// <exception cref="InvalidOperationException">
    /// The operations do not fit into one transaction: a part exceeds the maximum that it states.
    /// </exception>
    public IReadOnlyList<TableTransactionAction> Operations()
    {
        List<TableTransactionAction> operations = headOperation is not null && Next != Head
            ? [.. rows, headOperation(Next!)]
            : rows;
        if (operations.Count > Transactions.MaxOperations)
        {
            throw new InvalidOperationException(
                $"The transaction of {key.PartitionKey} has {operations.Count} operations.");
        }

        var bytes = operations.Sum(operation => OperationBytes + BytesOf(operation.Entity));
        return bytes <= MaxBytes
            ? operations
            : throw new InvalidOperationException($"The transaction of {key.PartitionKey} has {bytes} bytes.");
    }

    public Task WriteIndexRowsAsync(CancellationToken cancellation) =>
        Task.WhenAll(indexRows.Select(change => change.Write(cancellation)));

    public void Commit(IReadOnlyList<Response> responses) => committed?.Invoke(responses);

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
        48L + property.Key.Length + (property.Value is string text ? BytesOf(text) : 64L));

    private static long BytesOf(string text) =>
        text.Length < 4_096 ? 6L * text.Length : Encoding.UTF8.GetByteCount(text) + 5L * text.Count(NeedsEscape);

    private static bool NeedsEscape(char c) => c is < ' ' or '"' or '\\' or '<' or '>' or '&' or '\'' or '+' or > '~';
}
