using System.Globalization;
using Parley.Core;

namespace Parley.Tenants;

/// <summary>Row keys of tenants and of their API keys.</summary>
internal static class AdministrationRowKeys
{
    /// <summary>The row of a tenant's settings, in the tenant's partition.</summary>
    public const string Profile = "profile";

    /// <summary>The progress of sealing secrets again, in the partition of the administration API.</summary>
    public const string Sealing = "sealing";

    /// <summary>The prefix of the rows of tenants, in the partition of the administration API.</summary>
    public const string Tenants = "t|";

    /// <summary>The row of a tenant, in the partition of the administration API.</summary>
    public static string Tenant(TenantId tenant) => Tenants + tenant.PartitionKey;

    /// <summary>The row of an API key, in the tenant's partition.</summary>
    public static string ApiKey(int number) => string.Create(CultureInfo.InvariantCulture, $"key|{number:D10}");

    /// <summary>The progress of <see cref="ApiKeyListing"/>, in the partition of the administration API.</summary>
    public const string KeyListing = "keys-listed";

    /// <summary>A partition of the table Keys, which has 256: one for each first byte of the hash.</summary>
    public static string ApiKeyPartition(string hash) => hash[..2];
}
