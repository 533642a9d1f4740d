using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Parley.Core;
using Parley.Functions.Api.Requests;
using Parley.Tenants;

namespace Parley.Functions.Api.Access;

/// <summary>Decides whether a request may reach its function.</summary>
public sealed class Authorization(Authenticator authenticator, IConfiguration configuration)
{
    /// <summary>Returns the caller of a function for API keys; null for other functions.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Unauthenticated"/>, <see cref="ErrorCode.TenantForbidden"/>,
    /// <see cref="ErrorCode.ScopeMissing"/>.
    /// </exception>
    public async Task<Caller?> AuthorizeAsync(HttpRequest request, FunctionAccess access)
    {
        if (access.IsForAdministrator)
        {
            RequireAdminKey(request);
        }

        return access.Scopes is { } scopes ? await FindCallerAsync(request, scopes) : null;
    }

    private void RequireAdminKey(HttpRequest request)
    {
        if (!AdminKey.Matches(request.Headers.Authorization.ToString(), configuration["Parley:AdminKey"]))
        {
            throw ErrorCode.Unauthenticated.With("Send the administration key as 'Authorization: Bearer <key>'.");
        }
    }

    private async Task<Caller> FindCallerAsync(HttpRequest request, Scopes scopes)
    {
        var token = ApiKeyToken.FromHeader(request.Headers.Authorization.ToString());
        var caller = await authenticator.AuthenticateAsync(token, request.HttpContext.RequestAborted);
        if (RequestHeaders.ReadTenant(request) is { } tenant
            && (!TenantId.TryParse(tenant, out var id) || id != caller.Tenant))
        {
            throw ErrorCode.TenantForbidden.With("The API key does not reach the tenant that X-Tenant names.");
        }

        caller.Require(scopes);
        return caller;
    }
}
