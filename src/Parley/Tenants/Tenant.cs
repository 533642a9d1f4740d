using Azure;
using Parley.Core;

namespace Parley.Tenants;

/// <summary>A tenant, as its profile row describes it.</summary>
/// <param name="StateAt">The time of the last change of <paramref name="State"/>; null before the first.</param>
public sealed record Tenant(
    TenantId Id, string Name, TenantState State, DateTimeOffset CreatedAt, DateTimeOffset? StateAt)
{
    /// <summary>Every edit through the API increments it.</summary>
    internal int Revision { get; init; }

    /// <summary>The id of the last edit; null before the first.</summary>
    internal string? EditId { get; init; }

    internal ETag ETag { get; init; }

    /// <summary>Requires a tenant that is not being deleted.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.TenantStatus"/>.</exception>
    internal void RequireNotDeleted()
    {
        if (State is TenantState.Deleting or TenantState.Deleted)
        {
            throw ErrorCode.TenantStatus.With("The tenant is deleted, or is being deleted.");
        }
    }
}
