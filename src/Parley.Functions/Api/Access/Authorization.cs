using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Parley.Core;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Tenants;
using Parley.Tenants.Audit;

namespace Parley.Functions.Api.Access;

/// <summary>
/// Decides whether a request may reach its function. Refused administrative calls are in the audit log.
/// </summary>
public sealed class Authorization(Authenticator authenticator, RefusedCalls refused, IConfiguration configuration)
{
    /// <summary>The scopes of administrative calls.</summary>
    private const Scopes Administrative = Scopes.Admin | Scopes.AuditRead;

    /// <summary>Returns the caller of a function for API keys; null for other functions.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Unauthenticated"/>, <see cref="ErrorCode.TenantSuspended"/>,
    /// <see cref="ErrorCode.TenantForbidden"/>, <see cref="ErrorCode.ScopeMissing"/>.
    /// </exception>
    public async Task<Caller?> AuthorizeAsync(HttpRequest request, FunctionAccess access)
    {
        if (access.IsForAdministrator)
        {
            await RequireAdminKeyAsync(request, access);
        }

        return access.Scopes is { } scopes ? await FindCallerAsync(request, access, scopes) : null;
    }

    private async Task RequireAdminKeyAsync(HttpRequest request, FunctionAccess access)
    {
        if (!AdminKey.Matches(request.Headers.Authorization.ToString(), configuration["Parley:AdminKey"]))
        {
            await RecordAsync(request, access, AuditLog.Administration, AuditActor.Unknown, key: null);
            throw ErrorCode.Unauthenticated.With("Send the administration key as 'Authorization: Bearer <key>'.");
        }
    }

    private async Task<Caller> FindCallerAsync(HttpRequest request, FunctionAccess access, Scopes scopes)
    {
        var token = ApiKeyToken.FromHeader(request.Headers.Authorization.ToString());
        var caller = await authenticator.AuthenticateAsync(token, request.HttpContext.RequestAborted);
        if (RequestHeaders.ReadTenant(request) is { } tenant
            && (!TenantId.TryParse(tenant, out var id) || id != caller.Tenant))
        {
            throw ErrorCode.TenantForbidden.With("The API key does not reach the tenant that X-Tenant names.");
        }

        if ((scopes & Administrative & ~caller.Scopes) != Scopes.None)
        {
            await RecordAsync(request, access, caller.Tenant, AuditActor.Key, caller.Number);
        }

        caller.Require(scopes);
        return caller;
    }

    private Task RecordAsync(HttpRequest request, FunctionAccess access, TenantId tenant, AuditActor actor, int? key) =>
        refused.RecordAsync(
            tenant,
            new AuditOrigin(actor, key, ProblemResult.TraceId(request.HttpContext)),
            access.Name,
            request.HttpContext.RequestAborted);
}
