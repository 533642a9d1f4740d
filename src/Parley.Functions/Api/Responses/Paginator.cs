using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.Responses;

/// <summary>A page with page numbers, in the format of Flextell.</summary>
public sealed record Paginator<T>(IReadOnlyList<T> Data, PaginatorLinks Links, PaginatorMeta Meta);

/// <summary>The absolute URLs of the first, the last and the adjacent pages.</summary>
public sealed record PaginatorLinks(string First, string Last, string? Prev, string? Next);

/// <summary>The position of this page. From and To count entries from 1 and are null for an empty page.</summary>
public sealed record PaginatorMeta(
    int CurrentPage,
    int? From,
    int LastPage,
    IReadOnlyList<PaginatorLink> Links,
    string Path,
    int PerPage,
    int? To,
    int Total);

/// <summary>
/// A button of a page bar: a page, a gap (without a URL), or the step to the previous or the next page.
/// </summary>
public sealed record PaginatorLink(string? Url, string Label, bool Active);

internal static class Paginator
{
    private const string Previous = "&laquo; Previous";
    private const string Next = "Next &raquo;";

    /// <summary>The page bar has gaps when there are at least this many pages.</summary>
    private const int FirstWithGaps = 14;

    /// <summary>
    /// Creates a page. Page numbers begin at 1, and <paramref name="page"/> may be past the last one. The links have
    /// the URL and the query parameters of the request.
    /// </summary>
    public static Paginator<T> Create<T>(IReadOnlyList<T> data, int page, int perPage, int total, HttpRequest request)
    {
        var url = PublicUrl.PageOf(request, "page");
        string Url(int number) => url(number.ToString(CultureInfo.InvariantCulture));

        var last = Math.Max((int)Math.Ceiling((double)total / perPage), 1);
        var prev = page > 1 ? Url(page - 1) : null;
        var next = page < last ? Url(page + 1) : null;
        var pages = PagesShown(page, last).Select(number => number is { } shown
            ? new PaginatorLink(Url(shown), shown.ToString(CultureInfo.InvariantCulture), shown == page)
            : new PaginatorLink(null, "...", false));
        int? from = data.Count > 0 ? (page - 1) * perPage + 1 : null;
        return new Paginator<T>(
            data,
            new PaginatorLinks(Url(1), Url(last), prev, next),
            new PaginatorMeta(
                page,
                from,
                last,
                [new PaginatorLink(prev, Previous, false), .. pages, new PaginatorLink(next, Next, false)],
                PublicUrl.Of(request),
                perPage,
                from + data.Count - 1,
                total));
    }

    /// <summary>The page numbers of the page bar; null is a gap.</summary>
    private static IEnumerable<int?> PagesShown(int page, int last)
    {
        if (last < FirstWithGaps)
        {
            return Numbers(1, last);
        }

        if (page <= 7)
        {
            return [.. Numbers(1, 10), null, last - 1, last];
        }

        return page > last - 7
            ? [1, 2, null, .. Numbers(last - 9, last)]
            : [1, 2, null, .. Numbers(page - 3, page + 3), null, last - 1, last];
    }

    private static IEnumerable<int?> Numbers(int first, int last) =>
        Enumerable.Range(first, last - first + 1).Select(number => (int?)number);
}
