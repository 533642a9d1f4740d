using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Parley.Core;
using Parley.Storage;

namespace Parley.Functions.Api.Requests;

/// <summary>The conditional and idempotency headers.</summary>
internal static class RequestHeaders
{
    /// <summary>The client's Idempotency-Key with the request that it came with.</summary>
    /// <param name="request">The request.</param>
    /// <param name="fields">Learns of a key that is not valid.</param>
    /// <param name="values">The parsed fields, in a fixed order.</param>
    /// <returns>Null when none was sent.</returns>
    public static IdempotencyKey? ReadIdempotencyKey(HttpRequest request, Fields fields, params ReadOnlySpan<string?> values)
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

        return IdempotencyKey.Create(key, [request.Method, request.Path.ToString().TrimEnd('/').ToLowerInvariant(), .. values]);
    }

    /// <summary>Whether a revision is one that If-Match names (RFC 9110, section 13.1.1: strong comparison, so weak tags never match).</summary>
    /// <returns>Null when the client expects none.</returns>
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
            || (!tag.IsWeak && tag.Tag.Equals(string.Create(CultureInfo.InvariantCulture, $"\"{revision}\""), StringComparison.Ordinal)));
    }
}
