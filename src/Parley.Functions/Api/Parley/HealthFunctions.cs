using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Core;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Parley;

/// <summary>Health status.</summary>
/// <param name="Status">Always <c>ok</c>; anything else is a problem response.</param>
public sealed record HealthResponse(string Status);

/// <summary>Health endpoints for load balancers. They need no API key and return only a status.</summary>
public sealed class HealthFunctions(ApiEndpoint endpoint, Readiness readiness)
{
    /// <summary>GET /health/live: the process answers.</summary>
    [Function("HealthLive")]
    public Task Live([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/health/live")] HttpRequest request) =>
        endpoint.RunAsync(request, () => Task.FromResult<IResult>(Ok()));

    /// <summary>GET /health/ready: storage answers too, as of two seconds ago at most; else 503.</summary>
    [Function("HealthReady")]
    public Task Ready([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/health/ready")] HttpRequest request) =>
        endpoint.RunAsync(request, async () =>
        {
            try
            {
                await readiness.CheckAsync(request.HttpContext.RequestAborted);
                return Ok();
            }
            catch (ParleyException e)
            {
                // Not left to the endpoint, which would log each probe's failure.
                return new ProblemResult(e);
            }
        });

    private static JsonResult<HealthResponse> Ok() => new JsonResult<HealthResponse>(new HealthResponse("ok"), CamelJson.Default.HealthResponse);
}
