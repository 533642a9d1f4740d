using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api;

/// <summary>
/// Responds to requests that match no other function, because the host would return an empty 404: unknown paths, wrong
/// methods, and the preflight requests of browsers, which no other function takes. The name must sort last: the host
/// takes the first function, in the order of names, whose route and method match.
/// </summary>
public sealed class ZzCatchAll(ApiEndpoint endpoint, RouteTable routes, CorsPolicy cors)
{
    [Function("ZzCatchAll")]
    [OpenToAll]
    public Task Run(
        [HttpTrigger(AuthorizationLevel.Anonymous, Route = "{*path}")] HttpRequest request,
        string? path) =>
        endpoint.RunAsync(request, () =>
        {
            var methods = routes.MethodsOf("/" + path);
            var allow = string.Join(", ", methods);
            IResult result = methods.Count == 0
                ? new ProblemResult(ErrorCode.RouteNotFound.With("There is no such path; docs/api.md lists them all."))
                : cors.IsAllowedPreflight(request)
                    ? new PreflightResult(allow)
                    : new ProblemResult(ErrorCode.MethodNotAllowed.With($"This path takes {allow}.")) { Allow = allow };
            return Task.FromResult(result);
        });
}
