using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Parley.Storage;
using Parley.Webhooks;

namespace Parley.Benchmarks.Cost;

/// <summary>
/// Counts requests to Blob Storage by the meter that bills them. Deletions are free ("Azure Blob Storage pricing").
/// </summary>
internal sealed class BilledBlobCalls : HttpPipelinePolicy
{
    private int writes;
    private int reads;

    /// <summary>Returns the number of requests since the previous call.</summary>
    public (int Writes, int Reads) Take() => (Interlocked.Exchange(ref writes, 0), Interlocked.Exchange(ref reads, 0));

    public override ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        Count(message.Request);
        return ProcessNextAsync(message, pipeline);
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        Count(message.Request);
        ProcessNext(message, pipeline);
    }

    private void Count(Request request)
    {
        var query = request.Uri.Query;
        var isWrite = request.Method == RequestMethod.Put
            && !query.Contains("comp=lease", StringComparison.Ordinal)
            && !query.Contains("comp=properties", StringComparison.Ordinal)
            && !query.Contains("comp=metadata", StringComparison.Ordinal);
        if (isWrite || query.Contains("comp=list", StringComparison.Ordinal))
        {
            Interlocked.Increment(ref writes);
        }
        else if (request.Method != RequestMethod.Delete)
        {
            Interlocked.Increment(ref reads);
        }
    }
}

/// <summary>A webhook receiver that accepts every delivery. No address is called.</summary>
internal sealed class AcceptingReceiver : IWebhookSender
{
    public Task<WebhookResult> SendAsync(
        string url,
        ReadOnlyMemory<byte> body,
        IEnumerable<KeyValuePair<string, string>> headers,
        CancellationToken cancellation) =>
        Task.FromResult(new WebhookResult(200, null, TimeSpan.FromMilliseconds(10)));
}

/// <summary>The billed size of table rows.</summary>
internal static class TableBytes
{
    /// <summary>The size of all rows of all tables.</summary>
    public static async Task<long> OfAsync(ParleyTables tables)
    {
        var bytes = 0L;
        foreach (var table in tables.All)
        {
            await foreach (var row in table.QueryAsync<TableEntity>())
            {
                bytes += Of(row);
            }
        }

        return bytes;
    }

    /// <summary>
    /// The size of one row ("How the size of an entity is calculated in Windows Azure Table Storage").
    /// </summary>
    public static long Of(TableEntity row) => 4 + (2 * (row.PartitionKey.Length + row.RowKey.Length))
        + row.StoredProperties().Sum(property => 8 + (2 * property.Key.Length) + SizeOf(property.Value));

    private static long SizeOf(object? value) => value switch
    {
        string text => 4 + (2 * text.Length),
        byte[] binary => 4 + binary.Length,
        BinaryData binary => 4 + binary.ToMemory().Length,
        int => 4,
        bool => 1,
        long or double or DateTime or DateTimeOffset => 8,
        Guid => 16,
        _ => throw new BenchmarkException($"A property of type {value?.GetType().Name ?? "null"} has no known size."),
    };
}
