namespace Parley.Testing.TableService;

/// <summary>An operation on one entity.</summary>
internal sealed record Operation(TableCallKind Kind, string Table, string PartitionKey, string RowKey)
{
    public const string AnyETag = "*";

    /// <summary>The properties to write, without the keys.</summary>
    public Property[] Properties { get; init; } = [];

    /// <summary>The condition: an ETag or <see cref="AnyETag"/>; null where there is none.</summary>
    public string? IfMatch { get; init; }

    /// <summary>Whether an insert answers with the entity (201) instead of nothing (204): "Prefer: return-no-content" was not sent.</summary>
    public bool ReturnsContent { get; init; }

    /// <summary>The refusal of an operation that is wrong in itself. In a transaction it is one operation's, so it is kept until its turn.</summary>
    public TableError? Refusal { get; init; }
}

/// <summary>A request as it was read.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Table">The table.</param>
/// <param name="Host">Scheme and host, for the addresses in answers.</param>
internal sealed record TableRequest(TableCallKind Kind, string Table, string Host)
{
    public IReadOnlyList<Operation> Operations { get; init; } = [];

    public Filter? Filter { get; init; }

    public string? FilterText { get; init; }

    public int? Top { get; init; }

    public string[]? Select { get; init; }

    /// <summary>Where a query goes on: partition and row as tokens name them.</summary>
    public (string PartitionKey, string RowKey)? Start { get; init; }

    /// <summary>What is wrong with the request as a whole; it is answered when its turn comes.</summary>
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
