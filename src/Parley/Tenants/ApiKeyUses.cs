using System.Collections.Concurrent;
using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants;

/// <summary>
/// Writes the coarse time of a key's last use: at most once an hour, key and process. Written in the background;
/// failures are ignored.
/// </summary>
public sealed class ApiKeyUses(ParleyTables tables, TimeProvider time)
{
    /// <summary>The time between two writes of one key.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private const int MaxKeys = 10_000;

    /// <summary>Further uses are written later: an instance that starts sees many keys for the first time.</summary>
    private const int MaxAtOnce = 16;

    private readonly ConcurrentDictionary<(TenantId Tenant, int Number), long> written = new();
    private int running;

    /// <summary>Call this after the work of the request. A caller without a key is ignored.</summary>
    public void Note(Caller caller)
    {
        var key = (caller.Tenant, caller.Number);
        if (caller.Subject is not null
            || (written.TryGetValue(key, out var last) && time.GetElapsedTime(last) < Interval))
        {
            return;
        }

        if (Interlocked.Increment(ref running) > MaxAtOnce)
        {
            Interlocked.Decrement(ref running);
            return;
        }

        if (written.Count >= MaxKeys)
        {
            written.Clear();
        }

        // Also after a failure not before the next hour: storage that does not answer needs no further calls.
        written[key] = time.GetTimestamp();
        _ = WriteAsync(caller);
    }

    private async Task WriteAsync(Caller caller)
    {
        try
        {
            using var limit = RetryLimit.Begin(retries: 0);

            // Merge, not insert: the key may not be listed yet, or its tenant may be gone.
            await tables.Tenants.UpdateEntityAsync(
                ApiKeyListRow.Use(caller.Tenant, caller.Number, time.GetUtcNow()), ETag.All, TableUpdateMode.Merge);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            // The time of use is coarse; the next hour writes it again.
        }
        finally
        {
            Interlocked.Decrement(ref running);
        }
    }
}
