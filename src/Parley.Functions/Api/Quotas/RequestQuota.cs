using Microsoft.AspNetCore.Http;
using Parley.Core;
using Parley.Functions.Api.Responses;
using Parley.Tenants.Limits;

namespace Parley.Functions.Api.Quotas;

/// <summary>What a request uses of its caller's quotas. It is a feature of the request, if a limit applies.</summary>
internal sealed class RequestQuota
{
    private readonly QuotaUse use;

    // What the response gives back if the request creates nothing.
    private LimitUnits created;

    // The response is a 429 of a bound on concurrent work, which no quota refused.
    private bool isOverBound;

    private RequestQuota(QuotaUse use, LimitUnits created) => (this.use, this.created) = (use, created);

    /// <summary>Uses one request and what the function creates, and counts the body's bytes from now on.</summary>
    /// <param name="request">The request.</param>
    /// <param name="use">The caller's quotas; null when no limit applies.</param>
    /// <param name="costs">What the function creates.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.QuotaExceeded"/>.</exception>
    public static void Take(HttpRequest request, QuotaUse? use, LimitUnits costs)
    {
        if (use is null)
        {
            return;
        }

        // Set first: the response of a refused request names the policies too.
        var quota = new RequestQuota(use, LimitUnits.None);
        request.HttpContext.Features.Set(quota);
        var hasBody = HttpMethods.IsPost(request.Method) || HttpMethods.IsPut(request.Method)
            || HttpMethods.IsPatch(request.Method);
        use.Take(LimitUnits.Requests | costs | (hasBody ? LimitUnits.Bytes : LimitUnits.None));
        quota.created = costs;
        if (hasBody && use.Policies.Any(policy => policy.Unit == LimitUnits.Bytes))
        {
            request.Body = new MeasuredBody(request.Body, use.UseBytes);
        }
    }

    /// <summary>Sets the header fields of a response, with the state of this moment.</summary>
    public static void Decorate(HttpContext context)
    {
        if (context.Features.Get<RequestQuota>() is { } quota)
        {
            context.Response.Headers[RateLimitFields.Policy] = RateLimitFields.FormatPolicies(quota.use.Policies);

            // An empty list is not sent (RFC 9651, section 3.1): the request may draw on none of the policies.
            if (!quota.isOverBound && quota.use.ReadStates() is { Count: > 0 } states)
            {
                context.Response.Headers[RateLimitFields.Limit] = RateLimitFields.FormatStates(states);
            }
        }
    }

    /// <summary>Gives back what a failed request did not create.</summary>
    public static void Failed(HttpContext context, ParleyException problem)
    {
        if (context.Features.Get<RequestQuota>() is { } quota
            && problem.Code != ErrorCode.StorageUnavailable
            && problem.Code != ErrorCode.InternalError)
        {
            quota.Return();
            quota.isOverBound = problem.Code == ErrorCode.QuotaExceeded
                && !quota.use.Policies.Any(policy => problem.ViolatedPolicies!.Contains(policy.Name));
        }
    }

    /// <summary>Gives back what a replay did not create: only the response knows that it is one.</summary>
    public static void Completed(HttpContext context)
    {
        if (context.Response.Headers.ContainsKey(ReplayedHeader.Name))
        {
            context.Features.Get<RequestQuota>()?.Return();
        }
    }

    private void Return()
    {
        use.Return(created);
        created = LimitUnits.None;
    }
}
