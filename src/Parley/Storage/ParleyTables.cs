using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>The five tables. docs/data-model.md describes their rows.</summary>
public sealed class ParleyTables(TableServiceClient service) : IStorageResource
{
    /// <summary>One partition per conversation.</summary>
    public TableClient Conversations { get; } = service.GetTableClient("Conversations");

    /// <summary>One partition per tenant: settings and tenant-wide lists.</summary>
    public TableClient Tenants { get; } = service.GetTableClient("Tenants");

    /// <summary>API keys by hash. Shared by all tenants, without content.</summary>
    public TableClient Keys { get; } = service.GetTableClient("Keys");

    /// <summary>
    /// Scheduled work, a partition per kind, shard and minute. Shared by all tenants, without content.
    /// </summary>
    public TableClient Schedule { get; } = service.GetTableClient("Schedule");

    /// <summary>Scheduled work as versions before 0.2.0 write it, a partition per minute.</summary>
    public TableClient Due { get; } = service.GetTableClient("Due");

    /// <summary>All five, in the order in which a back-up reads them.</summary>
    public IReadOnlyList<TableClient> All => [Conversations, Keys, Tenants, Due, Schedule];

    /// <inheritdoc/>
    public Task CreateIfNotExistsAsync(CancellationToken cancellation) =>
        Task.WhenAll(All.Select(table => table.CreateIfNotExistsAsync(cancellation)));
}
