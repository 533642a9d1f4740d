using Azure.Data.Tables;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Functions.Http;
using Parley.Storage;

namespace Parley.Functions.Administration;

/// <summary>How it goes.</summary>
/// <param name="Status">Always <c>ok</c>; anything else is a problem response.</param>
public sealed record HealthAnswer(string Status);

/// <summary>For probes of load balancers; without authentication, and telling nothing.</summary>
public sealed class HealthFunctions(ApiEndpoint endpoint, ParleyTables tables)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>GET /health/live: the process answers.</summary>
    [Function("HealthLive")]
    public Task Live([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/health/live")] HttpRequest request) =>
        endpoint.RunAsync(request, () => Task.FromResult<IResult>(Ok()));

    /// <summary>GET /health/ready: storage answers too; else 503.</summary>
    [Function("HealthReady")]
    public Task Ready([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/health/ready")] HttpRequest request) =>
        endpoint.RunAsync(request, async () =>
        {
            // Whether the row is there does not matter: that the table answers does, and before the probe gives up.
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(request.HttpContext.RequestAborted);
            patience.CancelAfter(Patience);
            await tables.Tenants.GetEntityIfExistsAsync<TableEntity>(
                RowKeys.AdministrationPartition, RowKeys.Counter, ["RowKey"], patience.Token);
            return Ok();
        });

    private static JsonResult<HealthAnswer> Ok() => new JsonResult<HealthAnswer>(new HealthAnswer("ok"), CamelJson.Default.HealthAnswer);
}
