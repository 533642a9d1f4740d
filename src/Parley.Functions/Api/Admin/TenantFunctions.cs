using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Cleanup;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Tenants;

namespace Parley.Functions.Api.Admin;

/// <summary>A tenant.</summary>
/// <param name="StatusAt">The time of the last change of the status; null before the first.</param>
public sealed record ListedTenantResponse(
    int Id,
    string Name,
    [property: JsonConverter(typeof(EnumNameConverter<TenantState>))] TenantState Status,
    DateTimeOffset? StatusAt,
    DateTimeOffset CreatedAt)
{
    internal static ListedTenantResponse Of(Tenant tenant) =>
        new(tenant.Id.Number, tenant.Name, tenant.State, tenant.StateAt, tenant.CreatedAt);
}

/// <summary>A tenant with its deletion.</summary>
/// <param name="Deletion">Null unless the tenant is deleted, or is being deleted.</param>
public sealed record TenantDetailsResponse(
    int Id,
    string Name,
    [property: JsonConverter(typeof(EnumNameConverter<TenantState>))] TenantState Status,
    DateTimeOffset? StatusAt,
    DateTimeOffset CreatedAt,
    TenantDeletionResponse? Deletion)
{
    internal static TenantDetailsResponse Of(Tenant tenant, TenantErasure? erasure) => new(
        tenant.Id.Number,
        tenant.Name,
        tenant.State,
        tenant.StateAt,
        tenant.CreatedAt,
        erasure is null ? null : TenantDeletionResponse.Of(erasure));
}

/// <summary>Lists tenants, and renames, suspends and resumes them.</summary>
public sealed class TenantFunctions(
    ApiEndpoint endpoint, TenantReader reader, TenantAdministration administration, TenantErasures erasures)
{
    private const int MaxBody = 16 * 1024;

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
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var name = fields.Text("name", 1, Limits.Line);
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
