using Azure.Core;
using Azure.Storage.Blobs;
using Parley.Testing.BlobService;

namespace Parley.Testing;

/// <summary>
/// A Blob service in memory: the data of one account. It serves the real client, for block blobs that are staged and committed, read,
/// listed and deleted; what it does not understand is a NotSupportedException.
/// </summary>
/// <remarks>
/// A process calls it through its <see cref="TableConnection"/>, as a foreign call: numbered with its calls to the tables, under the same
/// hooks, faults and scheduler. So a crash at a blob call ends the process for the tables too, and the other way round.
/// </remarks>
/// <param name="time">Stamps blobs, and ends the week of blocks that nobody commits. ETags do not rest on it.</param>
public sealed class StrictBlobs(TimeProvider time)
{
    /// <summary>A made-up account; the key is the word "key" in base64.</summary>
    public const string ConnectionString = "DefaultEndpointsProtocol=https;AccountName=strict;AccountKey=a2V5;BlobEndpoint=https://strict.blob.invalid";

    private readonly Service service = new(time);
    private readonly Lock gate = new();

    /// <summary>A process's client, with that many retries and no waiting on the wall clock; see <see cref="TableConnection"/>.</summary>
    public BlobServiceClient ServiceClient(TableConnection process, int retries = 0) => new(ConnectionString, new BlobClientOptions
    {
        Transport = new BlobTransport(this, process),
        Retry = { MaxRetries = retries, Mode = RetryMode.Fixed, Delay = TimeSpan.Zero, NetworkTimeout = Timeout.InfiniteTimeSpan },
        Diagnostics = { IsLoggingEnabled = false, IsDistributedTracingEnabled = false, IsTelemetryEnabled = false },
    });

    /// <summary>The committed blobs of a container whose names begin so, in the order of their names. No call.</summary>
    public IReadOnlyList<string> Names(string container, string prefix = "")
    {
        lock (gate)
        {
            return [.. service.Find(container, prefix).Select(blob => blob.Name)];
        }
    }

    /// <summary>A committed blob, or null. No call.</summary>
    public StoredBlob? Find(string container, string name)
    {
        lock (gate)
        {
            return service.Find(container, name).FirstOrDefault(blob => blob.Name == name);
        }
    }

    internal ServiceResponse Execute(BlobRequest request)
    {
        lock (gate)
        {
            return service.Execute(request);
        }
    }
}
