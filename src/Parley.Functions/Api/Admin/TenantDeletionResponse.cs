using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Cleanup;
using Parley.Core;
using Parley.Tenants;

namespace Parley.Functions.Api.Admin;

/// <summary>Rows of each table and blobs of each container that belong to a tenant.</summary>
public sealed record TenantCountsResponse(
    long Conversations, long Tenants, long Keys, long Schedule, long Due, long Files, long Exports)
{
    public static TenantCountsResponse Of(ErasedCounts counts) => new(
        counts.Conversations, counts.Tenants, counts.Keys, counts.Schedule, counts.Due, counts.Files, counts.Exports);
}

/// <summary>The deletion of a tenant: the receipt.</summary>
public sealed record TenantDeletionResponse(
    int Id,
    [property: JsonConverter(typeof(EnumNameConverter<TenantState>))] TenantState Status,
    DateTimeOffset RequestedAt,
    DateTimeOffset? ErasesAt,
    DateTimeOffset? FinishedAt,
    TenantCountsResponse Counts)
{
    public static TenantDeletionResponse Of(TenantErasure erasure) => new(
        erasure.Tenant.Number,
        erasure.State,
        erasure.RequestedAt,
        erasure.ErasesAt,
        erasure.FinishedAt,
        TenantCountsResponse.Of(erasure.Counts));
}

/// <summary>What a deletion would erase.</summary>
/// <param name="AtLeast">The members of the counts that have more than was counted.</param>
public sealed record TenantDryRunResponse(
    int Id, bool DryRun, TenantCountsResponse Counts, IReadOnlyList<string> AtLeast)
{
    public static TenantDryRunResponse Of(TenantId tenant, TenantContents contents) => new(
        tenant.Number,
        DryRun: true,
        TenantCountsResponse.Of(contents.Counts),
        [.. contents.AtLeast.Select(store => JsonNamingPolicy.CamelCase.ConvertName($"{store}"))]);
}
