using System.Security.Cryptography;
using System.Text;
using Azure.Data.Tables;

namespace Parley.Operations.Backup;

/// <summary>A digest of row keys and ETags in their order: flat memory, however many rows a partition has.</summary>
internal sealed class Fingerprint : IDisposable
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public void Add(TableEntity row)
    {
        if (row.ETag == default)
        {
            throw new InvalidOperationException($"Storage returned {row.PartitionKey} / {row.RowKey} without an ETag.");
        }

        // Neither may contain a line feed: keys take no control characters, ETags are header values (RFC 9110,
        // section 8.8.3).
        hash.AppendData(Encoding.UTF8.GetBytes($"{row.RowKey}\n{row.ETag.ToString("H")}\n"));
    }

    /// <summary>The digest of everything added since the last call.</summary>
    public string Take() => Convert.ToHexStringLower(hash.GetHashAndReset());

    public void Dispose() => hash.Dispose();
}
