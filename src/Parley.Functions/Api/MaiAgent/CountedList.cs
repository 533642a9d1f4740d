using System.Globalization;
using Microsoft.AspNetCore.Http;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>A page of a list that counts its entries, in the format of MaiAgent.</summary>
/// <param name="Count">The number of entries on all pages.</param>
/// <param name="Next">The absolute URL of the next page; null on the last page.</param>
/// <param name="Previous">The absolute URL of the previous page; null on the first page.</param>
/// <param name="Results">The entries of this page.</param>
public sealed record CountedList<T>(int Count, string? Next, string? Previous, IReadOnlyList<T> Results);

internal static class CountedList
{
    /// <summary>Creates a page that a cursor selects.</summary>
    public static CountedList<T> OfCursors<T>(
        int count, IReadOnlyList<T> results, string? next, string? previous, HttpRequest request)
    {
        var page = CursorList.Create(results, next, previous, request);
        return new CountedList<T>(count, page.Next, page.Previous, page.Results);
    }

    /// <summary>Creates a page that a number selects.</summary>
    /// <param name="page">The number of the page, from 1.</param>
    /// <param name="hasNext">True if there is a page after this one that can be reached.</param>
    public static CountedList<T> OfNumbers<T>(
        int count, IReadOnlyList<T> results, int page, bool hasNext, HttpRequest request)
    {
        var url = PublicUrl.PageOf(request, "page");
        return new CountedList<T>(
            count, hasNext ? UrlOf(page + 1) : null, page > 1 ? UrlOf(page - 1) : null, results);

        string UrlOf(int number) => url(number.ToString(CultureInfo.InvariantCulture));
    }
}
