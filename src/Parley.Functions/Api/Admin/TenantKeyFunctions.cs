using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Functions.Api.Access;
using Parley.Tenants;

namespace Parley.Functions.Api.Admin;

/// <summary>The API keys of any tenant, for the administrator.</summary>
public sealed class TenantKeyFunctions(
    ApiEndpoint endpoint, TenantReader tenants, ApiKeyReader reader, ApiKeyWriter writer, TimeProvider time)
{
    [Function("AdminTenantKeysList")]
    [RequiresAdminKey]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/admin/tenants/{id}/keys")]
        HttpRequest request, string id) =>
        endpoint.RunAsync(request, async () =>
        {
            var (cursor, pageSize) = PageQuery.Read(request);
            var cancellation = request.HttpContext.RequestAborted;
            var tenant = await tenants.GetAsync(AdminIds.Tenant(id), cancellation);
            var page = await reader.ListAsync(tenant.Id, cursor, pageSize, cancellation);
            return ListedApiKeyResponse.Respond(page, time.GetUtcNow(), request);
        });

    [Function("AdminTenantKeysCreate")]
    [RequiresAdminKey]
    public Task Create(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/admin/tenants/{id}/keys")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async () =>
        {
            var fields = await NewKeyFields.ReadAsync(request, time.GetUtcNow(), KeyGrant.Unlimited);
            return ApiKeyResponse.Respond(await writer.CreateAsync(
                AdminIds.Tenant(id),
                fields.Label,
                fields.Scopes,
                fields.Dialect,
                fields.ExpiresAt,
                AuditOrigins.OfAdministrator(request),
                request.HttpContext.RequestAborted));
        });

    [Function("AdminTenantKeysRotate")]
    [RequiresAdminKey]
    public Task Rotate(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/admin/tenants/{id}/keys/{keyId}/rotate")]
        HttpRequest request, string id, string keyId) =>
        endpoint.RunAsync(request, async () =>
        {
            var fields = await RotationFields.ReadAsync(request, time.GetUtcNow(), KeyGrant.Unlimited);
            return ApiKeyResponse.Respond(await writer.RotateAsync(
                AdminIds.Tenant(id),
                AdminIds.Key(keyId),
                KeyGrant.Unlimited,
                fields.Overlap,
                fields.ExpiresAt,
                AuditOrigins.OfAdministrator(request),
                request.HttpContext.RequestAborted));
        });

    [Function("AdminTenantKeysDelete")]
    [RequiresAdminKey]
    public Task Delete(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/admin/tenants/{id}/keys/{keyId}")]
        HttpRequest request, string id, string keyId) =>
        endpoint.RunAsync(request, async () =>
        {
            var tenant = await tenants.GetAsync(AdminIds.Tenant(id), request.HttpContext.RequestAborted);
            var revoked = await writer.RevokeAsync(
                tenant.Id,
                AdminIds.Key(keyId),
                AuditOrigins.OfAdministrator(request),
                request.HttpContext.RequestAborted);
            return ListedApiKeyResponse.Respond(revoked, time.GetUtcNow());
        });
}
