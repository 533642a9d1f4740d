using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Tenants;

namespace Parley.Functions.Api.Admin;

/// <summary>A new tenant. Only this response contains the webhook secret.</summary>
public sealed record TenantResponse(int Id, string Name, string WebhookSecret, DateTimeOffset CreatedAt);

/// <summary>A new API key. Only this response contains the key.</summary>
public sealed record ApiKeyResponse(
    int Id,
    string Key,
    string Label,
    IReadOnlyList<string> Scopes,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt);

/// <summary>A new webhook secret. Only this response contains it.</summary>
public sealed record WebhookSecretResponse(int Id, string WebhookSecret, DateTimeOffset PreviousValidUntil);

/// <summary>
/// Tenants, their API keys and their webhook secrets.
/// </summary>
public sealed class AdministrationFunctions(
    ApiEndpoint endpoint,
    TenantAdministration administration,
    WebhookSecrets webhookSecrets,
    TimeProvider time)
{
    private const int MaxLine = 250;
    private const int MaxBody = 16 * 1024;

    [Function("AdminTenantsCreate")]
    [RequiresAdminKey]
    public Task CreateTenant(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/admin/tenants")] HttpRequest request) =>
        endpoint.RunAsync(request, async () =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var name = fields.RequiredText("name", 1, MaxLine);
            fields.ThrowIfInvalid();

            var created = await administration.CreateTenantAsync(name, request.HttpContext.RequestAborted);
            return new JsonResult<TenantResponse>(
                new TenantResponse(created.Tenant.Number, created.Name, created.WebhookSecret, created.CreatedAt),
                AdminJson.Default.TenantResponse,
                StatusCodes.Status201Created);
        });

    [Function("AdminTenantKeysCreate")]
    [RequiresAdminKey]
    public Task CreateKey(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/admin/tenants/{id}/keys")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async () =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var label = fields.RequiredText("label", 1, MaxLine);
            var scopes = ReadScopes(fields);
            var expiresAt = fields.Time("expiresAt");
            if (expiresAt <= time.GetUtcNow())
            {
                fields.Fail("expiresAt", "Must be in the future.");
            }

            fields.ThrowIfInvalid();
            var created = await administration.CreateKeyAsync(
                Tenant(id),
                label,
                scopes,
                expiresAt,
                request.HttpContext.RequestAborted);
            return new JsonResult<ApiKeyResponse>(
                new ApiKeyResponse(
                    created.Number,
                    created.Key,
                    created.Label,
                    [.. created.Scopes.Names()],
                    created.CreatedAt,
                    created.ExpiresAt),
                AdminJson.Default.ApiKeyResponse,
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
            var rotated = await webhookSecrets.RotateAsync(Tenant(id), request.HttpContext.RequestAborted);
            return new JsonResult<WebhookSecretResponse>(
                new WebhookSecretResponse(rotated.Tenant.Number, rotated.WebhookSecret, rotated.PreviousValidUntil),
                AdminJson.Default.WebhookSecretResponse,
                StatusCodes.Status201Created);
        });

    private static TenantId Tenant(string id) =>
        TenantId.TryParse(id, out var tenant)
            ? tenant
            : throw ErrorCode.TenantNotFound.With("There is no such tenant.");

    private static Scopes ReadScopes(Fields fields)
    {
        var scopes = Scopes.None;
        foreach (var name in fields.Texts("scopes") ?? [])
        {
            if (ScopeNames.TryParse(name, out var scope))
            {
                scopes |= scope;
            }
            else
            {
                fields.Fail("scopes", $"Must be among: {string.Join(", ", ScopeNames.All)}.");
                return scopes;
            }
        }

        if (scopes == Scopes.None && (fields.IsAbsent("scopes") || fields.Texts("scopes") is { Count: 0 }))
        {
            fields.Fail("scopes", "Must name at least one scope.");
        }

        return scopes;
    }
}
