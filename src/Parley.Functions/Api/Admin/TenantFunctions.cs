using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Cleanup;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Tenants;

namespace Parley.Functions.Api.Admin;

/// <summary>Creates, lists, renames, suspends and resumes tenants.</summary>
public sealed class TenantFunctions(
    ApiEndpoint endpoint, TenantReader reader, TenantAdministration administration, TenantErasures erasures)
{
    [Function("AdminTenantsCreate")]
    [RequiresAdminKey]
    public Task CreateTenant(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/admin/tenants")] HttpRequest request) =>
        endpoint.RunAsync(request, async () =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, AdminJson.MaxBody);
            var name = fields.RequiredName("name");
            fields.ThrowIfInvalid();

            var created = await administration.CreateTenantAsync(
                name, AuditOrigins.OfAdministrator(request), request.HttpContext.RequestAborted);
            return new JsonResult<TenantResponse>(
                new TenantResponse(created.Tenant.Number, created.Name, created.WebhookSecret, created.CreatedAt),
                AdminJson.Default.TenantResponse,
                StatusCodes.Status201Created);
        });

    [Function("AdminTenantsList")]
    [RequiresAdminKey]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/admin/tenants")] HttpRequest request) =>
        endpoint.RunAsync(request, async () =>
        {
            var (cursor, pageSize) = PageQuery.Read(request);
            var page = await reader.ListAsync(cursor, pageSize, request.HttpContext.RequestAborted);
            return new JsonResult<CursorList<ListedTenantResponse>>(
                CursorList.Create([.. page.Items.Select(ListedTenantResponse.Of)], page.Next, page.Previous, request),
                AdminJson.Default.CursorListListedTenantResponse);
        });

    [Function("AdminTenantsGet")]
    [RequiresAdminKey]
    public Task Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/admin/tenants/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async () =>
        {
            var (tenant, cancellation) = (AdminIds.Tenant(id), request.HttpContext.RequestAborted);
            var found = await reader.GetAsync(tenant, cancellation);
            return new JsonResult<TenantDetailsResponse>(
                TenantDetailsResponse.Of(found, await erasures.FindAsync(tenant, cancellation)),
                AdminJson.Default.TenantDetailsResponse);
        });

    [Function("AdminTenantsUpdate")]
    [RequiresAdminKey]
    public Task Update(
        [HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "v1/admin/tenants/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async () =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, AdminJson.MaxBody);
            var name = fields.Name("name");
            TenantState? state = fields.Text("status", 1, Limits.Line) switch
            {
                null => null,
                "active" => TenantState.Active,
                "suspended" => TenantState.Suspended,
                _ => Invalid(fields),
            };
            fields.ThrowIfInvalid();
            return Respond(await administration.ChangeAsync(
                AdminIds.Tenant(id),
                name,
                state,
                AuditOrigins.OfAdministrator(request),
                request.HttpContext.RequestAborted));
        });

    private static JsonResult<ListedTenantResponse> Respond(Tenant tenant) =>
        new(ListedTenantResponse.Of(tenant), AdminJson.Default.ListedTenantResponse);

    private static TenantState? Invalid(Fields fields)
    {
        fields.Fail("status", "Must be one of: active, suspended.");
        return null;
    }
}
