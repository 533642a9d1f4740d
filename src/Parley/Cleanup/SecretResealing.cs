using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.Secrets;
using Parley.Tenants;
using Parley.Tenants.Tokens;

namespace Parley.Cleanup;

/// <summary>
/// Stores all secrets in the form in which they are written now: sealed with the first key, or plain. Run by a timer;
/// each run does a bounded part, and the row <c>sealing</c> contains the progress.
/// </summary>
/// <remarks>
/// All secrets are opened again <see cref="Interval"/> after each round. After the second one all have the new form: an
/// instance with the settings of before may have written one during the first. Later rounds notice secrets that can no
/// longer be opened, before a client does.
/// </remarks>
public sealed partial class SecretResealing(
    ParleyTables tables,
    SecretSealer sealer,
    Cursors cursors,
    SigningKeyStore signingKeys,
    WebhookSecrets webhookSecrets,
    TimeProvider time,
    ILogger<SecretResealing> logger)
{
    /// <summary>Longer than an instance with settings of before runs, and than its longest function.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>The most tenants of a run: two calls each.</summary>
    internal const int MaxPerRun = 500;

    /// <summary>Rounds after which all secrets have the form in which they are written now.</summary>
    private const int Rounds = 2;

    /// <summary>Does the next part. It may be interrupted at any point, repeated, and run twice at once.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var stored = await tables.Tenants.FindAsync(
            TenantRowKeys.AdministrationPartition, AdministrationRowKeys.Sealing, cancellation);
        var now = time.GetUtcNow();
        if (stored is null && !sealer.HasKeys)
        {
            // No key was ever used.
            return;
        }

        var progress = stored is not null && stored.GetString("Key") == sealer.WritingKey
            ? Progress.Read(stored)
            : new Progress(RoundsDone: 0, LastTenant: 0, Failed: 0, DueAt: now);
        if (now < progress.DueAt)
        {
            return;
        }

        var failed = progress.LastTenant > 0 ? 0 : await ResealAdministrationAsync(cancellation);
        var filter = Filters.Between(
            TenantRowKeys.AdministrationPartition,
            $"{AdministrationRowKeys.Tenants}{progress.LastTenant:D8}",
            KeyParts.EndOf(AdministrationRowKeys.Tenants));
        var tenants = await tables.Tenants.QueryAsync<TableEntity>(
                filter, MaxPerRun, [nameof(TableEntity.RowKey)], cancellation)
            .Take(MaxPerRun)
            .Select(row => KeyParts.LastNumber(row.RowKey))
            .ToListAsync(cancellation);
        var done = await Workers.RunAsync(
            tenants,
            TableReads.Width,
            tenant => TryAsync(
                $"tenant {tenant}",
                () => webhookSecrets.ResealAsync(new TenantId(tenant), cancellation),
                cancellation));
        failed += done.Count(succeeded => !succeeded);
        var next = tenants.Count == MaxPerRun
            ? progress with { LastTenant = tenants[^1], Failed = progress.Failed + failed }
            : progress.NextRound(progress.Failed + failed, now + Interval);
        await tables.Tenants.UpsertEntityAsync(
            next.ToRow(sealer.WritingKey), TableUpdateMode.Replace, cancellation);
        if (next.RoundsDone == Rounds && progress.RoundsDone < Rounds)
        {
            LogDone(logger, sealer.WritingKey.Length == 0 ? "no key" : $"the key '{sealer.WritingKey}'");
        }
    }

    /// <summary>Returns the number of failures.</summary>
    private async Task<int> ResealAdministrationAsync(CancellationToken cancellation)
    {
        bool[] succeeded =
        [
            await TryAsync("the cursors", () => cursors.ResealAsync(cancellation), cancellation),
            await TryAsync("the access tokens", () => signingKeys.ResealAsync(cancellation), cancellation),
        ];
        return succeeded.Count(one => !one);
    }

    private async Task<bool> TryAsync(string owner, Func<Task> reseal, CancellationToken cancellation)
    {
        try
        {
            await reseal();
            return true;
        }
        catch (SealedSecretException e)
        {
            Telemetry.WorkFailed("secret.seal");
            LogNotOpened(logger, owner, e.Message);
            return false;
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, cancellation))
        {
            LogNotStored(logger, owner, StorageErrors.FirstLine(e));
            return false;
        }
    }

    [LoggerMessage(1511, LogLevel.Information, "All secrets are sealed with {Key}; no other key is needed.")]
    private static partial void LogDone(ILogger logger, string key);

    [LoggerMessage(1512, LogLevel.Error, "The secret of {Owner} cannot be sealed again: {Reason}")]
    private static partial void LogNotOpened(ILogger logger, string owner, string reason);

    [LoggerMessage(
        1513, LogLevel.Warning, "The secret of {Owner} could not be sealed again; a later run tries it: {Reason}")]
    private static partial void LogNotStored(ILogger logger, string owner, string reason);

    /// <summary>The row <c>sealing</c>.</summary>
    /// <param name="RoundsDone">
    /// Complete rounds since the last one in which a secret failed, up to <see cref="Rounds"/>.
    /// </param>
    /// <param name="LastTenant">The last tenant of this round that was looked at; 0 at its beginning.</param>
    /// <param name="Failed">The secrets of this round that could not be sealed.</param>
    /// <param name="DueAt">The time of the next part.</param>
    private sealed record Progress(int RoundsDone, int LastTenant, int Failed, DateTimeOffset DueAt)
    {
        public static Progress Read(TableEntity row) => new(
            row.GetInt32("RoundsDone")!.Value,
            row.GetInt32("LastTenant")!.Value,
            row.GetInt32("Failed")!.Value,
            row.GetDateTimeOffset("DueAt")!.Value);

        /// <summary>The progress at the end of a round.</summary>
        public Progress NextRound(int failed, DateTimeOffset dueAt) =>
            new(failed == 0 ? Math.Min(RoundsDone + 1, Rounds) : 0, LastTenant: 0, Failed: 0, dueAt);

        public TableEntity ToRow(string key) => new(
            TenantRowKeys.AdministrationPartition, AdministrationRowKeys.Sealing)
        {
            ["Key"] = key,
            ["RoundsDone"] = RoundsDone,
            ["LastTenant"] = LastTenant,
            ["Failed"] = Failed,
            ["DueAt"] = DueAt,
        };
    }
}
