namespace Parley.Testing;

/// <summary>What a storage call does.</summary>
public enum TableCallKind
{
    CreateTable,
    DeleteTable,
    Get,
    Query,
    Insert,
    UpdateMerge,
    UpdateReplace,
    UpsertMerge,
    UpsertReplace,
    Delete,
    Transaction,
}

/// <summary>One request that reached the service's door.</summary>
/// <param name="Process">The connection's name.</param>
/// <param name="Number">Which of the connection's calls, from 1; each try of the client's retries is one.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Table">The table's name.</param>
/// <param name="PartitionKey">The partition of rows; null for tables and queries.</param>
/// <param name="RowKeys">The rows, in a transaction's order.</param>
/// <param name="Filter">A query's filter, null when there is none.</param>
public sealed record TableCall(
    string Process, int Number, TableCallKind Kind, string Table, string? PartitionKey, IReadOnlyList<string> RowKeys, string? Filter)
{
    /// <summary>What it does to each of <see cref="RowKeys"/>.</summary>
    public IReadOnlyList<TableCallKind> Operations { get; init; } = [];

    /// <summary>What it writes to a property of a row: a string, bool, int, long, double, DateTime (UTC), Guid or byte[]; null when it does not.</summary>
    public Func<string, string, object?> Written { get; init; } = (_, _) => null;

    /// <summary>Whether it may change data.</summary>
    public bool IsWrite => Kind is not (TableCallKind.Get or TableCallKind.Query);

    public override string ToString() =>
        $"{Process}#{Number} {Kind} {Table} {(Kind == TableCallKind.Query ? Filter : $"{PartitionKey} [{string.Join(", ", RowKeys)}]")}";
}
