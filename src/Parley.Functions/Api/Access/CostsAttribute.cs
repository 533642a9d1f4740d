using Parley.Tenants.Limits;

namespace Parley.Functions.Api.Access;

/// <summary>What a successful call of the function uses of the caller's quotas, beside one request.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CostsAttribute(LimitUnits units) : Attribute
{
    public LimitUnits Units { get; } = units;
}
