using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.Responses;

/// <summary>A 204 response.</summary>
internal sealed class NoContentResult : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ResponseBody.SetHeaders(httpContext.Response, StatusCodes.Status204NoContent, contentType: null);
        return Task.CompletedTask;
    }
}
