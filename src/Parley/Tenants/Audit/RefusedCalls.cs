using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants.Audit;

/// <summary>
/// Records refused administrative calls, a bounded number a minute: callers without a key must not load storage, nor
/// fill the log. Refused calls beyond the bound are counted, and the next entry contains their number.
/// </summary>
public sealed partial class RefusedCalls(AuditLog log, TimeProvider time, ILogger<RefusedCalls> logger)
{
    /// <summary>Entries of one log that an instance writes in a minute.</summary>
    public const int MaxPerMinute = 10;

    private const int MaxLogs = 10_000;

    /// <summary>A refusal waits this long for its entry. The caller has no claim to more work than that.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(3);

    private readonly Lock gate = new();
    private readonly Dictionary<TenantId, Window> windows = [];

    /// <summary>Records a call before its refusal is sent. A failure to do so is logged, not thrown.</summary>
    /// <param name="tenant">The caller's tenant, or <see cref="AuditLog.Administration"/>.</param>
    /// <param name="operation">The name of the operation.</param>
    /// <remarks>It does not end with the request: a caller who disconnects must not lack its entry.</remarks>
    public async Task RecordAsync(TenantId tenant, AuditOrigin origin, string operation)
    {
        if (Take(tenant) is not { } omitted)
        {
            return;
        }

        using var timeout = new CancellationTokenSource(MaxWait, time);
        try
        {
            await log.WriteAsync(
                log.Begin(tenant, origin, AuditAction.CallRefused, operation, omitted), timeout.Token);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            // The refusal does not depend on its entry; there are at most MaxPerMinute of these lines.
            GiveBack(tenant, omitted);
            LogNotRecorded(logger, operation, StorageErrors.FirstLine(e));
        }
    }

    /// <summary>The number of calls to report with this entry; null when it must not be written.</summary>
    private int? Take(TenantId tenant)
    {
        lock (gate)
        {
            var minute = time.GetUtcNow().Minute();
            if (windows.Count >= MaxLogs && !windows.ContainsKey(tenant))
            {
                LogForgotten(logger, windows.Values.Sum(one => (long)one.Omitted));
                windows.Clear();
            }

            var window = windows.GetValueOrDefault(tenant);
            window = window.Minute == minute ? window : new Window(minute, 0, window.Omitted);
            var mayWrite = window.Written < MaxPerMinute;
            windows[tenant] = mayWrite
                ? new Window(minute, window.Written + 1, 0)
                : window with { Omitted = window.Omitted + 1 };
            return mayWrite ? window.Omitted : null;
        }
    }

    private void GiveBack(TenantId tenant, int omitted)
    {
        lock (gate)
        {
            var window = windows.GetValueOrDefault(tenant);
            windows[tenant] = window with { Omitted = window.Omitted + omitted + 1 };
        }
    }

    [LoggerMessage(
        1501, LogLevel.Warning, "The refused call of {Operation} could not be added to the audit log: {Reason}")]
    private static partial void LogNotRecorded(ILogger logger, string operation, string reason);

    [LoggerMessage(1502, LogLevel.Warning, "{Count} refused administrative calls have no entry in an audit log.")]
    private static partial void LogForgotten(ILogger logger, long count);

    /// <summary>An instance's entries of one log in one minute.</summary>
    private readonly record struct Window(long Minute, int Written, int Omitted);
}
