using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Parley.Core;
using Parley.Functions.Api.Dialects;
using Parley.Functions.Api.Quotas;
using Parley.Functions.Api.Requests;
using Parley.Tenants;
using Parley.Tenants.Audit;
using Parley.Tenants.Limits;
using Parley.Tenants.Tokens;

namespace Parley.Functions.Api.Access;

/// <summary>
/// Decides whether a request may reach its function. Refused administrative calls are in the audit log.
/// </summary>
public sealed class Authorization(
    Authenticator authenticator,
    AccessTokens tokens,
    RateLimiter limiter,
    RefusedCalls refused,
    PerDialect<Func<HttpRequest, string?>> tenantHeaders,
    IConfiguration configuration)
{
    /// <summary>The scopes of administrative calls.</summary>
    private const Scopes Administrative = Scopes.Admin | Scopes.AuditRead;

    /// <summary>
    /// Returns the caller of a function for API keys and access tokens; null for other functions.
    /// </summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Unauthenticated"/>, <see cref="ErrorCode.TenantSuspended"/>,
    /// <see cref="ErrorCode.TenantForbidden"/>, <see cref="ErrorCode.ScopeMissing"/>,
    /// <see cref="ErrorCode.QuotaExceeded"/>.
    /// </exception>
    public async Task<Caller?> AuthorizeAsync(HttpRequest request, FunctionAccess access)
    {
        if (access.IsForAdministrator)
        {
            await RequireAdminKeyAsync(request, access);
        }

        return access.Scopes is { } scopes ? await FindCallerAsync(request, access, scopes) : null;
    }

    /// <summary>
    /// Records a refusal, whether this class or the function refuses, if the call is an administrative one.
    /// </summary>
    public async Task RecordAsync(HttpContext context, ParleyException problem)
    {
        if (problem.Code.Kind == ErrorKind.Forbidden && context.Features.Get<AdministrativeCall>() is { } call)
        {
            await refused.RecordAsync(
                call.Caller.Tenant, AuditOrigins.Of(context, call.Caller), call.Operation);
        }
    }

    private async Task RequireAdminKeyAsync(HttpRequest request, FunctionAccess access)
    {
        if (!AdminKey.Matches(request.Headers.Authorization.ToString(), configuration["Parley:AdminKey"]))
        {
            await refused.RecordAsync(
                AuditLog.Administration, AuditOrigins.OfStranger(request.HttpContext), access.Name);
            throw ErrorCode.Unauthenticated.With("Send the administration key as 'Authorization: Bearer <key>'.");
        }
    }

    private async Task<Caller> FindCallerAsync(HttpRequest request, FunctionAccess access, Scopes scopes)
    {
        var caller = await AuthenticateAsync(request);
        request.HttpContext.Features.Set(caller);
        request.HttpContext.Features.Set(DialectRules.All[caller.Dialect]);
        if ((scopes & Administrative) != Scopes.None)
        {
            request.HttpContext.Features.Set(new AdministrativeCall(access.Name, caller));
        }

        // Before the scope is checked, so that responses of status 403 cost a request too.
        RequestQuota.Take(request, limiter.Find(caller.Tenant, caller.Number), access.Costs);
        if (tenantHeaders[caller.Dialect](request) is { } tenant
            && (!TenantId.TryParse(tenant, out var id) || id != caller.Tenant))
        {
            throw ErrorCode.TenantForbidden.With("The caller does not reach the tenant that X-Tenant names.");
        }

        caller.Require(scopes);
        return caller;
    }

    private async Task<Caller> AuthenticateAsync(HttpRequest request)
    {
        var text = ApiKeyToken.FromHeader(request.Headers.Authorization.ToString());
        var cancellation = request.HttpContext.RequestAborted;
        if (text is not null && AccessTokens.IsLike(text))
        {
            return await tokens.AuthenticateAsync(text, () => RequestHeaders.ReadTenant(request), cancellation);
        }

        try
        {
            return await authenticator.AuthenticateAsync(text, cancellation);
        }
        catch (ParleyException) when (authenticator.FindRefusedKey(text) is { } refusedKey)
        {
            request.HttpContext.Features.Set(new RefusedKey(refusedKey.Dialect));
            throw;
        }
    }

    /// <summary>The administrative call of a key. It is a feature of the request.</summary>
    private sealed record AdministrativeCall(string Operation, Caller Caller);
}
