using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.Responses;

/// <summary>
/// A JSON array, which is the list format of Zaia. The entries are written while they are read, because a page may
/// contain thousands of long messages. The header Link has the URL of the next page (RFC 8288).
/// </summary>
/// <param name="items">The entries of this page.</param>
/// <param name="type">The source-generated contract of the entries.</param>
/// <param name="next">The cursor of the next page; null on the last page.</param>
public sealed class JsonArrayResult<T>(
    IAsyncEnumerable<T> items,
    JsonTypeInfo<IAsyncEnumerable<T>> type,
    string? next) : IResult
{
    /// <summary>The number of entries on all pages: the header <c>X-Total-Count</c>. Null omits it.</summary>
    public int? Total { get; init; }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        if (NotModified.TrySend(httpContext, tagCoversBody: false))
        {
            return Task.CompletedTask;
        }

        var response = httpContext.Response;
        ResponseBody.SetHeaders(response, StatusCodes.Status200OK, ResponseBody.Json);
        if (Total is { } total)
        {
            response.Headers["X-Total-Count"] = total.ToString(CultureInfo.InvariantCulture);
        }

        if (next is not null)
        {
            response.Headers.Link = $"<{PublicUrl.PageOf(httpContext.Request, "cursor")(next)}>; rel=\"next\"";
        }

        return ResponseBody.IsOmitted(httpContext)
            ? Task.CompletedTask
            : JsonSerializer.SerializeAsync(response.Body, items, type, httpContext.RequestAborted);
    }
}
