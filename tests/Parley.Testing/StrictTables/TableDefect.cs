using Parley.Testing.TableService;

namespace Parley.Testing;

/// <summary>
/// A defect of some processes, built into their connections to the tables, that makes a precaution of the product
/// ineffective. Tests use it to show that the invariants detect what the precaution prevents, without a copy of the
/// product.
/// </summary>
public sealed record TableDefect
{
    /// <summary>True for the names of processes that have the defect; by default all have it.</summary>
    public Func<string, bool> HasDefect { get; init; } = _ => true;

    /// <summary>
    /// True for a write (table, row key, the value of a property that is written) that ignores the current state of the
    /// row: an update without If-Match, an insert as an upsert.
    /// </summary>
    public Func<string, string, Func<string, object?>, bool> IgnoresCondition { get; init; } = (_, _, _) => false;

    /// <summary>True for a row (table, row key) whose upserts are acknowledged but not stored.</summary>
    public Func<string, string, bool> LosesUpsert { get; init; } = (_, _) => false;

    /// <summary>True for a row (table, row key) that reads as if it had been written a day ago.</summary>
    public Func<string, string, bool> ReadsAsOld { get; init; } = (_, _) => false;

    /// <summary>The value to return instead of a stored one (table, row key, property, value).</summary>
    public Func<string, string, string, object, object> Reads { get; init; } = (_, _, _, value) => value;

    /// <summary>
    /// True for a row (table, row key) whose writes in transactions and deletions are acknowledged but not carried out,
    /// or for a property that is not stored: an earlier version does not know it. The last argument is null for the row.
    /// </summary>
    public Func<string, string, string?, bool> Omits { get; init; } = (_, _, _) => false;

    /// <summary>As <see cref="Omits"/> of a row, for its updates only: its insertion is carried out.</summary>
    public Func<string, string, bool> OmitsUpdates { get; init; } = (_, _) => false;

    internal TableRequest OfRequest(TableRequest request) => request with
    {
        Operations = [.. request.Operations.Where(operation => !IsOmitted(request, operation)).Select(Known).Select(Unconditional)],
    };

    /// <summary>The response to <see cref="OfRequest"/>, with the acknowledgements of omitted rows.</summary>
    internal ServiceResponse OfAnswer(TableRequest request, ServiceResponse answer)
    {
        var read = OfAnswer(request.Table, answer);
        if (request.Kind != TableCallKind.Transaction || read.Parts is [{ Error: not null }])
        {
            return read;
        }

        var parts = new Queue<ServiceResponse>(read.Parts);
        return read with
        {
            Parts = [.. request.Operations.Select(operation => IsOmitted(request, operation) ? new ServiceResponse(204) { ETag = "W/\"omitted\"" } : parts.Dequeue())],
        };
    }

    internal bool Loses(TableRequest request) => request.Operations is [var only] && request.Kind switch
    {
        TableCallKind.UpsertMerge or TableCallKind.UpsertReplace => LosesUpsert(request.Table, only.RowKey),
        TableCallKind.Delete => Omits(request.Table, only.RowKey, null),
        _ => false,
    };

    private ServiceResponse OfAnswer(string table, ServiceResponse answer) => answer with
    {
        Rows =
        [
            .. answer.Rows.Select(row => row with
            {
                Timestamp = ReadsAsOld(table, row.RowKey) ? row.Timestamp.AddDays(-1) : row.Timestamp,
                Properties =
                [
                    .. row.Properties.Select(property =>
                        property with { Value = Reads(table, row.RowKey, property.Name, property.Value) }),
                ],
            }),
        ],
    };

    private bool IsOmitted(TableRequest request, Operation operation) =>
        request.Kind == TableCallKind.Transaction
        && (Omits(operation.Table, operation.RowKey, null)
            || (operation.Kind != TableCallKind.Insert && OmitsUpdates(operation.Table, operation.RowKey)));

    private Operation Known(Operation operation) => operation with
    {
        Properties = [.. operation.Properties.Where(property => !Omits(operation.Table, operation.RowKey, property.Name))],
    };

    private Operation Unconditional(Operation operation) => !IgnoresCondition(
            operation.Table,
            operation.RowKey,
            name => operation.Properties.FirstOrDefault(property => property.Name == name).Value)
        ? operation
        : operation with
        {
            Kind = operation.Kind == TableCallKind.Insert ? TableCallKind.UpsertReplace : operation.Kind,
            IfMatch = operation.IfMatch is null ? null : Operation.AnyETag,
        };
}
