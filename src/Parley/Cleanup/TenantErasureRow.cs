using System.Globalization;
using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Tenants;

namespace Parley.Cleanup;

/// <summary>The progress of a deletion.</summary>
/// <param name="Erasure">The receipt so far.</param>
/// <param name="Pass">1 for the first pass through all stores.</param>
/// <param name="Store">The store that the pass has reached; see <see cref="ErasedStore.Name"/>.</param>
/// <param name="Counted">The last position of that store that is counted; empty at its beginning.</param>
/// <param name="Erased">
/// The last position up to which everything is erased. What lies between the two may still exist, and is not counted
/// again.
/// </param>
/// <param name="Scan">
/// The token of the last page after <paramref name="Erased"/> that was examined and had no position; empty without one.
/// </param>
/// <param name="FoundInPass">The rows and blobs that this pass has found.</param>
/// <param name="ETag">The row's ETag.</param>
internal sealed record TenantErasureProgress(
    TenantErasure Erasure,
    int Pass,
    string Store,
    string Counted,
    string Erased,
    string Scan,
    long FoundInPass,
    ETag ETag)
{
    /// <summary>The progress at the beginning of a store; without a name, of the first one.</summary>
    public TenantErasureProgress At(string store) =>
        this with { Store = store, Counted = "", Erased = "", Scan = "" };
}

/// <summary>The row <c>erase|T</c>, in the partition of the administration API.</summary>
internal static class TenantErasureRow
{
    public static TableEntity Create(TenantErasureProgress progress)
    {
        var (erasure, counts) = (progress.Erasure, progress.Erasure.Counts);
        var row = new TableEntity(
            TenantRowKeys.AdministrationPartition, TenantErasureRowKeys.Erasure(erasure.Tenant))
        {
            ["State"] = (int)erasure.State,
            ["RequestedAt"] = erasure.RequestedAt,
            ["Pass"] = progress.Pass,
            ["Store"] = progress.Store,
            ["Counted"] = progress.Counted,
            ["Erased"] = progress.Erased,
            ["Scan"] = progress.Scan,
            ["FoundInPass"] = progress.FoundInPass,
            ["Conversations"] = counts.Conversations,
            ["Tenants"] = counts.Tenants,
            ["Keys"] = counts.Keys,
            ["Schedule"] = counts.Schedule,
            ["Due"] = counts.Due,
            ["Files"] = counts.Files,
            ["Exports"] = counts.Exports,
        };
        row.SetIfAny("ErasesAt", erasure.ErasesAt);
        row.SetIfAny("FinishedAt", erasure.FinishedAt);
        return row;
    }

    public static TenantErasureProgress Read(TableEntity row) => new(
        new TenantErasure(
            new TenantId(int.Parse(
                row.RowKey[TenantErasureRowKeys.Erasures.Length..], NumberStyles.None, CultureInfo.InvariantCulture)),
            (TenantState)row.GetInt32("State")!.Value,
            row.GetDateTimeOffset("RequestedAt")!.Value,
            row.GetDateTimeOffset("ErasesAt"),
            row.GetDateTimeOffset("FinishedAt"),
            new ErasedCounts(
                row.GetInt64("Conversations")!.Value,
                row.GetInt64("Tenants")!.Value,
                row.GetInt64("Keys")!.Value,
                row.GetInt64("Schedule")!.Value,
                row.GetInt64("Due")!.Value,
                row.GetInt64("Files")!.Value,
                row.GetInt64("Exports")!.Value)),
        row.GetInt32("Pass")!.Value,
        row.GetString("Store"),
        row.GetString("Counted"),
        row.GetString("Erased"),
        row.GetString("Scan") ?? "",
        row.GetInt64("FoundInPass")!.Value,
        row.ETag);
}
