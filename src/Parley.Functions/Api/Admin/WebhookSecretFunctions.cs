using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Responses;
using Parley.Tenants;

namespace Parley.Functions.Api.Admin;

/// <summary>A new webhook secret. Only this response contains it.</summary>
public sealed record WebhookSecretResponse(int Id, string WebhookSecret, DateTimeOffset PreviousValidUntil);

/// <summary>Replaces the webhook secrets of tenants.</summary>
public sealed class WebhookSecretFunctions(ApiEndpoint endpoint, WebhookSecrets webhookSecrets)
{
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
