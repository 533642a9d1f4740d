namespace Parley.Testing.TableService;

/// <summary>What the service answers, before it is written.</summary>
internal sealed record ServiceResponse(int Status)
{
    public TableError? Error { get; init; }

    /// <summary>The rows of a query, or the one that was asked for.</summary>
    public IReadOnlyList<Row> Rows { get; init; } = [];

    /// <summary>The new ETag of the row that was written; null after a delete.</summary>
    public string? ETag { get; init; }

    /// <summary>The answers to a transaction's operations, or the one refusal.</summary>
    public IReadOnlyList<ServiceResponse> Parts { get; init; } = [];

    /// <summary>Where a query goes on, encoded; null at its end.</summary>
    public (string PartitionKey, string? RowKey)? Next { get; init; }

    public static ServiceResponse Refuse(TableError error) => new(error.Status) { Error = error };

    /// <summary>
    /// A refused transaction: 202 around one response, the one that failed, with its number before the message ("Performing entity
    /// group transactions", "Sample error response").
    /// </summary>
    public static ServiceResponse RefuseAt(int index, TableError error) =>
        new(202) { Parts = [Refuse(error with { Message = $"{index}:{error.Message}" })] };
}
