using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Cleanup;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Tenants.Audit;

namespace Parley.Functions.Api.Admin;

/// <summary>Deletes tenants. A timer erases their data; the receipt stays.</summary>
public sealed class TenantDeletionFunctions(ApiEndpoint endpoint, TenantErasures erasures, AuditLog log)
{
    private const string DryRun = "dryRun";

    /// <summary>Begins a deletion, or counts what it would erase (<c>?dryRun=true</c>).</summary>
    [Function("AdminTenantsDelete")]
    [RequiresAdminKey]
    public Task Delete(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/admin/tenants/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async () =>
        {
            var isDryRun = ReadDryRun(request);
            var tenant = AdminIds.Tenant(id);
            return isDryRun ? await CountAsync(request, tenant) : await BeginAsync(request, tenant);
        });

    /// <summary>
    /// There is no way back from a deletion, so anything that could be meant as a dry run is refused: another spelling,
    /// an empty value, a body.
    /// </summary>
    private static bool ReadDryRun(HttpRequest request)
    {
        if (!RequestBody.IsAbsent(request))
        {
            throw ParleyException.Field("body", "Must be absent.");
        }

        if (request.Query.Keys.FirstOrDefault(name => name != DryRun) is { } unknown)
        {
            throw ParleyException.Field(unknown, $"Is unknown. The only parameter is {DryRun}.");
        }

        return request.Query.TryGetValue(DryRun, out var sent)
            && (sent.ToString() switch
            {
                "true" => true,
                "false" => false,
                _ => throw ParleyException.Field(DryRun, "Must be true or false, once."),
            });
    }

    private async Task<IResult> CountAsync(HttpRequest request, TenantId tenant) =>
        new JsonResult<TenantDryRunResponse>(
            TenantDryRunResponse.Of(tenant, await erasures.CountAsync(tenant, request.HttpContext.RequestAborted)),
            AdminJson.Default.TenantDryRunResponse);

    private async Task<IResult> BeginAsync(HttpRequest request, TenantId tenant)
    {
        // In the log of the administration, because the tenant's own is erased.
        var record = log.Begin(
            AuditLog.Administration,
            AuditOrigins.OfAdministrator(request),
            AuditAction.TenantDeleted,
            AuditEntry.OfTenant(tenant));
        var erasure = await erasures.BeginAsync(tenant, record, request.HttpContext.RequestAborted);
        return new JsonResult<TenantDeletionResponse>(
            TenantDeletionResponse.Of(erasure),
            AdminJson.Default.TenantDeletionResponse,
            erasure.FinishedAt is null ? StatusCodes.Status202Accepted : StatusCodes.Status200OK);
    }
}
