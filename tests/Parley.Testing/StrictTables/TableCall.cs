namespace Parley.Testing;

/// <summary>The kind of a storage call.</summary>
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

    /// <summary>A call to something other than the tables; <see cref="TableCall.Foreign"/> names it.</summary>
    Foreign,
}

/// <summary>A call of a process to something other than the tables: blobs, a queue, another server.</summary>
/// <param name="Service">The service, for example <c>blobs</c>.</param>
/// <param name="Operation">The operation.</param>
/// <param name="Target">The name of the target, without content.</param>
/// <param name="IsWrite">True when the call may change data.</param>
public sealed record ForeignCall(string Service, string Operation, string Target, bool IsWrite = true)
{
    public override string ToString() => $"{Service} {Operation} {Target}";
}

/// <summary>One request that reached the service.</summary>
/// <param name="Process">The connection's name.</param>
/// <param name="Number">
/// The number of the call within the connection, from 1; each of the client's retries is a separate call.
/// </param>
/// <param name="Kind">The kind of call.</param>
/// <param name="Table">The table's name.</param>
/// <param name="PartitionKey">The partition of the rows; null for tables and queries.</param>
/// <param name="RowKeys">The rows, in the order of the transaction.</param>
/// <param name="Filter">The filter of a query; null when there is none.</param>
public sealed record TableCall(
    string Process, int Number, TableCallKind Kind, string Table, string? PartitionKey, IReadOnlyList<string> RowKeys, string? Filter)
{
    /// <summary>The operation on each of <see cref="RowKeys"/>.</summary>
    public IReadOnlyList<TableCallKind> Operations { get; init; } = [];

    /// <summary>
    /// The value that the call writes, by row key and property: a string, bool, int, long, double, DateTime (UTC), Guid
    /// or byte[]; null when it does not write the property.
    /// </summary>
    public Func<string, string, object?> Written { get; init; } = (_, _) => null;

    /// <summary>
    /// The description of a foreign call, which has no table, partition or rows; null for a call to the tables.
    /// </summary>
    public ForeignCall? Foreign { get; init; }

    public bool IsWrite => Foreign?.IsWrite ?? Kind is not (TableCallKind.Get or TableCallKind.Query);

    public override string ToString() => Kind switch
    {
        TableCallKind.Foreign => $"{Process}#{Number} {Foreign}",
        TableCallKind.Query => $"{Process}#{Number} {Kind} {Table} {Filter}",
        _ => $"{Process}#{Number} {Kind} {Table} {PartitionKey} [{string.Join(", ", RowKeys)}]",
    };
}
