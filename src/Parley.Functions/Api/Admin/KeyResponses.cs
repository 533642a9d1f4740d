using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Parley.Core;
using Parley.Functions.Api.Responses;
using Parley.Storage;
using Parley.Tenants;

namespace Parley.Functions.Api.Admin;

/// <summary>A new API key. Only this response contains the key.</summary>
public sealed record ApiKeyResponse(
    int Id,
    string Key,
    string Label,
    IReadOnlyList<string> Scopes,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt)
{
    internal static IResult Respond(NewApiKey created) => new JsonResult<ApiKeyResponse>(
        new ApiKeyResponse(
            created.Key.Number,
            created.Text,
            created.Key.Label,
            [.. created.Key.Scopes.Names()],
            created.Key.CreatedAt,
            created.Key.ExpiresAt),
        AdminJson.Default.ApiKeyResponse,
        StatusCodes.Status201Created);
}

/// <summary>The successor of an API key. Only this response contains the key.</summary>
/// <param name="PreviousId">The key that it replaces.</param>
/// <param name="PreviousValidUntil">The time from which that key is refused.</param>
public sealed record RotatedApiKeyResponse(
    int Id,
    string Key,
    string Label,
    IReadOnlyList<string> Scopes,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    int PreviousId,
    DateTimeOffset PreviousValidUntil)
{
    internal static IResult Respond(RotatedApiKey rotated) => new JsonResult<RotatedApiKeyResponse>(
        new RotatedApiKeyResponse(
            rotated.Key.Number,
            rotated.Text,
            rotated.Key.Label,
            [.. rotated.Key.Scopes.Names()],
            rotated.Key.CreatedAt,
            rotated.Key.ExpiresAt,
            rotated.Previous.Number,
            rotated.Previous.EndsAt!.Value),
        AdminJson.Default.RotatedApiKeyResponse,
        StatusCodes.Status201Created);
}

/// <summary>The state of an API key.</summary>
public enum ApiKeyStatus
{
    Active,
    Expired,
    Revoked,
}

/// <summary>An API key without its text.</summary>
/// <param name="ExpiresAt">
/// Null for a key that does not expire; after a rotation, at most the end of the overlap.
/// </param>
/// <param name="LastUsedAt">At most an hour before the last use of each process; null before the first.</param>
/// <param name="ReplacedBy">The id of the key that replaces it; null before a rotation.</param>
public sealed record ListedApiKeyResponse(
    int Id,
    string Label,
    IReadOnlyList<string> Scopes,
    [property: JsonConverter(typeof(EnumNameConverter<ApiKeyStatus>))] ApiKeyStatus Status,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt,
    DateTimeOffset? LastUsedAt,
    int? ReplacedBy)
{
    internal static IResult Respond(ListPage<ApiKey> page, DateTimeOffset now, HttpRequest request) =>
        new JsonResult<CursorList<ListedApiKeyResponse>>(
            CursorList.Create([.. page.Items.Select(key => Of(key, now))], page.Next, page.Previous, request),
            AdminJson.Default.CursorListListedApiKeyResponse);

    internal static IResult Respond(ApiKey key, DateTimeOffset now) =>
        new JsonResult<ListedApiKeyResponse>(Of(key, now), AdminJson.Default.ListedApiKeyResponse);

    private static ListedApiKeyResponse Of(ApiKey key, DateTimeOffset now) =>
        new(
            key.Number,
            key.Label,
            [.. key.Scopes.Names()],
            key.RevokedAt is not null ? ApiKeyStatus.Revoked
            : key.IsUsable(now) ? ApiKeyStatus.Active
            : ApiKeyStatus.Expired,
            key.CreatedAt,
            key.EndsAt,
            key.RevokedAt,
            key.LastUsedAt,
            key.ReplacedBy);
}
