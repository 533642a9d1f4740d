using Azure.Core;
using Azure.Storage.Blobs;
using Parley.Testing.BlobService;

namespace Parley.Testing;

/// <summary>
/// A Blob service in memory: the data of one account. The real client can stage, commit, read, list and delete block
/// blobs in it. A request that it does not understand throws NotSupportedException.
/// </summary>
/// <remarks>
/// A process calls it through its <see cref="TableConnection"/> as a foreign call: numbered with its calls to the
/// tables, under the same hooks, faults and scheduler. So a crash at a blob call also ends the process for the tables,
/// and the reverse.
/// </remarks>
/// <param name="time">
/// Sets the times of blobs and discards uncommitted blocks after a week. ETags do not depend on it.
/// </param>
public sealed class StrictBlobs(TimeProvider time)
{
    /// <summary>An invented account; the key is the word "key" in base64.</summary>
    public const string ConnectionString = "DefaultEndpointsProtocol=https;AccountName=strict;AccountKey=a2V5;BlobEndpoint=https://strict.blob.invalid";

    private readonly Service service = new(time);
    private readonly Lock gate = new();

    /// <summary>
    /// A process's client with this number of retries and no waiting on the wall clock; see <see
    /// cref="TableConnection"/>.
    /// </summary>
    public BlobServiceClient ServiceClient(TableConnection process, int retries = 0) => new(ConnectionString, new BlobClientOptions
    {
        Transport = new BlobTransport(this, process),
        Retry = { MaxRetries = retries, Mode = RetryMode.Fixed, Delay = TimeSpan.Zero, NetworkTimeout = Timeout.InfiniteTimeSpan },
        Diagnostics = { IsLoggingEnabled = false, IsDistributedTracingEnabled = false, IsTelemetryEnabled = false },
    });

    /// <summary>
    /// The committed blobs of a container whose names begin with the prefix, ordered by name. Not counted as a call.
    /// </summary>
    public IReadOnlyList<string> Names(string container, string prefix = "")
    {
        lock (gate)
        {
            return [.. service.Find(container, prefix).Select(blob => blob.Name)];
        }
    }

    /// <summary>Returns a committed blob, or null. Not counted as a call.</summary>
    public StoredBlob? Find(string container, string name)
    {
        lock (gate)
        {
            return service.Find(container, name).FirstOrDefault(blob => blob.Name == name);
        }
    }

    /// <summary>
    /// The bytes of blocks of a blob, committed or not. Not counted as a call.
    /// </summary>
    /// <exception cref="InvalidOperationException">A block does not exist.</exception>
    public IReadOnlyList<ReadOnlyMemory<byte>> Blocks(string container, string name, IEnumerable<string> ids)
    {
        lock (gate)
        {
            return
            [
                .. ids.Select(id => service.FindBlock(container, name, id)?.Content
                    ?? throw new InvalidOperationException($"The blob {name} has no block {id}.")),
            ];
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
