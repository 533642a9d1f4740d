using Parley.Tenants;

namespace Parley.Functions.Api.Access;

/// <summary>The function is for callers whose API key has the scopes.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresScopeAttribute(Scopes scopes) : Attribute
{
    public Scopes Scopes { get; } = scopes;
}
