using Microsoft.AspNetCore.Http;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Admin;

/// <summary>The query parameters of every list of the administration.</summary>
internal static class PageQuery
{
    public static (string? Cursor, int PageSize) Read(HttpRequest request)
    {
        var query = new QueryFields(request.Query);
        var pageSize = query.Number("pageSize", CursorList.DefaultPageSize, 1, CursorList.MaxPageSize);
        var cursor = query.Cursor();
        query.ThrowIfInvalid();
        return (cursor, pageSize);
    }
}
