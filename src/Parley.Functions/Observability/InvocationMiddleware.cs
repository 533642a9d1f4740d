using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Parley.Core;
using Parley.Functions.Api;

namespace Parley.Functions.Observability;

/// <summary>
/// The outermost middleware: gives every invocation a W3C trace, also when nothing is exported, and describes and
/// measures it.
/// </summary>
public sealed class InvocationMiddleware(MeasuredTenants tenants, TimeProvider time) : IFunctionsWorkerMiddleware
{
    /// <inheritdoc/>
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        // The worker starts a span only when something listens, and for timers not always.
        using var own = Activity.Current is null ? StartUnexported(context.TraceContext.TraceParent) : null;
        if (context.GetHttpContext() is { } http)
        {
            await next(context);
            Describe(http);
        }
        else
        {
            await MeasureAsync(context, next);
        }
    }

    private static Activity StartUnexported(string? parent)
    {
        var activity = new Activity("Invoke");
        if (ActivityContext.TryParse(parent, null, out var context))
        {
            activity.SetParentId(context.TraceId, context.SpanId);
        }

        return activity.Start();
    }

    private void Describe(HttpContext http)
    {
        if (http.Features.Get<Call>() is { } call && tenants.NameOf(call.Caller.Tenant) is { } tenant)
        {
            http.Features.Get<IHttpMetricsTagsFeature>()?.Tags.Add(new("parley.tenant", tenant));
        }

        if (Activity.Current is { IsAllDataRequested: true } span)
        {
            var status = http.Response.StatusCode;
            span.SetTag("http.request.method", http.Request.Method);
            span.SetTag("http.route", ApiEndpoint.RouteOf(http));
            span.SetTag("http.response.status_code", status);
            if (status >= StatusCodes.Status500InternalServerError)
            {
                span.SetStatus(ActivityStatusCode.Error);
            }
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Every exception is counted and thrown again.")]
    private async Task MeasureAsync(FunctionContext context, FunctionExecutionDelegate next)
    {
        var function = context.FunctionDefinition;
        var isTimer = function.InputBindings.Values.Any(
            binding => binding.Type.Equals("timerTrigger", StringComparison.OrdinalIgnoreCase));
        var (trigger, began) = (isTimer ? "timer" : "pubsub", time.GetTimestamp());
        Exception? failure = null;
        try
        {
            await next(context);
        }
        catch (Exception e)
        {
            failure = e;
            throw;
        }
        finally
        {
            Telemetry.Invoked(function.Name, trigger, time.GetElapsedTime(began), failure);
        }
    }
}
