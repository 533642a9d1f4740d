namespace Parley.Testing.TableService;

/// <summary>The service's response before it is written to the wire.</summary>
internal sealed record ServiceResponse(int Status)
{
    public TableError? Error { get; init; }

    /// <summary>The rows of a query, or the row of a read.</summary>
    public IReadOnlyList<Row> Rows { get; init; } = [];

    /// <summary>The rows that a query looked at, whether or not they match its filter.</summary>
    public int Scanned { get; init; }

    /// <summary>The new ETag of the row that was written; null after a delete.</summary>
    public string? ETag { get; init; }

    /// <summary>The responses to a transaction's operations, or the one error.</summary>
    public IReadOnlyList<ServiceResponse> Parts { get; init; } = [];

    /// <summary>The position from which a query continues, encoded; null at the end.</summary>
    public (string PartitionKey, string? RowKey)? Next { get; init; }

    public static ServiceResponse Refuse(TableError error) => new(error.Status) { Error = error };

    /// <summary>
    /// A refused transaction: status 202 around one response, that of the failed operation, with its number before the
    /// message ("Performing entity group transactions", "Sample error response").
    /// </summary>
    public static ServiceResponse RefuseAt(int index, TableError error) =>
        new(202) { Parts = [Refuse(error with { Message = $"{index}:{error.Message}" })] };
}
