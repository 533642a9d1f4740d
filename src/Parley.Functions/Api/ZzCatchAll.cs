using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Core;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api;

/// <summary>
/// Responds to requests that match no other function, because the host would return an empty 404. The name must sort
/// last: the host takes the first function, in the order of names, whose route and method match.
/// </summary>
public sealed class ZzCatchAll(ApiEndpoint endpoint, RouteTable routes)
{
    [Function("ZzCatchAll")]
    public Task Run(
        [HttpTrigger(AuthorizationLevel.Anonymous, Route = "{*path}")] HttpRequest request,
        string? path) =>
        endpoint.RunAsync(request, () =>
        {
            var methods = routes.MethodsOf("/" + path);
            var allow = string.Join(", ", methods);
            return Task.FromResult<IResult>(methods.Count == 0
                ? new ProblemResult(ErrorCode.RouteNotFound.With("There is no such path; docs/api.md lists them all."))
                : new ProblemResult(ErrorCode.MethodNotAllowed.With($"This path takes {allow}.")) { Allow = allow });
        });
}
