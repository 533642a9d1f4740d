
namespace Parley.Storage;

/// <summary>Rows of the table Tenants that belong to no feature.</summary>
public static class TenantRowKeys
{
    /// <summary>A tenant's counters; in the partition of administration, the counter of tenants.</summary>
    public const string Counter = "counter";

    /// <summary>The partition of Tenants that belongs to no tenant: the counter of tenants and their list. No tenant has the number 0.</summary>
    public const string AdministrationPartition = "00000000";

    /// <summary>The key that cursors are signed with, in the partition of administration.</summary>
    public const string CursorSecret = "cursors";
}
