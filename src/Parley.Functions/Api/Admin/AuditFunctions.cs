using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Storage;
using Parley.Tenants;
using Parley.Tenants.Audit;

namespace Parley.Functions.Api.Admin;

/// <summary>An entry of the audit log.</summary>
/// <param name="Key">The id of the API key; null unless the actor is a key.</param>
/// <param name="Issuer">The issuer of the subject's access token; null unless the actor is a subject.</param>
/// <param name="Subject">The issuer's id of the subject; null unless the actor is a subject.</param>
/// <param name="Target">The changed object, or the name of the refused operation.</param>
/// <param name="RequestId">The id of the request in problems (<c>traceId</c>) and in the log.</param>
/// <param name="Result"><c>done</c> or <c>refused</c>.</param>
/// <param name="Omitted">Refused calls before this one that have no entry of their own.</param>
public sealed record AuditEntryResponse(
    string Id,
    DateTimeOffset At,
    [property: JsonConverter(typeof(EnumNameConverter<AuditActor>))] AuditActor Actor,
    int? Key,
    string? Issuer,
    string? Subject,
    [property: JsonConverter(typeof(EnumNameConverter<AuditAction>))] AuditAction Action,
    [property: JsonPropertyName("object")] string Target,
    string RequestId,
    string Result,
    int Omitted)
{
    internal static AuditEntryResponse Of(AuditEntry entry) =>
        new(
            entry.Id,
            entry.At,
            entry.Origin.Actor,
            entry.Origin.Key,
            entry.Origin.Issuer,
            entry.Origin.Subject,
            entry.Action,
            entry.Target,
            entry.Origin.RequestId,
            entry.IsDone ? "done" : "refused",
            entry.Omitted);
}

/// <summary>Reads the audit log. No call changes it.</summary>
public sealed class AuditFunctions(ApiEndpoint endpoint, AuditLog log, TenantReader tenants)
{
    [Function("AuditList")]
    [RequiresScope(Scopes.AuditRead)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/audit")] HttpRequest request) =>
        endpoint.RunAsync(request, call => ListAsync(request, call.Caller.Tenant));

    /// <summary>
    /// Lists the entries of no tenant, or those of the tenant that the parameter <c>tenant</c> names.
    /// </summary>
    [Function("AdminAuditList")]
    [RequiresAdminKey]
    public Task ListAll(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/admin/audit")] HttpRequest request) =>
        endpoint.RunAsync(request, async () =>
        {
            var query = new QueryFields(request.Query);
            var (named, tenant) = (query.Text("tenant", Limits.Line), AuditLog.Administration);
            if (named is not null && !AdminIds.TryParseTenant(named, out tenant))
            {
                query.Fail("tenant", "Must be a tenant's number, such as 1.");
            }

            query.ThrowIfInvalid();
            if (named is not null)
            {
                await tenants.GetAsync(tenant, request.HttpContext.RequestAborted);
            }

            return await ListAsync(request, tenant);
        });

    private async Task<IResult> ListAsync(HttpRequest request, TenantId tenant)
    {
        var (cursor, pageSize) = PageQuery.Read(request);
        ListPage<AuditEntry> page = await log.ListAsync(
            tenant, cursor, pageSize, request.HttpContext.RequestAborted);
        return new JsonResult<CursorList<AuditEntryResponse>>(
            CursorList.Create([.. page.Items.Select(AuditEntryResponse.Of)], page.Next, page.Previous, request),
            AdminJson.Default.CursorListAuditEntryResponse);
    }
}
