using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.Responses;

/// <summary>A page of a list with page numbers, in the format of MaiAgent.</summary>
/// <param name="Count">The number of entries on all pages.</param>
/// <param name="Next">The absolute URL of the next page; null on the last page.</param>
/// <param name="Previous">The absolute URL of the previous page; null on the first page.</param>
/// <param name="Results">The entries of this page.</param>
public sealed record CountedList<T>(int Count, string? Next, string? Previous, IReadOnlyList<T> Results);

internal static class CountedList
{
    /// <summary>Creates a page. Its links have the URL and the query parameters of the request.</summary>
    /// <param name="page">Its number, from 1.</param>
    /// <param name="hasNext">True when a next page can be read.</param>
    public static CountedList<T> Create<T>(
        IReadOnlyList<T> results, int count, int page, bool hasNext, HttpRequest request)
    {
        var url = PublicUrl.PageOf(request, "page");
        return new CountedList<T>(
            count, hasNext ? UrlOf(page + 1) : null, page > 1 ? UrlOf(page - 1) : null, results);

        string UrlOf(int number) => url(number.ToString(CultureInfo.InvariantCulture));
    }
}
