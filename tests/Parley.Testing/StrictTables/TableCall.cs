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

    /// <summary>A call to something other than the tables, which <see cref="TableCall.Foreign"/> names.</summary>
    Foreign,
}

/// <summary>What a process calls besides the tables: blobs, a queue, somebody's server.</summary>
/// <param name="Service">What is called: <c>blobs</c>, say.</param>
/// <param name="Operation">What it is asked to do.</param>
/// <param name="Target">On what: a name without content.</param>
/// <param name="IsWrite">Whether it may change something.</param>
public sealed record ForeignCall(string Service, string Operation, string Target, bool IsWrite = true)
{
    public override string ToString() => $"{Service} {Operation} {Target}";
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

    /// <summary>What a foreign call is; null for a call to the tables. Such a one has no table, partition and rows.</summary>
    public ForeignCall? Foreign { get; init; }

    /// <summary>Whether it may change data.</summary>
    public bool IsWrite => Foreign?.IsWrite ?? Kind is not (TableCallKind.Get or TableCallKind.Query);

    public override string ToString() => Kind switch
    {
        TableCallKind.Foreign => $"{Process}#{Number} {Foreign}",
        TableCallKind.Query => $"{Process}#{Number} {Kind} {Table} {Filter}",
        _ => $"{Process}#{Number} {Kind} {Table} {PartitionKey} [{string.Join(", ", RowKeys)}]",
    };
}
