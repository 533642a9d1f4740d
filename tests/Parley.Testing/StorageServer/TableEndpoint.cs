using Microsoft.AspNetCore.Http;
using Parley.Testing.TableService;

namespace Parley.Testing.Storage;

/// <summary>Tables over HTTP.</summary>
internal sealed class TableEndpoint(StrictTables tables)
{
    /// <summary>
    /// The address that fills a table: <c>POST /fill/TABLE</c> with entities in the service's JSON, each on a line.
    /// Only this server has it.
    /// </summary>
    private const string Fill = "/fill/";

    // Headers that concern only the connection, or the encoding of a response.
    private static readonly HashSet<string> HopByHop = new(StringComparer.OrdinalIgnoreCase) { "Connection", "Keep-Alive", "Transfer-Encoding", "Accept-Encoding", "Expect" };

    public async ValueTask<StorageRequest> ReadAsync(HttpContext context)
    {
        var body = await context.Request.ReadBodyAsync(context.RequestAborted);
        if (context.Request.Path.Value is { } path && path.StartsWith(Fill, StringComparison.Ordinal))
        {
            return new StorageRequest(null, 0, 0, response =>
            {
                tables.Fill(path[Fill.Length..], Rows(body));
                response.StatusCode = 204;
            }, _ => throw new InvalidOperationException("A table is filled without limits."));
        }

        var headers = default(Headers);
        foreach (var (name, values) in context.Request.Headers)
        {
            if (!HopByHop.Contains(name))
            {
                headers.Add(name, values.ToString());
            }
        }

        var request = RequestReader.Read(context.Request.Method, context.RawUrl(), headers, body);
        var partition = request.Kind == TableCallKind.Query ? request.Filter?.OnlyPartition()
            : request.Kind is TableCallKind.CreateTable or TableCallKind.DeleteTable ? null
            : request.Operations[0].PartitionKey;
        return new StorageRequest(
            partition is null ? null : (request.Table, partition),
            Math.Max(1, request.Operations.Count),
            RateLimits.Partition,
            response => Write(response, request, tables.Execute(request, pageRows: null)),
            response => Write(response, request, ServiceResponse.Refuse(TableError.ServerBusy)));
    }

    private static void Write(HttpResponse response, TableRequest request, ServiceResponse answer)
    {
        response.StatusCode = answer.Status;
        response.WriteBody(ResponseWriter.Write(request, answer, (name, value) => response.Headers[name] = value));
    }

    private static IEnumerable<(string PartitionKey, string RowKey, Property[] Properties)> Rows(ReadOnlyMemory<byte> lines)
    {
        while (lines.Length > 0)
        {
            var end = lines.Span.IndexOf((byte)'\n');
            var line = end < 0 ? lines : lines[..end];
            lines = end < 0 ? default : lines[(end + 1)..];
            var properties = EntityReader.Read(line.Span, out var partitionKey, out var rowKey);
            yield return (partitionKey ?? "", rowKey ?? "", properties);
        }
    }
}
