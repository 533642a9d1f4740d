using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Functions.Api.Access;
using Parley.Tenants;

namespace Parley.Functions.Api.Admin;

/// <summary>
/// The API keys of the caller's tenant. A key gives no scope that it does not have itself, and no end
/// after its own. It may revoke itself.
/// </summary>
public sealed class KeyFunctions(ApiEndpoint endpoint, ApiKeyReader reader, ApiKeyWriter writer, TimeProvider time)
{
    [Function("KeysList")]
    [RequiresScope(Scopes.Admin)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/keys")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var (cursor, pageSize) = PageQuery.Read(request);
            var page = await reader.ListAsync(call.Caller.Tenant, cursor, pageSize, call.Cancellation);
            return ListedApiKeyResponse.Respond(page, time.GetUtcNow(), request);
        });

    [Function("KeysCreate")]
    [RequiresScope(Scopes.Admin)]
    public Task Create(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/keys")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await NewKeyFields.ReadAsync(request, time.GetUtcNow(), call.Caller.Grant);
            return ApiKeyResponse.Respond(await writer.CreateAsync(
                call.Caller.Tenant,
                fields.Label,
                fields.Scopes,
                fields.Dialect,
                fields.ExpiresAt,
                AuditOrigins.Of(request.HttpContext, call.Caller),
                call.Cancellation));
        });

    [Function("KeysRotate")]
    [RequiresScope(Scopes.Admin)]
    public Task Rotate(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/keys/{keyId}/rotate")] HttpRequest request,
        string keyId) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RotationFields.ReadAsync(request, time.GetUtcNow(), call.Caller.Grant);
            return ApiKeyResponse.Respond(await writer.RotateAsync(
                call.Caller.Tenant,
                AdminIds.Key(keyId),
                call.Caller.Grant,
                fields.Overlap,
                fields.ExpiresAt,
                AuditOrigins.Of(request.HttpContext, call.Caller),
                call.Cancellation));
        });

    [Function("KeysDelete")]
    [RequiresScope(Scopes.Admin)]
    public Task Delete(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/keys/{keyId}")] HttpRequest request,
        string keyId) =>
        endpoint.RunAsync(request, async call =>
        {
            var revoked = await writer.RevokeAsync(
                call.Caller.Tenant,
                AdminIds.Key(keyId),
                AuditOrigins.Of(request.HttpContext, call.Caller),
                call.Cancellation);
            return ListedApiKeyResponse.Respond(revoked, time.GetUtcNow());
        });
}
