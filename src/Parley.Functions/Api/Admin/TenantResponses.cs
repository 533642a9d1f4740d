using System.Text.Json.Serialization;
using Parley.Cleanup;
using Parley.Core;
using Parley.Tenants;

namespace Parley.Functions.Api.Admin;

/// <summary>A new tenant. Only this response contains the webhook secret.</summary>
public sealed record TenantResponse(int Id, string Name, string WebhookSecret, DateTimeOffset CreatedAt);

/// <summary>A tenant.</summary>
/// <param name="StatusAt">The time of the last change of the status; null before the first.</param>
public sealed record ListedTenantResponse(
    int Id,
    string Name,
    [property: JsonConverter(typeof(EnumNameConverter<TenantState>))] TenantState Status,
    DateTimeOffset? StatusAt,
    DateTimeOffset CreatedAt)
{
    internal static ListedTenantResponse Of(Tenant tenant) =>
        new(tenant.Id.Number, tenant.Name, tenant.State, tenant.StateAt, tenant.CreatedAt);
}

/// <summary>A tenant with its deletion.</summary>
/// <param name="Deletion">Null unless the tenant is deleted, or is being deleted.</param>
public sealed record TenantDetailsResponse(
    int Id,
    string Name,
    [property: JsonConverter(typeof(EnumNameConverter<TenantState>))] TenantState Status,
    DateTimeOffset? StatusAt,
    DateTimeOffset CreatedAt,
    TenantDeletionResponse? Deletion)
{
    internal static TenantDetailsResponse Of(Tenant tenant, TenantErasure? erasure) => new(
        tenant.Id.Number,
        tenant.Name,
        tenant.State,
        tenant.StateAt,
        tenant.CreatedAt,
        erasure is null ? null : TenantDeletionResponse.Of(erasure));
}
