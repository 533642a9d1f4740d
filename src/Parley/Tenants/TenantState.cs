namespace Parley.Tenants;

/// <summary>
/// The state of a tenant. Rows store the numbers; a row without one is active. API keys are accepted only while the
/// tenant is active.
/// </summary>
public enum TenantState
{
    Active = 1,

    /// <summary>By the operator. Data are kept, and the tenant can be made active again.</summary>
    Suspended = 2,

    /// <summary>The data are being removed. There is no way back.</summary>
    Deleting = 3,

    /// <summary>The data are removed. The number is never used again.</summary>
    Deleted = 4,
}
