namespace Parley.Tenants.Limits;

/// <summary>A rate that applies to a caller, as clients see it.</summary>
/// <param name="Name">
/// <c>tenant-</c> or <c>key-</c> and the unit: <c>tenant-requests</c>. Clients may branch on it: never rename one.
/// </param>
/// <param name="Unit">The one unit that it counts.</param>
/// <param name="IsOfKey">True when each key has the quota; false when the keys of a tenant share it.</param>
public sealed record LimitPolicy(string Name, LimitUnits Unit, bool IsOfKey, Rate Rate);
