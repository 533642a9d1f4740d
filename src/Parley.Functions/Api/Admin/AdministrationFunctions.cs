using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Tenants;

namespace Parley.Functions.Api.Admin;

/// <summary>A new tenant. Only this response contains the webhook secret.</summary>
public sealed record TenantResponse(int Id, string Name, string WebhookSecret, DateTimeOffset CreatedAt);

/// <summary>A new webhook secret. Only this response contains it.</summary>
public sealed record WebhookSecretResponse(int Id, string WebhookSecret, DateTimeOffset PreviousValidUntil);

/// <summary>
/// Creates tenants and replaces their webhook secrets.
/// </summary>
public sealed class AdministrationFunctions(
    ApiEndpoint endpoint, TenantAdministration administration, WebhookSecrets webhookSecrets)
{
    private const int MaxBody = 16 * 1024;

    [Function("AdminTenantsCreate")]
    [RequiresAdminKey]
    public Task CreateTenant(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/admin/tenants")] HttpRequest request) =>
        endpoint.RunAsync(request, async () =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var name = fields.RequiredText("name", 1, Limits.Line);
            fields.ThrowIfInvalid();

            var created = await administration.CreateTenantAsync(
                name, AuditOrigins.OfAdministrator(request), request.HttpContext.RequestAborted);
            return new JsonResult<TenantResponse>(
                new TenantResponse(created.Tenant.Number, created.Name, created.WebhookSecret, created.CreatedAt),
                AdminJson.Default.TenantResponse,
                StatusCodes.Status201Created);
        });

    /// <summary>Replaces the webhook secret. The request has no body.</summary>
    [Function("AdminTenantWebhookSecretCreate")]
    [RequiresAdminKey]
    public Task CreateWebhookSecret(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/admin/tenants/{id}/webhook-secret")]
        HttpRequest request, string id) =>
        endpoint.RunAsync(request, async () =>
        {
            var rotated = await webhookSecrets.RotateAsync(
                AdminIds.Tenant(id), AuditOrigins.OfAdministrator(request), request.HttpContext.RequestAborted);
            return new JsonResult<WebhookSecretResponse>(
                new WebhookSecretResponse(rotated.Tenant.Number, rotated.WebhookSecret, rotated.PreviousValidUntil),
                AdminJson.Default.WebhookSecretResponse,
                StatusCodes.Status201Created);
        });
}
