using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Parley.Core;
using Parley.Functions.Api;
using Parley.Tenants;

namespace Parley.Functions.Observability;

/// <summary>
/// The first of Parley's middlewares: gives every invocation a W3C trace, also when nothing is exported, and describes
/// and measures it.
/// </summary>
public sealed class InvocationMiddleware(MeasuredTenants tenants, TimeProvider time) : IFunctionsWorkerMiddleware
{
    /// <inheritdoc/>
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        // The worker starts a span only when something listens to it.
        using var own = Activity.Current is null ? Telemetry.StartInvocation(context.TraceContext.TraceParent) : null;
        if (context.GetHttpContext() is { } http)
        {
            try
            {
                await next(context);
            }
            finally
            {
                Describe(http);
            }
        }
        else
        {
            await MeasureAsync(context, next);
        }
    }

    private void Describe(HttpContext http)
    {
        if (http.Features.Get<Caller>() is { } caller && tenants.NameOf(caller.Tenant) is { } tenant)
        {
            http.Features.Get<IHttpMetricsTagsFeature>()?.Tags.Add(new("parley.tenant", tenant));
        }

        if (Activity.Current is { IsAllDataRequested: true } span)
        {
            var status = http.Response.StatusCode;
            span.SetTag("http.request.method", ApiEndpoint.MethodOf(http));
            span.SetTag("http.route", ApiEndpoint.RouteOf(http));
            span.SetTag("http.response.status_code", status);
            if (status >= StatusCodes.Status500InternalServerError)
            {
                span.SetStatus(ActivityStatusCode.Error);
            }
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Every exception is counted and thrown on.")]
    private async Task MeasureAsync(FunctionContext context, FunctionExecutionDelegate next)
    {
        var function = context.FunctionDefinition;
        var isTimer = function.InputBindings.Values.Any(
            binding => binding.Type.Equals("timerTrigger", StringComparison.OrdinalIgnoreCase));
        var (trigger, began) = (isTimer ? PrivateSpans.Timer : "pubsub", time.GetTimestamp());
        Activity.Current?.SetTag(PrivateSpans.Trigger, trigger);
        Exception? failure = null;
        try
        {
            await next(context);
        }
        catch (Exception e)
        {
            failure = e;

            // The worker and the host log it, with its message.
            throw PrivateException.Of(e);
        }
        finally
        {
            Telemetry.Invoked(function.Name, trigger, time.GetElapsedTime(began), failure);
        }
    }
}
