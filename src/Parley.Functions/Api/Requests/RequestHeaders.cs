using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Parley.Core;
using Parley.Functions.Api.Responses;
using Parley.Storage;

namespace Parley.Functions.Api.Requests;

/// <summary>Reads the headers If-Match, If-None-Match, Idempotency-Key and X-Tenant.</summary>
internal static class RequestHeaders
{
    // A number of eight digits, and the zeros of any client's fraction.
    private const int MaxTenantLength = 64;

    /// <summary>Reads the idempotency key and hashes the method, the path and the fields of its request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="fields">Collects the error of an invalid key.</param>
    /// <param name="values">The parsed fields, in a fixed order.</param>
    /// <returns>Null when the client sent no key or an invalid one.</returns>
    public static IdempotencyKey? ReadIdempotencyKey(
        HttpRequest request,
        Fields fields,
        params ReadOnlySpan<string?> values)
    {
        if (!request.Headers.TryGetValue("Idempotency-Key", out var sent))
        {
            return null;
        }

        var key = sent.ToString();
        if (sent.Count != 1 || key.Length is 0 or > IdempotencyKey.MaxLength || !key.All(c => c is >= ' ' and <= '~'))
        {
            fields.Fail("Idempotency-Key", $"Must have 1 to {IdempotencyKey.MaxLength} printable ASCII characters.");
            return null;
        }

        var path = request.Path.ToString().TrimEnd('/').ToLowerInvariant();
        return IdempotencyKey.Create(key, [request.Method, path, .. values]);
    }

    /// <summary>
    /// Reads the guards of an edit or a deletion, If-Match and If-None-Match, as a predicate on revisions; null without
    /// both. If-Match compares strongly, so that weak tags never match; If-None-Match compares weakly (RFC 9110,
    /// sections 13.1.1 and 13.1.2).
    /// </summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.MalformedHeader"/>.</exception>
    public static Func<int, bool>? ReadPreconditions(HttpRequest request)
    {
        var (required, excluded) = (ReadTags(request, HeaderNames.IfMatch), ReadTags(request, HeaderNames.IfNoneMatch));
        return required is null && excluded is null
            ? null
            : revision =>
                required?.Any(tag => EntityTag.IsAny(tag) || (!tag.IsWeak && IsOf(tag, revision))) is not false
                && excluded?.Any(tag => EntityTag.IsAny(tag) || IsOf(tag, revision)) is not true;
    }

    /// <summary>True for <c>If-None-Match: *</c>, for resources without a revision.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.MalformedHeader"/>.</exception>
    public static bool ExcludesExisting(HttpRequest request) =>
        ReadTags(request, HeaderNames.IfNoneMatch)?.Any(EntityTag.IsAny) is true;

    private static IList<EntityTagHeaderValue>? ReadTags(HttpRequest request, string header)
    {
        if (!request.Headers.TryGetValue(header, out var values))
        {
            return null;
        }

        if (EntityTag.IsTooLong(values))
        {
            throw ErrorCode.MalformedHeader.With($"{header} takes at most {EntityTag.MaxListLength} characters.");
        }

        return EntityTag.TryParseList(values, out var tags)
            ? tags
            : throw ErrorCode.MalformedHeader.With(
                $"{header} must be * or entity tags in double quotes, such as \"3\".");
    }

    private static bool IsOf(EntityTagHeaderValue tag, int revision) =>
        tag.Tag.Equals(EntityTag.Of(revision), StringComparison.Ordinal);

    /// <summary>
    /// Reads the tenant's number, which clients of Flextell send as a JSON number: also with a fraction of zeros.
    /// </summary>
    /// <returns>The digits before the fraction; null without the header.</returns>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/>.</exception>
    public static string? ReadTenant(HttpRequest request)
    {
        var sent = request.Headers["X-Tenant"].ToString();
        if (sent.Length == 0)
        {
            return null;
        }

        var parts = sent.Length <= MaxTenantLength ? sent.Split('.') : [""];
        return parts[0].Length > 0
            && parts[0].All(char.IsAsciiDigit)
            && (parts.Length == 1 || (parts.Length == 2 && parts[1].Length > 0 && parts[1].All(c => c == '0')))
            ? parts[0]
            : throw ParleyException.Field("X-Tenant", "Must be a tenant's number, such as 1.");
    }
}
