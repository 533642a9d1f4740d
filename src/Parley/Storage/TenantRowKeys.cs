namespace Parley.Storage;

/// <summary>Keys of the rows of the table Tenants that belong to no feature.</summary>
public static class TenantRowKeys
{
    /// <summary>A tenant's counters; in <see cref="AdministrationPartition"/>, the counter of tenants.</summary>
    public const string Counter = "counter";

    /// <summary>
    /// The partition of Tenants that belongs to no tenant, with the counter and the list of tenants. No tenant has the
    /// number 0.
    /// </summary>
    public const string AdministrationPartition = "00000000";

    /// <summary>The signing key of cursors, in <see cref="AdministrationPartition"/>.</summary>
    public const string CursorSecret = "cursors";
}
