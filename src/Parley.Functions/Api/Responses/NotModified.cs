using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Parley.Functions.Api.Responses;

/// <summary>Evaluates If-None-Match of GET and HEAD (RFC 9110, section 13.1.2).</summary>
internal static class NotModified
{
    /// <summary>
    /// Sends 304 instead of a successful response if the request excludes what exists. Call it before any header but
    /// ETag is set, because a 304 response has no other header of the body (section 15.4.5).
    /// </summary>
    /// <param name="context">The request, and the response with its ETag, if it has one.</param>
    /// <param name="tagCoversBody">
    /// True if bodies with equal ETags are equal byte by byte. Otherwise only <c>*</c> leads to 304, because a client
    /// would go on using an old body.
    /// </param>
    /// <returns>True if 304 was sent. An unreadable value counts as absent, because 200 is always right.</returns>
    public static bool TrySend(HttpContext context, bool tagCoversBody)
    {
        var request = context.Request;
        if (!(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            || !request.Headers.TryGetValue(HeaderNames.IfNoneMatch, out var values)
            || !EntityTag.TryParseList(values, out var excluded))
        {
            return false;
        }

        var current = tagCoversBody && context.Response.Headers.ETag is [{ } tag]
            ? EntityTagHeaderValue.Parse(tag)
            : null;
        var isExcluded = excluded.Any(one => EntityTag.IsAny(one)
            || (current is not null && one.Compare(current, useStrongComparison: false)));
        if (isExcluded)
        {
            ResponseBody.SetHeaders(context.Response, StatusCodes.Status304NotModified, contentType: null);
        }

        return isExcluded;
    }
}
