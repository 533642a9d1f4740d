using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>The four tables. docs/data-model.md says what each row of them holds.</summary>
public sealed class ParleyTables(TableServiceClient service) : IStorageResource
{
    /// <summary>One partition per conversation.</summary>
    public TableClient Conversations { get; } = service.GetTableClient("Conversations");

    /// <summary>One partition per tenant: settings and tenant-wide lists.</summary>
    public TableClient Tenants { get; } = service.GetTableClient("Tenants");

    /// <summary>API keys by hash. Shared by all tenants; holds no content.</summary>
    public TableClient Keys { get; } = service.GetTableClient("Keys");

    /// <summary>What the sweep looks for, one partition per minute. Shared by all tenants; holds no content.</summary>
    public TableClient Schedule { get; } = service.GetTableClient("Due");

    /// <summary>All four, in the order in which a back-up reads them.</summary>
    public IReadOnlyList<TableClient> All => [Conversations, Keys, Tenants, Schedule];

    /// <summary>Creates what is missing.</summary>
    public Task CreateIfNotExistsAsync(CancellationToken cancellation) =>
        Task.WhenAll(All.Select(table => table.CreateIfNotExistsAsync(cancellation)));
}
