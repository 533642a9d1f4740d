using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>The four tables. docs/data-model.md describes their rows.</summary>
public sealed class ParleyTables(TableServiceClient service) : IStorageResource
{
    /// <summary>One partition per conversation.</summary>
    public TableClient Conversations { get; } = service.GetTableClient("Conversations");

    /// <summary>One partition per tenant: settings and tenant-wide lists.</summary>
    public TableClient Tenants { get; } = service.GetTableClient("Tenants");

    /// <summary>API keys by hash. Shared by all tenants, without content.</summary>
    public TableClient Keys { get; } = service.GetTableClient("Keys");

    /// <summary>Scheduled items, one partition per minute. Shared by all tenants, without content.</summary>
    public TableClient Schedule { get; } = service.GetTableClient("Due");

    /// <summary>All four, in the order in which a back-up reads them.</summary>
    public IReadOnlyList<TableClient> All => [Conversations, Keys, Tenants, Schedule];

    /// <inheritdoc/>
    public Task CreateIfNotExistsAsync(CancellationToken cancellation) =>
        Task.WhenAll(All.Select(table => table.CreateIfNotExistsAsync(cancellation)));
}
