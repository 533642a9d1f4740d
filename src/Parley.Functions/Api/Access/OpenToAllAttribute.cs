namespace Parley.Functions.Api.Access;

/// <summary>The function needs no key, and returns nothing that belongs to a tenant.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OpenToAllAttribute : Attribute;
