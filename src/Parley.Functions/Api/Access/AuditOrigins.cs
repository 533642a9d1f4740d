using Microsoft.AspNetCore.Http;
using Parley.Functions.Api.Responses;
using Parley.Tenants;
using Parley.Tenants.Audit;

namespace Parley.Functions.Api.Access;

/// <summary>The origin of an administrative call, for the audit log.</summary>
internal static class AuditOrigins
{
    public static AuditOrigin OfAdministrator(HttpRequest request) =>
        new(AuditActor.Administrator, Key: null, ProblemResult.TraceId(request.HttpContext));

    public static AuditOrigin OfStranger(HttpContext context) =>
        new(AuditActor.Unknown, Key: null, ProblemResult.TraceId(context));

    public static AuditOrigin Of(HttpContext context, Caller caller) =>
        caller.Subject is { } subject
            ? new(AuditActor.Subject, Key: null, ProblemResult.TraceId(context))
            {
                Issuer = subject.Issuer,
                Subject = subject.Id,
            }
            : new(AuditActor.Key, caller.Number, ProblemResult.TraceId(context));
}
