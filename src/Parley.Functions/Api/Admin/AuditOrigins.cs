using Microsoft.AspNetCore.Http;
using Parley.Functions.Api.Responses;
using Parley.Tenants.Audit;

namespace Parley.Functions.Api.Admin;

/// <summary>The origin of an administrative call, for the audit log.</summary>
internal static class AuditOrigins
{
    public static AuditOrigin OfAdministrator(HttpRequest request) =>
        new(AuditActor.Administrator, Key: null, ProblemResult.TraceId(request.HttpContext));

    public static AuditOrigin Of(Call call) =>
        new(AuditActor.Key, call.Caller.Number, ProblemResult.TraceId(call.Request.HttpContext));
}
