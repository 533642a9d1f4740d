using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Parley;

/// <summary>The health status.</summary>
/// <param name="Status">Always <c>ok</c>; anything else is a problem response.</param>
public sealed record HealthResponse(string Status);

/// <summary>Health endpoints for load balancers. They require no API key and return only a status.</summary>
public sealed class HealthFunctions(ApiEndpoint endpoint, Readiness readiness)
{
    /// <summary>Liveness: 200 while the process runs.</summary>
    [Function("HealthLive")]
    [OpenToAll]
    public Task Live(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/health/live")] HttpRequest request) =>
        endpoint.RunAsync(request, () => Task.FromResult<IResult>(Ok()));

    /// <summary>Readiness: 200 when storage was available at most two seconds ago, otherwise 503.</summary>
    [Function("HealthReady")]
    [OpenToAll]
    public Task Ready(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/health/ready")] HttpRequest request) =>
        endpoint.RunAsync(request, async () =>
        {
            try
            {
                await readiness.CheckAsync(request.HttpContext.RequestAborted);
                return Ok();
            }
            catch (ParleyException e)
            {
                // ApiEndpoint would log the failure of every probe.
                return new ProblemResult(e);
            }
        });

    private static JsonResult<HealthResponse> Ok() => new(new HealthResponse("ok"), ParleyJson.Default.HealthResponse);
}
