namespace Parley.Tenants;

/// <summary>The state of a tenant. Its profile stores the number; a profile without one is active.</summary>
public enum TenantState
{
    Active = 1,

    /// <summary>Its keys are refused. Nothing is removed.</summary>
    Suspended = 2,

    /// <summary>Its keys are refused, its queue messages are dropped, and its data are being erased.</summary>
    Deleting = 3,

    /// <summary>Its data are erased.</summary>
    Deleted = 4,
}
