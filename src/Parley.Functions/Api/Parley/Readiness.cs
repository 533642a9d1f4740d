using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Functions.Api.Parley;

/// <summary>
/// Storage health, cached for two seconds. Probes need no API key, so they must not cause unlimited storage calls: an
/// instance makes one check in that time (up to four attempts of the storage client) for any number of probes.
/// </summary>
public sealed partial class Readiness(ParleyTables tables, TimeProvider time, ILogger<Readiness> logger)
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(2);

    /// <summary>Shorter than the timeout of load balancers, which is five seconds or more.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    private readonly Lock gate = new();
    private Task check = Task.CompletedTask;
    private long? begunAt;

    /// <summary>Completes when a check that began at most two seconds ago has succeeded.</summary>
    /// <exception cref="ParleyException">Storage is unavailable. Each failed check is logged once.</exception>
    public Task CheckAsync(CancellationToken cancellation)
    {
        lock (gate)
        {
            if (begunAt is not { } begun || (check.IsCompleted && time.GetElapsedTime(begun) >= MaxAge))
            {
                begunAt = time.GetTimestamp();
                check = ReadAsync();
            }

            return check.WaitAsync(cancellation);
        }
    }

    private async Task ReadAsync()
    {
        // The row may be missing; any response of the table proves that storage is available. The request that starts
        // the check cannot cancel it, because other requests wait for it too.
        using var timeout = new CancellationTokenSource(Timeout, time);
        try
        {
            await tables.Tenants.GetEntityIfExistsAsync<TableEntity>(
                TenantRowKeys.AdministrationPartition, TenantRowKeys.Counter, ["RowKey"], timeout.Token);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogFailed(logger, StorageErrors.FirstLine(e));
            throw ParleyException.StorageUnavailable("Storage does not answer. Try again.", e);
        }
    }

    [LoggerMessage(2003, LogLevel.Warning, "The readiness check failed: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);
}
