using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Parley.Core;
using Parley.Storage;

namespace Parley.Functions.Api.Requests;

/// <summary>Reads the headers If-Match and Idempotency-Key.</summary>
internal static class RequestHeaders
{
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
    /// Reads If-Match as a predicate on revisions; null without the header. The comparison is strong, so weak tags
    /// never match (RFC 9110, section 13.1.1).
    /// </summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.MalformedHeader"/>.</exception>
    public static Func<int, bool>? ReadIfMatch(HttpRequest request)
    {
        if (!request.Headers.TryGetValue("If-Match", out var values))
        {
            return null;
        }

        if (!EntityTagHeaderValue.TryParseStrictList(values!, out var tags))
        {
            throw ErrorCode.MalformedHeader.With("If-Match must be * or entity tags in double quotes, such as \"3\".");
        }

        return revision => tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any)
            || (!tag.IsWeak && tag.Tag.Equals(TagOf(revision), StringComparison.Ordinal)));
    }

    private static string TagOf(int revision) => string.Create(CultureInfo.InvariantCulture, $"\"{revision}\"");
}
