using Parley.Core;

namespace Parley.Tenants;

/// <summary>Tenants and their API keys.</summary>
internal static class AdministrationRowKeys
{
    /// <summary>A tenant's settings.</summary>
    public const string Profile = "profile";

    /// <summary>A tenant, in the list of administration.</summary>
    public static string Tenant(TenantId tenant) => "t|" + tenant.PartitionKey;

    /// <summary>In the table Keys: API keys are spread over 256 partitions by the first byte of their hash.</summary>
    public static string ApiKeyPartition(string hash) => hash[..2];
}
