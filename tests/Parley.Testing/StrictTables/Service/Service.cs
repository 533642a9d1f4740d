namespace Parley.Testing.TableService;

/// <summary>
/// Carries requests out, those on one table one at a time. Rows are immutable, so a response is written from them after
/// that, in parallel.
/// </summary>
internal sealed class Service(TimeProvider time)
{
    private readonly Dictionary<string, Table> tables = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, DateTimeOffset> beingDeleted = new(StringComparer.OrdinalIgnoreCase);
    private readonly ETags etags = new();
    private readonly Lock gate = new();

    /// <param name="request">The request.</param>
    /// <param name="pageRows">The maximum number of rows on a query's page; null leaves it to the request.</param>
    public ServiceResponse Execute(TableRequest request, int? pageRows)
    {
        if (request.Refusal is { } refusal)
        {
            return ServiceResponse.Refuse(refusal);
        }

        Table? table;
        lock (gate)
        {
            switch (request.Kind)
            {
                case TableCallKind.CreateTable:
                    return Create(request.Table);
                case TableCallKind.DeleteTable:
                    return Delete(request.Table);
            }

            tables.TryGetValue(request.Table, out table);
        }

        if (table is null)
        {
            return request.Kind == TableCallKind.Transaction ? ServiceResponse.RefuseAt(0, TableError.TableNotFound) : ServiceResponse.Refuse(TableError.TableNotFound);
        }

        lock (table.Gate)
        {
            return Execute(table, request, pageRows);
        }
    }

    /// <summary>
    /// Stores rows that are valid in themselves, without a request for each. For filling a table before a measure.
    /// </summary>
    public void Fill(string name, IEnumerable<(string PartitionKey, string RowKey, Property[] Properties)> rows)
    {
        var table = Find(name);
        foreach (var chunk in rows.Chunk(Rules.MaxPage))
        {
            lock (table.Gate)
            {
                foreach (var (partitionKey, rowKey, properties) in chunk)
                {
                    Rules.CheckEntity(partitionKey, rowKey, properties);
                    var now = time.GetUtcNow().UtcDateTime;
                    table.Put(new Row(partitionKey, rowKey, properties, etags.Next(now), now));
                }
            }
        }
    }

    /// <summary>Stores copies of a row under other keys, with other values of some of its properties.</summary>
    public void Copy(string name, string partitionKey, string rowKey, IEnumerable<RowCopy> copies)
    {
        var table = Find(name);
        Row original;
        lock (table.Gate)
        {
            original = table.Find(partitionKey, rowKey) ?? throw new ArgumentException($"There is no row {partitionKey} / {rowKey} in {name}.");
        }

        Fill(name, copies.Select(copy => (copy.PartitionKey, copy.RowKey, copy.Changed.Count == 0 ? original.Properties : Changed(copy))));

        Property[] Changed(RowCopy copy) =>
        [
            .. original.Properties.Select(property =>
                copy.Changed.TryGetValue(property.Name, out var value) ? property with { Value = value } : property),
        ];
    }

    private Table Find(string name)
    {
        lock (gate)
        {
            return tables[name];
        }
    }

    private ServiceResponse Execute(Table table, TableRequest request, int? pageRows) =>
        request.Kind switch
        {
            TableCallKind.Get => table.Find(request.Operations[0].PartitionKey, request.Operations[0].RowKey) is { } row
                ? new ServiceResponse(200) { Rows = [row], ETag = row.ETag }
                : ServiceResponse.Refuse(TableError.ResourceNotFound),
            TableCallKind.Query => Query(table, request, pageRows),
            TableCallKind.Transaction => Transact(table, request.Operations),
            _ => Write(table, request.Operations[0]),
        };

    private static bool Meets(string condition, Row row) => condition == Operation.AnyETag || condition == row.ETag;

    private ServiceResponse Create(string name)
    {
        if (tables.ContainsKey(name))
        {
            return ServiceResponse.Refuse(TableError.TableAlreadyExists);
        }

        if (beingDeleted.TryGetValue(name, out var until) && time.GetUtcNow() < until)
        {
            return ServiceResponse.Refuse(TableError.TableBeingDeleted);
        }

        tables.Add(name, new Table(name));
        return new ServiceResponse(204);
    }

    private ServiceResponse Delete(string name)
    {
        if (!tables.Remove(name))
        {
            return ServiceResponse.Refuse(TableError.ResourceNotFound);
        }

        beingDeleted[name] = time.GetUtcNow() + Rules.DeletionTime;
        return new ServiceResponse(204);
    }

    private ServiceResponse Write(Table table, Operation operation)
    {
        var error = Prepare(table, operation, out var row);
        if (error is not null)
        {
            return ServiceResponse.Refuse(error);
        }

        Commit(table, operation, row);
        return AnswerTo(operation, row);
    }

    private ServiceResponse Transact(Table table, IReadOnlyList<Operation> operations)
    {
        if (operations.Count > Rules.MaxChanges)
        {
            return ServiceResponse.RefuseAt(Rules.MaxChanges - 1, TableError.TooManyChanges);
        }

        // A transaction writes each row at most once, so each operation can be checked against the state before all of
        // them.
        var rows = new Row?[operations.Count];
        for (var i = 0; i < operations.Count; i++)
        {
            if (JudgeInBatch(table, operations, i, out rows[i]) is { } error)
            {
                return ServiceResponse.RefuseAt(i, error);
            }
        }

        var answers = new ServiceResponse[operations.Count];
        for (var i = 0; i < operations.Count; i++)
        {
            Commit(table, operations[i], rows[i]);
            answers[i] = AnswerTo(operations[i], rows[i]);
        }

        return new ServiceResponse(202) { Parts = answers };
    }

