using System.Globalization;
using Azure.Core;

namespace Parley.Testing.TableService;

/// <summary>Parses requests of any client. An unknown part throws NotSupportedException; nothing is guessed.</summary>
internal static class RequestReader
{
    private const string MinimalMetadata = "application/json;odata=minimalmetadata";

    public static TableRequest Read(Request request)
    {
        var headers = default(Headers);
        foreach (var header in request.Headers)
        {
            headers.Add(header.Name, header.Value);
        }

        return Read(request.Method.Method, request.Uri.ToString(), headers, Body(request));
    }

    /// <param name="method">The method.</param>
    /// <param name="url">The absolute URL, with its escapes.</param>
    /// <param name="headers">The headers.</param>
    /// <param name="body">The body; the request's values are copied from it.</param>
    public static TableRequest Read(string method, string url, in Headers headers, ReadOnlyMemory<byte> body)
    {
        var host = url[..url.IndexOf('/', url.IndexOf("://", StringComparison.Ordinal) + 3)];
        var address = Address.Parse(url);
        headers.CheckVersions(answersWithJson: (method, address.Resource) is not ("DELETE", Address.Tables));
        return (method, address) switch
        {
            ("POST", { Resource: Address.Batch, Query: "" }) => BatchReader.Read(body, headers.ContentType, host),
            ("POST", { Resource: Address.Tables, Name: null }) => CreateTable(address, headers, body.Span, host),
            ("DELETE", { Resource: Address.Tables, Name: { } name }) => new TableRequest(TableCallKind.DeleteTable, name, host),
            ("GET", { Resource: not (Address.Tables or Address.Batch), PartitionKey: null }) => Query(address, headers, host),
            ("GET", { PartitionKey: not null }) => Get(address, headers, host),
            _ => OfOne(ReadOperation(method, address, headers, body.Span), host),
        };
    }

    /// <summary>Parses a request that writes one entity, alone or in a transaction.</summary>
    public static Operation ReadOperation(string method, Address address, in Headers headers, ReadOnlySpan<byte> body)
    {
        foreach (var (name, value) in address.Options())
        {
            CheckFormat(name, value);
        }

        if (address.Resource is Address.Tables or Address.Batch)
        {
            throw new NotSupportedException($"StrictTables knows no {method} {address}");
        }

        var hasKeys = address.PartitionKey is not null;
        return method switch
        {
            "POST" when !hasKeys => Insert(address, headers, body),
            "PUT" when hasKeys => Update(TableCallKind.UpdateReplace, TableCallKind.UpsertReplace, address, headers, body),
            "PATCH" or "MERGE" when hasKeys => Update(TableCallKind.UpdateMerge, TableCallKind.UpsertMerge, address, headers, body),
            "DELETE" when hasKeys => Delete(address, headers),
            _ => throw new NotSupportedException($"StrictTables knows no {method} {address}"),
        };
    }

    private static ReadOnlyMemory<byte> Body(Request request)
    {
        if (request.Content is not { } content)
        {
            return default;
        }

        var stream = content.TryComputeLength(out var length) ? new MemoryStream((int)length) : new MemoryStream();
        content.WriteTo(stream, CancellationToken.None);
        return stream.GetBuffer().AsMemory(0, (int)stream.Length);
    }

    private static TableRequest CreateTable(Address address, Headers headers, ReadOnlySpan<byte> body, string host)
    {
        headers.CheckJson();
        foreach (var (name, value) in address.Options())
        {
            CheckFormat(name, value);
        }

        var table = EntityReader.ReadTableName(body);
        return new TableRequest(TableCallKind.CreateTable, table, host)
        {
            Operations = [new Operation(TableCallKind.CreateTable, table, "", "") { ReturnsContent = !headers.NoContent }],
            Refusal = Refusal(() => Rules.CheckTableName(table)),
        };
    }

    private static TableRequest OfOne(Operation operation, string host) =>
        new(operation.Kind, operation.Table, host) { Operations = [operation], Refusal = operation.Refusal };

    private static TableRequest Get(Address address, Headers headers, string host)
    {
        var (minimal, select) = (IsMinimal(headers.Accept), (string[]?)null);
        foreach (var (name, value) in address.Options())
        {
            if (name == "$select")
            {
                select = value.Split(',', StringSplitOptions.TrimEntries);
            }
            else
            {
                CheckFormat(name, value);
                minimal = true;
            }
        }

        CheckMinimal(minimal);
        return new TableRequest(TableCallKind.Get, address.Resource, host)
        {
            Operations = [new Operation(TableCallKind.Get, address.Resource, address.PartitionKey!, address.RowKey!)],
            Select = select,
        };
    }

