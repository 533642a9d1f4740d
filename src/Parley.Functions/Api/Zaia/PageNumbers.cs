using Parley.Functions.Api.Requests;

namespace Parley.Functions.Api.Zaia;

/// <summary>The query parameters of Zaia's pages: <c>pageNumber</c> and <c>pageSize</c>.</summary>
internal static class PageNumbers
{
    private const int MaxSize = 100;
    private const int DefaultSize = 10;

    /// <summary>Reads both.</summary>
    /// <param name="query">Collects their errors.</param>
    /// <param name="reach">The highest product of both: a page far behind costs as much as all before it.</param>
    public static (int Page, int Size) Read(QueryFields query, int reach)
    {
        var page = query.Number("pageNumber", 1, 1, reach);
        var size = query.Number("pageSize", DefaultSize, 1, MaxSize);
        if ((long)page * size > reach)
        {
            query.Fail("pageNumber", $"pageNumber × pageSize must be at most {reach}.");
        }

        return (page, size);
    }
}
