using Parley.Core;

namespace Parley.Cleanup;

/// <summary>Row keys of deletions of tenants, in the partition of the administration API.</summary>
internal static class TenantErasureRowKeys
{
    /// <summary>The prefix of all keys.</summary>
    public const string Erasures = "erase|";

    /// <summary>The progress of a tenant's deletion, and later its receipt.</summary>
    public static string Erasure(TenantId tenant) => Erasures + tenant.PartitionKey;
}
