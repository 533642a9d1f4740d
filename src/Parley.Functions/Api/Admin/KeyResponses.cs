using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Parley.Core;
using Parley.Functions.Api.Responses;
using Parley.Storage;
using Parley.Tenants;

namespace Parley.Functions.Api.Admin;

/// <summary>A new API key. Only this response contains the key.</summary>
/// <param name="PreviousId">The key that it replaces. Only in the answer to a rotation.</param>
/// <param name="PreviousValidUntil">The time from which that key is refused. Only in the answer to a rotation.</param>
public sealed record ApiKeyResponse(
    int Id,
    string Key,
    string Label,
    IReadOnlyList<string> Scopes,
    [property: JsonConverter(typeof(EnumNameConverter<Dialect>))] Dialect Dialect,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? PreviousId = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? PreviousValidUntil = null)
{
    internal static IResult Respond(NewApiKey created) => Respond(Of(created.Key, created.Text));

    internal static IResult Respond(RotatedApiKey rotated) => Respond(Of(rotated.Key, rotated.Text) with
    {
        PreviousId = rotated.Previous.Number,
        PreviousValidUntil = rotated.Previous.EndsAt,
    });

    private static JsonResult<ApiKeyResponse> Respond(ApiKeyResponse response) =>
        new(response, AdminJson.Default.ApiKeyResponse, StatusCodes.Status201Created);

    private static ApiKeyResponse Of(ApiKey key, string text) =>
        new(key.Number, text, key.Label, [.. key.Scopes.Names()], key.Dialect, key.CreatedAt, key.ExpiresAt);
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
    [property: JsonConverter(typeof(EnumNameConverter<Dialect>))] Dialect Dialect,
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
            key.Dialect,
            key.RevokedAt is not null ? ApiKeyStatus.Revoked
            : key.IsUsable(now) ? ApiKeyStatus.Active
            : ApiKeyStatus.Expired,
            key.CreatedAt,
            key.EndsAt,
            key.RevokedAt,
            key.LastUsedAt,
            key.ReplacedBy);
}
