using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.Responses;

/// <summary>A page of a list with cursors, in the format of MaiAgent.</summary>
/// <param name="Next">The absolute URL of the next page; null on the last page.</param>
/// <param name="Previous">The absolute URL of the previous page; null on the first page.</param>
/// <param name="Results">The entries of this page.</param>
public sealed record CursorList<T>(string? Next, string? Previous, IReadOnlyList<T> Results);

internal static class CursorList
{
    public const int MaxPageSize = 100;
    public const int DefaultPageSize = 20;

    /// <summary>Creates a page. Its links have the URL and the query parameters of the request.</summary>
    public static CursorList<T> Create<T>(IReadOnlyList<T> results, string? next, string? previous, HttpRequest request)
    {
        var url = PublicUrl.PageOf(request, "cursor");
        return new CursorList<T>(next is null ? null : url(next), previous is null ? null : url(previous), results);
    }
}
