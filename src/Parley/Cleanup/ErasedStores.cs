using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Parley.Assistants.Completions;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Exports;
using Parley.Files;
using Parley.Storage;
using Parley.Tenants;

namespace Parley.Cleanup;

/// <summary>
/// Everything that belongs to a tenant, in the order in which it is erased. The schedule is first, so that timers find
/// no work for rows that are gone. The profile stays: it says that the tenant is deleted.
/// </summary>
public sealed class ErasedStores(ParleyTables tables, ScheduleOptions options, BlobServiceClient blobs)
{
    /// <summary>The beginnings of the row keys of scheduled work; the tenant's number follows.</summary>
    private static readonly string[] ScheduledKinds =
    [
        FollowUpRowKeys.ScheduledFollowUps,
        ExportRowKeys.ScheduledExports,
        CompletionRowKeys.ScheduledCompletions,
        IdempotencyRowKeys.ScheduledKeys,
        FileRowKeys.ScheduledFiles,
    ];

    /// <summary>The most rows of a page. Tests set it, so that few rows are many pages.</summary>
    internal int PageRows { get; init; } = ErasedStore.PageRows;

    /// <summary>All stores, in their order.</summary>
    internal IReadOnlyList<ErasedStore> All =>
    [
        .. ScheduledKinds.Select(kind => Rows($"Schedule {kind}", ErasedStoreName.Schedule, tables.Schedule, tenant =>
        {
            var partitions = ScheduleRowKeys.SchedulePartitions(kind, tenant.Number % options.Shards);
            return Filters.And(Filters.Partitions(partitions, KeyParts.EndOf(partitions)), OfKind(kind, tenant));
        })),

        // One scan for all kinds: two comparisons each, of the fifteen that a filter may have.
        Rows("Due", ErasedStoreName.Due, tables.Due, tenant =>
            string.Join(" or ", ScheduledKinds.Select(kind => $"({OfKind(kind, tenant)})"))),
        Rows("Conversations", ErasedStoreName.Conversations, tables.Conversations, tenant =>
            Filters.Partitions(tenant.PartitionKey + "|", KeyParts.EndOf(tenant.PartitionKey + "|"))),

        // The tenant's own partition, and those that begin with its number.
        Rows("Tenants", ErasedStoreName.Tenants, tables.Tenants, tenant => Filters.And(
            Filters.Partitions(tenant.PartitionKey, KeyParts.EndOf(tenant.PartitionKey)),
            TableClient.CreateQueryFilter($"RowKey ne {AdministrationRowKeys.Profile}"))),

        // Not by the tenant's list of keys: a key that the list lacks must go too.
        Rows("Keys", ErasedStoreName.Keys, tables.Keys, tenant =>
            TableClient.CreateQueryFilter($"Tenant eq {tenant.Number}")),
        ErasedStore.Blobs(ErasedStoreName.Files, blobs.GetBlobContainerClient(FileStore.ContainerName)),
        ErasedStore.Blobs(ErasedStoreName.Exports, blobs.GetBlobContainerClient(ExportFiles.ContainerName)),
    ];

    private ErasedStore Rows(string name, ErasedStoreName store, TableClient table, Func<TenantId, string> filter) =>
        ErasedStore.Rows(name, store, table, filter, PageRows);

    private static string OfKind(string kind, TenantId tenant)
    {
        var start = $"{kind}{tenant.PartitionKey}|";
        return TableClient.CreateQueryFilter($"RowKey gt {start} and RowKey lt {KeyParts.EndOf(start)}");
    }
}
