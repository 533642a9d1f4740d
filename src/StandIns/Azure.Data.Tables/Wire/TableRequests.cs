using Azure.Core;

namespace Azure.Data.Tables.Wire;

/// <summary>The requests to one table.</summary>
internal sealed class TableRequests
{
    private const string MinimalMetadata = "application/json;odata=minimalmetadata";
    private const string Format = "$format=application%2Fjson%3Bodata%3Dminimalmetadata";

    // So that a row asked for on the chance is no error in logs and traces.
    private static readonly RequestContext MissingIsFine = MissingIsNoError();

    private readonly TableService _service;
    private readonly string _root;
    private readonly string _name;

    public TableRequests(TableService service, string name)
    {
        _service = service;
        _root = service.Endpoint.AbsoluteUri.TrimEnd('/');
        _name = name;
        TableAddress = $"{_root}/{Uri.EscapeDataString(name)}";
        InsertAddress = $"{TableAddress}?{Format}";
    }

    public string TableAddress { get; }

    public string InsertAddress { get; }

    public HttpMessage CreateTable()
    {
        var message = Message(RequestMethod.Post, $"{_root}/Tables?{Format}", MinimalMetadata);
        message.Request.Headers.Add("Prefer", "return-no-content");
        return WithJson(message, EntityWriter.Entity(new TableEntity(capacity: 1) { ["TableName"] = _name }));
    }

    public HttpMessage DeleteTable() => Message(RequestMethod.Delete, $"{_root}/Tables('{Uri.EscapeDataString(_name)}')", "application/json");

    public HttpMessage Insert(TableEntity entity)
    {
        var message = Message(RequestMethod.Post, InsertAddress, MinimalMetadata);
        message.Request.Headers.Add("Prefer", "return-no-content");
        return WithJson(message, EntityWriter.Entity(entity));
    }

    /// <summary>An update, or without <paramref name="ifMatch"/> an upsert.</summary>
    public HttpMessage Update(TableEntity entity, ETag ifMatch, TableUpdateMode mode)
    {
        var message = Message(MethodOf(mode), EntityAddress(entity.PartitionKey, entity.RowKey), "application/json");
        if (ifMatch != default)
            message.Request.Headers.Add("If-Match", ifMatch.ToString());
        return WithJson(message, EntityWriter.Entity(entity));
    }

    public HttpMessage Delete(string partitionKey, string rowKey, ETag ifMatch)
    {
        var message = Message(RequestMethod.Delete, EntityAddress(partitionKey, rowKey), MinimalMetadata);
        message.Request.Headers.Add("If-Match", DeleteCondition(ifMatch).ToString());
        return message;
    }

    public HttpMessage Get(string partitionKey, string rowKey, IEnumerable<string> select, bool mayBeMissing)
    {
        var address = EntityAddress(partitionKey, rowKey);
        if (select != null)
            address += $"&$select={Uri.EscapeDataString(string.Join(',', select))}";
        return Message(RequestMethod.Get, address, MinimalMetadata, mayBeMissing ? MissingIsFine : null);
    }

    /// <summary>A page of a query: the first, or the one that <paramref name="continuation"/> names, "partition row" as the service gave them.</summary>
    public HttpMessage Query(string filter, string select, int? top, string continuation)
    {
        var address = $"{TableAddress}()?{Format}";
        if (top is { } limit)
            address += $"&$top={limit}";
        if (select != null)
            address += $"&$select={Uri.EscapeDataString(select)}";
        if (filter != null)
            address += $"&$filter={Uri.EscapeDataString(filter)}";
        if (continuation is { Length: > 1 })
        {
            var space = continuation.IndexOf(' ');
            address += $"&NextPartitionKey={Uri.EscapeDataString(space < 0 ? continuation : continuation[..space])}";
            if (space >= 0 && space < continuation.Length - 1)
                address += $"&NextRowKey={Uri.EscapeDataString(continuation[(space + 1)..])}";
        }

        return Message(RequestMethod.Get, address, MinimalMetadata);
    }

    public HttpMessage Batch(IEnumerable<TableTransactionAction> actions, out int count)
    {
        var id = Guid.NewGuid().ToString();
        var body = BatchWriter.Write(this, _service.Version, actions, id, out count);
        var message = Message(RequestMethod.Post, $"{_root}/$batch", null);
        message.Request.Headers.Add("Content-Type", $"multipart/mixed; boundary=batch_{id}");
        message.Request.Content = RequestContent.Create(body);
        return message;
    }

    public string EntityAddress(string partitionKey, string rowKey) =>
        $"{TableAddress}(PartitionKey='{Key(partitionKey)}',RowKey='{Key(rowKey)}')?{Format}";

    public static TableEntity Checked(ITableEntity entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        if (entity is not TableEntity row)
            throw new NotSupportedException($"This stand-in for Azure.Data.Tables writes TableEntity only, not {entity.GetType()}.");
        ArgumentNullException.ThrowIfNull(row.PartitionKey, nameof(row.PartitionKey));
        ArgumentNullException.ThrowIfNull(row.RowKey, nameof(row.RowKey));
        return row;
    }

    private static RequestMethod MethodOf(TableUpdateMode mode) => mode switch
    {
        TableUpdateMode.Merge => RequestMethod.Patch,
        TableUpdateMode.Replace => RequestMethod.Put,
        _ => throw new ArgumentException($"Unexpected value for mode: {mode}"),
    };

    /// <summary>A delete always carries a condition; any row meets the one of none.</summary>
    public static ETag DeleteCondition(ETag ifMatch) => ifMatch == default ? ETag.All : ifMatch;

    private static string Key(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Uri.EscapeDataString(key.Replace("'", "''"));
    }

    private static RequestContext MissingIsNoError()
    {
        var context = new RequestContext();
        context.AddClassifier(404, isError: false);
        return context;
    }

    private static HttpMessage WithJson(HttpMessage message, ReadOnlyMemory<byte> json)
    {
        message.Request.Headers.Add("Content-Type", "application/json");
        message.Request.Content = RequestContent.Create(json);
        return message;
    }

    private HttpMessage Message(RequestMethod method, string address, string accept, RequestContext context = null)
    {
        var message = context == null ? _service.Pipeline.CreateMessage() : _service.Pipeline.CreateMessage(context);
        var request = message.Request;
        request.Method = method;
        request.Uri.Reset(new Uri(address));
        request.Headers.Add("x-ms-version", _service.Version);
        request.Headers.Add("DataServiceVersion", "3.0");
        if (accept != null)
            request.Headers.Add("Accept", accept);
        return message;
    }
}
