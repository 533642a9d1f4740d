using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Parley.Functions.Api.Requests;

namespace Parley.Functions.Api.Responses;

/// <summary>
/// A JSON array as Zaia's clients read lists, written as it is read: a page may hold thousands of long messages, and memory stays flat. What
/// comes next stands in the header Link (RFC 8288).
/// </summary>
/// <param name="items">The entries.</param>
/// <param name="type">Their source-generated contract.</param>
/// <param name="next">The cursor of the next page; null at the end.</param>
public sealed class JsonArrayResult<T>(IAsyncEnumerable<T> items, JsonTypeInfo<IAsyncEnumerable<T>> type, string? next) : IResult
{
    /// <summary>How many entries there are, on this page and all others; null when that is not told.</summary>
    public int? Total { get; init; }

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        JsonBody.SetHeaders(response, StatusCodes.Status200OK, JsonBody.Json);
        if (Total is { } total)
        {
            response.Headers["X-Total-Count"] = total.ToString(CultureInfo.InvariantCulture);
        }

        if (next is not null)
        {
            response.Headers.Link = $"<{PublicUrl.PageOf(httpContext.Request, "cursor")(next)}>; rel=\"next\"";
        }

        return JsonSerializer.SerializeAsync(response.Body, items, type, httpContext.RequestAborted);
    }
}
