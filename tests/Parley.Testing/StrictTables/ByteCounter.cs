using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;

namespace Parley.Testing;

/// <summary>Counts the calls of a client and the bytes of their bodies, at the transport.</summary>
public sealed class ByteCounter : HttpPipelineSynchronousPolicy
{
    /// <summary>The number of calls.</summary>
    public int Calls { get; private set; }

    /// <summary>The bytes of the requests' bodies.</summary>
    public long Sent { get; private set; }

    /// <summary>The bytes of the responses' bodies.</summary>
    public long Received { get; private set; }

    /// <summary>The most bytes of one request and its response.</summary>
    public long Largest { get; private set; }

    /// <summary>A client of a connection whose calls are counted.</summary>
    public TableServiceClient ServiceClient(TableConnection connection)
    {
        var options = connection.ClientOptions();
        options.AddPolicy(this, HttpPipelinePosition.BeforeTransport);
        return new TableServiceClient(StrictTables.ConnectionString, options);
    }

    public override void OnReceivedResponse(HttpMessage message)
    {
        var sent = message.Request.Content?.TryComputeLength(out var length) is true ? length : 0;
        var received = message.Response.ContentStream?.Length ?? 0;
        Calls++;
        Sent += sent;
        Received += received;
        Largest = Math.Max(Largest, sent + received);
    }
}