    private TableError? JudgeInBatch(Table table, IReadOnlyList<Operation> operations, int index, out Row? row)
    {
        var operation = operations[index];
        row = null;
        if (operation.Refusal is { } refusal)
        {
            return refusal;
        }

        if (!operation.Table.Equals(operations[0].Table, StringComparison.OrdinalIgnoreCase))
        {
            return TableError.InvalidInput("the operations of a transaction are on one table");
        }

        if (operation.PartitionKey != operations[0].PartitionKey)
        {
            return TableError.DifferentPartitions;
        }

        for (var i = 0; i < index; i++)
        {
            if (operations[i].RowKey == operation.RowKey)
            {
                return TableError.DuplicateRow(operation.RowKey);
            }
        }

        return Prepare(table, operation, out row);
    }

    /// <summary>Checks an operation and creates the row that it would store; the table is not changed.</summary>
    private TableError? Prepare(Table table, Operation operation, out Row? row)
    {
        var (kind, _, partitionKey, rowKey) = operation;
        var there = table.Find(partitionKey, rowKey);
        row = null;
        if (kind == TableCallKind.Insert ? there is not null : there is null && operation.IfMatch is not null)
        {
            return there is null ? TableError.ResourceNotFound : TableError.EntityAlreadyExists;
        }

        if (operation.IfMatch is { } condition && !Meets(condition, there!))
        {
            return TableError.ConditionNotMet;
        }

        if (kind == TableCallKind.Delete)
        {
            return null;
        }

        var merges = kind is TableCallKind.UpdateMerge or TableCallKind.UpsertMerge && there is not null;
        var properties = merges ? Merge(there!.Properties, operation.Properties) : operation.Properties;
        try
        {
            Rules.CheckEntity(partitionKey, rowKey, properties);
        }
        catch (TableRefusedException e)
        {
            return e.Error;
        }

        var now = time.GetUtcNow().UtcDateTime;
        row = new Row(partitionKey, rowKey, properties, etags.Next(now), now);
        return null;
    }

    private static void Commit(Table table, Operation operation, Row? row)
    {
        if (row is null)
        {
            table.Remove(operation.PartitionKey, operation.RowKey);
        }
        else
        {
            table.Put(row);
        }
    }

    private static ServiceResponse AnswerTo(Operation operation, Row? row) => operation.ReturnsContent
        ? new ServiceResponse(201) { ETag = row!.ETag, Rows = [row] }
        : new ServiceResponse(204) { ETag = row?.ETag };

    private static Property[] Merge(Property[] stored, Property[] named)
    {
        var merged = new List<Property>(stored);
        foreach (var property in named)
        {
            var index = merged.FindIndex(each => each.Name == property.Name);
            if (index < 0)
            {
                merged.Add(property);
            }
            else
            {
                merged[index] = property;
            }
        }

        return [.. merged];
    }

    private static ServiceResponse Query(Table table, TableRequest request, int? pageRows)
    {
        var filter = request.Filter;
        var partition = filter?.OnlyPartition();

        // The filter's bounds on row keys apply in its one partition. Without a partition, the scan starts at the first
        // row of the least partition.
        var (fromPartition, fromRow) = request.Start
            ?? (partition is null ? (filter?.First(Names.PartitionKey) ?? "", "") : (partition, filter!.First(Names.RowKey)));
        var lastRow = partition is null ? null : filter!.Last(Names.RowKey);
        var lastPartition = partition is null ? filter?.Last(Names.PartitionKey) : null;
        var limit = Math.Min(request.Top ?? Rules.MaxPage, pageRows ?? Rules.MaxPage);
        var rows = new List<Row>();
        var scanned = 0;
        foreach (var row in table.From(fromPartition, fromRow, partition))
        {
            if ((lastRow is not null && string.CompareOrdinal(row.RowKey, lastRow) > 0)
                || (lastPartition is not null && string.CompareOrdinal(row.PartitionKey, lastPartition) > 0))
            {
                break;
            }

            if (rows.Count == limit)
            {
                return Page(rows, row.PartitionKey, row.RowKey, scanned);
            }

            scanned++;
            if (filter is null || filter.Matches(row))
            {
                rows.Add(row);
            }
        }

        // A page that was cut short may have a token although no row follows; then the last page is empty.
        return pageRows == rows.Count && pageRows < (request.Top ?? Rules.MaxPage)
            ? rows.Count == 0 ? Page(rows, fromPartition, fromRow, scanned) : Page(rows, rows[^1].PartitionKey, rows[^1].RowKey + "\0", scanned)
            : new ServiceResponse(200) { Rows = rows, Scanned = scanned };
    }

    private static ServiceResponse Page(List<Row> rows, string partitionKey, string rowKey, int scanned) => new(200)
    {
        Rows = rows,
        Scanned = scanned,
        Next = (PageToken.Encode(partitionKey), rowKey.Length == 0 ? null : PageToken.Encode(rowKey)),
    };
}
