using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.Responses;

/// <summary>A page of a list with cursors, as MaiAgent's clients read it.</summary>
/// <param name="Next">The absolute address of the next page; null at the end.</param>
/// <param name="Previous">The absolute address of the page before; null at the beginning.</param>
/// <param name="Results">The page.</param>
public sealed record CursorList<T>(string? Next, string? Previous, IReadOnlyList<T> Results);

/// <summary>Makes such lists.</summary>
internal static class CursorList
{
    /// <summary>The most entries of a page.</summary>
    public const int MaxPageSize = 100;

    /// <summary>The entries of a page when the client does not say.</summary>
    public const int DefaultPageSize = 20;

    /// <summary>A page.</summary>
    /// <param name="results">Its entries.</param>
    /// <param name="next">The cursor of the next page, or null.</param>
    /// <param name="previous">The cursor of the page before, or null.</param>
    /// <param name="request">Its address and query parameters are those of the links.</param>
    public static CursorList<T> Create<T>(IReadOnlyList<T> results, string? next, string? previous, HttpRequest request)
    {
        var url = PublicUrl.PageOf(request, "cursor");
        return new CursorList<T>(next is null ? null : url(next), previous is null ? null : url(previous), results);
    }
}
