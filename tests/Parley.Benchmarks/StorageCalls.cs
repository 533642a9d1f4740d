using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Parley.Benchmarks;

/// <summary>A request to table storage.</summary>
/// <param name="Kind">point read, query, transaction, insert, update or delete.</param>
/// <param name="Table">The table.</param>
/// <param name="Entities">The number of entities that a read returned, or a write wrote.</param>
/// <param name="Status">The status of the response.</param>
internal sealed record StorageCall(string Kind, string Table, int Entities, int Status);

/// <summary>
/// Records every request to table storage. It must be added behind the retries (<see
/// cref="HttpPipelinePosition.PerRetry"/>), because every request that is sent counts and is billed.
/// </summary>
internal sealed partial class StorageCalls : HttpPipelinePolicy
{
    private readonly ConcurrentQueue<StorageCall> calls = new();

    /// <summary>Returns the calls since the previous call of this method, in the order of their responses.</summary>
    public IReadOnlyList<StorageCall> TakeAll()
    {
        StorageCall[] taken = [.. calls];
        calls.Clear();
        return taken;
    }

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        await ProcessNextAsync(message, pipeline);
        if (!IsLastUse(message.Request))
        {
            calls.Enqueue(Describe(message.Request, message.Response));
        }
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        ProcessNext(message, pipeline);
        calls.Enqueue(Describe(message.Request, message.Response));
    }

    /// <summary>
    /// True for the time of an API key's last use: written once an hour, after a response, so it belongs to no request.
    /// </summary>
    private static bool IsLastUse(Request request) =>
        request.Method == RequestMethod.Patch
        && Uri.UnescapeDataString(request.Uri.ToUri().Segments[^1]).Contains("RowKey='key|", StringComparison.Ordinal);

    private static StorageCall Describe(Request request, Response response)
    {
        var target = request.Uri.ToUri().Segments[^1];
        var table = target.Split('(')[0];
        if (request.Method == RequestMethod.Get)
        {
            return target.EndsWith("()", StringComparison.Ordinal)
                ? new StorageCall("query", table, RowsOf(response), response.Status)
                : new StorageCall("point read", table, response.Status == 200 ? 1 : 0, response.Status);
        }

        if (target == "$batch")
        {
            var operations = Operation().Matches(BodyOf(request));
            return new StorageCall("transaction", operations[0].Groups["table"].Value, operations.Count, response.Status);
        }

        var kind = request.Method == RequestMethod.Post ? "insert" : request.Method == RequestMethod.Delete ? "delete" : "update";
        return new StorageCall(kind, table, 1, response.Status);
    }

    private static int RowsOf(Response response)
    {
        if (response.Status != 200)
        {
            return 0;
        }

        using var body = JsonDocument.Parse(response.Content);
        return body.RootElement.GetProperty("value").GetArrayLength();
    }

    private static string BodyOf(Request request)
    {
        using var body = new MemoryStream();
        request.Content!.WriteTo(body, CancellationToken.None);
        return System.Text.Encoding.UTF8.GetString(body.ToArray());
    }

    /// <summary>The request line of one operation of a transaction.</summary>
    [GeneratedRegex(@"^(POST|PUT|PATCH|MERGE|DELETE) \S+/(?<table>\w+)(\(\S*\))?(\?\S*)? HTTP/1\.1\r?$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Operation();
}