    private static TableRequest Query(Address address, Headers headers, string host)
    {
        var minimal = IsMinimal(headers.Accept);
        var request = new TableRequest(TableCallKind.Query, address.Resource, host);
        (string? partition, string? row) = (null, null);
        TableError? refusal = null;
        foreach (var (name, value) in address.Options())
        {
            switch (name)
            {
                case "$select":
                    request = request with { Select = value.Split(',', StringSplitOptions.TrimEntries) };
                    break;
                case "$filter" when value.Length == 0:
                    break;
                case "$filter":
                    request = request with { FilterText = value };
                    refusal ??= Refusal(() => request = request with { Filter = FilterParser.Parse(value) });
                    break;
                case "$top":
                    // "Query operators supported for the Table service": more than 1,000 is a bad request.
                    var top = int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture);
                    request = request with { Top = top };
                    refusal ??= top is >= 1 and <= Rules.MaxPage ? null : TableError.InvalidInput($"$top is {top}");
                    break;
                case "NextPartitionKey":
                    refusal ??= Refusal(() => partition = PageToken.Decode(value));
                    break;
                case "NextRowKey":
                    refusal ??= Refusal(() => row = PageToken.Decode(value));
                    break;
                default:
                    CheckFormat(name, value);
                    minimal = true;
                    break;
            }
        }

        CheckMinimal(minimal);
        if (row is not null && partition is null)
        {
            refusal ??= TableError.InvalidInput("NextRowKey without NextPartitionKey");
        }

        return request with { Start = partition is null ? null : (partition, row ?? ""), Refusal = refusal };
    }

    private static Operation Insert(Address address, in Headers headers, ReadOnlySpan<byte> body)
    {
        headers.CheckJson();
        if (headers.IfMatch is not null)
        {
            throw new NotSupportedException("StrictTables knows no insert with If-Match.");
        }

        try
        {
            var properties = EntityReader.Read(body, out var partitionKey, out var rowKey);
            var operation = new Operation(TableCallKind.Insert, address.Resource, partitionKey ?? "", rowKey ?? "")
            {
                Properties = properties,
                ReturnsContent = !headers.NoContent,
            };
            return partitionKey is null || rowKey is null ? operation with { Refusal = TableError.PropertiesNeedValue } : operation;
        }
        catch (TableRefusedException e)
        {
            return new Operation(TableCallKind.Insert, address.Resource, "", "") { Refusal = e.Error };
        }
    }

    private static Operation Update(TableCallKind update, TableCallKind upsert, Address address, in Headers headers, ReadOnlySpan<byte> body)
    {
        headers.CheckJson();
        var operation = new Operation(headers.IfMatch is null ? upsert : update, address.Resource, address.PartitionKey!, address.RowKey!)
        {
            IfMatch = headers.IfMatch,
        };
        try
        {
            Rules.CheckKey(Names.PartitionKey, operation.PartitionKey);
            Rules.CheckKey(Names.RowKey, operation.RowKey);
            operation = operation with { Properties = EntityReader.Read(body, out var partitionKey, out var rowKey), Refusal = InvalidETag(headers.IfMatch) };
            return (partitionKey ?? operation.PartitionKey) == operation.PartitionKey && (rowKey ?? operation.RowKey) == operation.RowKey
                ? operation
                : throw new NotSupportedException("StrictTables wants the keys of the address in the body, or none.");
        }
        catch (TableRefusedException e)
        {
            return operation with { Refusal = e.Error };
        }
    }

    private static Operation Delete(Address address, in Headers headers) =>
        new(TableCallKind.Delete, address.Resource, address.PartitionKey!, address.RowKey!)
        {
            IfMatch = headers.IfMatch,
            Refusal = headers.IfMatch is null ? TableError.ConditionMissing : InvalidETag(headers.IfMatch),
        };

    private static TableError? InvalidETag(string? etag) =>
        etag is null or Operation.AnyETag || ETags.IsOne(etag) ? null : TableError.InvalidETag(etag);

    private static void CheckFormat(string name, string value)
    {
        if (name != "$format" || !IsMinimal(value))
        {
            throw new NotSupportedException($"StrictTables does not understand the option {name}={value}");
        }
    }

    private static bool IsMinimal(string? format) => format == MinimalMetadata;

    private static void CheckMinimal(bool minimal)
    {
        if (!minimal)
        {
            throw new NotSupportedException($"StrictTables answers {MinimalMetadata} only; ask for it by Accept or $format.");
        }
    }

    private static TableError? Refusal(Action read)
    {
        try
        {
            read();
            return null;
        }
        catch (TableRefusedException e)
        {
            return e.Error;
        }
    }
}
