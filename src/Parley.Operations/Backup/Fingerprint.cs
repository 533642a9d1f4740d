using System.Security.Cryptography;
using System.Text;
using Azure.Data.Tables;

namespace Parley.Operations.Backup;

/// <summary>A digest of row keys and ETags, in order. Memory use does not depend on the number of rows.</summary>
internal sealed class Fingerprint : IDisposable
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public void Add(TableEntity row)
    {
        if (row.ETag == default)
        {
            throw new InvalidOperationException($"Storage returned {row.PartitionKey} / {row.RowKey} without an ETag.");
        }

        // The line feed is a safe separator: keys cannot contain control characters, and ETags are header values
        // (RFC 9110, section 8.8.3).
        hash.AppendData(Encoding.UTF8.GetBytes($"{row.RowKey}\n{row.ETag.ToString("H")}\n"));
    }

    /// <summary>Returns the digest of all rows added since the last call, and starts a new one.</summary>
    public string Take() => Convert.ToHexStringLower(hash.GetHashAndReset());

    public void Dispose() => hash.Dispose();
}
