using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.Responses;

/// <summary>A page with page numbers, as Flextell's clients read it.</summary>
public sealed record Paginator<T>(IReadOnlyList<T> Data, PaginatorLinks Links, PaginatorMeta Meta);

/// <summary>Absolute addresses of the pages around.</summary>
public sealed record PaginatorLinks(string First, string Last, string? Prev, string? Next);

/// <summary>Where this page is.</summary>
public sealed record PaginatorMeta(
    int CurrentPage, int? From, int LastPage, IReadOnlyList<PaginatorLink> Links, string Path, int PerPage, int? To, int Total);

/// <summary>A button of a page bar: a page, a gap (no address) or a step.</summary>
public sealed record PaginatorLink(string? Url, string Label, bool Active);

/// <summary>Makes paginators.</summary>
internal static class Paginator
{
    private const string Previous = "&laquo; Previous";
    private const string Next = "Next &raquo;";

    /// <summary>From this many pages on, the page bar has gaps.</summary>
    private const int FirstWithGaps = 14;

    /// <summary>The page of a list.</summary>
    /// <param name="data">The page's items.</param>
    /// <param name="page">Its number, from 1; may be past the end.</param>
    /// <param name="perPage">How many items make a page.</param>
    /// <param name="total">All items.</param>
    /// <param name="request">Its address and query parameters are those of the links.</param>
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

    /// <summary>The numbers of the page bar; null is a gap.</summary>
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

    private static IEnumerable<int?> Numbers(int first, int last) => Enumerable.Range(first, last - first + 1).Select(number => (int?)number);
}
