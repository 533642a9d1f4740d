using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Parley.Core;
using Parley.Functions.Api.Quotas;
using Parley.Functions.Api.Requests;
using Parley.Tenants;
using Parley.Tenants.Limits;

namespace Parley.Functions.Api.Access;

/// <summary>Decides whether a request may reach its function.</summary>
public sealed class Authorization(
    Authenticator authenticator, RateLimiter limiter, IConfiguration configuration)
{
    /// <summary>Returns the caller of a function for API keys; null for other functions.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Unauthenticated"/>, <see cref="ErrorCode.TenantForbidden"/>,
    /// <see cref="ErrorCode.ScopeMissing"/>, <see cref="ErrorCode.QuotaExceeded"/>.
    /// </exception>
    public async Task<Caller?> AuthorizeAsync(HttpRequest request, FunctionAccess access)
    {
        if (access.IsForAdministrator)
        {
            RequireAdminKey(request);
        }

        return access.Scopes is { } scopes ? await FindCallerAsync(request, scopes, access.Costs) : null;
    }

    private void RequireAdminKey(HttpRequest request)
    {
        if (!AdminKey.Matches(request.Headers.Authorization.ToString(), configuration["Parley:AdminKey"]))
        {
            throw ErrorCode.Unauthenticated.With("Send the administration key as 'Authorization: Bearer <key>'.");
        }
    }

    private async Task<Caller> FindCallerAsync(HttpRequest request, Scopes scopes, LimitUnits costs)
    {
        var token = ApiKeyToken.FromHeader(request.Headers.Authorization.ToString());
        var caller = await authenticator.AuthenticateAsync(token, request.HttpContext.RequestAborted);

        // Before the scope is checked, so that responses of status 403 cost a request too.
        RequestQuota.Take(request, limiter.Find(caller.Tenant, caller.Number), costs);
        if (RequestHeaders.ReadTenant(request) is { } tenant
            && (!TenantId.TryParse(tenant, out var id) || id != caller.Tenant))
        {
            throw ErrorCode.TenantForbidden.With("The API key does not reach the tenant that X-Tenant names.");
        }

        caller.Require(scopes);
        return caller;
    }
}
