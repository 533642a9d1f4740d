namespace Parley.Testing.TableService;

/// <summary>An operation on one entity.</summary>
internal sealed record Operation(TableCallKind Kind, string Table, string PartitionKey, string RowKey)
{
    public const string AnyETag = "*";

    /// <summary>The properties to write, without the keys.</summary>
    public Property[] Properties { get; init; } = [];

    /// <summary>The condition: an ETag or <see cref="AnyETag"/>; null where there is none.</summary>
    public string? IfMatch { get; init; }

    /// <summary>
    /// Whether an insert responds with the entity (201) instead of an empty body (204): "Prefer: return-no-content" was
    /// not sent.
    /// </summary>
    public bool ReturnsContent { get; init; }

    /// <summary>
    /// The error of an operation that is invalid in itself. In a transaction it belongs to one operation, so it is kept
    /// until the operations are carried out in order.
    /// </summary>
    public TableError? Refusal { get; init; }
}

/// <summary>A parsed request.</summary>
/// <param name="Kind">The kind of call.</param>
/// <param name="Table">The table.</param>
/// <param name="Host">Scheme and host, for the addresses in responses.</param>
internal sealed record TableRequest(TableCallKind Kind, string Table, string Host)
{
    public IReadOnlyList<Operation> Operations { get; init; } = [];

    public Filter? Filter { get; init; }

    public string? FilterText { get; init; }

    public int? Top { get; init; }

    public string[]? Select { get; init; }

    /// <summary>The position from which a query continues: partition and row in the form of page tokens.</summary>
    public (string PartitionKey, string RowKey)? Start { get; init; }

    /// <summary>The error of the request as a whole; it is returned when the request is carried out.</summary>
    public TableError? Refusal { get; init; }

    public TableCall ToCall(string process, int number) => new(
        process,
        number,
        Kind,
        Table,
        Operations.Count == 0 ? null : Operations[0].PartitionKey,
        Operations.Count == 1 ? [Operations[0].RowKey] : [.. Operations.Select(operation => operation.RowKey)],
        FilterText)
    {
        Operations = [.. Operations.Select(operation => operation.Kind)],
        Written = (row, name) => Operations.FirstOrDefault(operation => operation.RowKey == row)?.Properties.FirstOrDefault(property => property.Name == name).Value,
    };
}
