using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Quotas;
using Parley.Functions.Api.Responses;
using Parley.Storage;
using Parley.Storage.ChangeLog;
using Parley.Tenants;

namespace Parley.Functions.Api;

/// <summary>
/// The pipeline of every HTTP function. It maps every exception to a response, including those of authorization and
/// those that are thrown while a result is written. Every response, whatever its status, gets the headers for pages of
/// other origins. The pipeline executes the result itself, because the worker would serialize a returned result a
/// second time and lose its exceptions.
/// </summary>
public sealed partial class ApiEndpoint(
    Authorization authorization,
    KeyGuard guard,
    CorsPolicy cors,
    PublicOrigin origin,
    ProblemFormats problems,
    TimeProvider time,
    ILogger<ApiEndpoint> logger)
{
    private static readonly FrozenSet<string> KnownMethods = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT");

    /// <summary>Runs a handler of a function for API keys.</summary>
    public async Task RunAsync(HttpRequest request, Func<Call, Task<IResult>> handler)
    {
        var context = request.HttpContext;
        var call = context.Features.Get<Call>();
        try
        {
            ChangeActor.Set(call is null ? null : ActorOf(call.Caller));
            await GuardAsync(context, () => call is null
                ? throw new InvalidOperationException("The request has not been authorized.")
                : guard.RunAsync(context, call.Caller, () => ExecuteAsync(context, () => handler(call))));
        }
        finally
        {
            call?.Release();
        }
    }

    /// <summary>
    /// Runs a handler that needs no API key. If it changes something, it is the administrator's.
    /// </summary>
    public async Task RunAsync(HttpRequest request, Func<Task<IResult>> handler)
    {
        ChangeActor.Set(ChangeActor.Administrator);
        await GuardAsync(request.HttpContext, () => ExecuteAsync(request.HttpContext, handler));
    }

    /// <summary>Decides whether a request may reach its function; otherwise writes the problem.</summary>
    internal async Task<bool> TryAuthorizeAsync(HttpContext context, Func<FunctionAccess> access)
    {
        var isAuthorized = false;
        await GuardAsync(context, async () =>
        {
            var caller = await authorization.AuthorizeAsync(context.Request, access());
            context.Features.Set(caller is null ? null : new Call(context.Request, caller));
            isAuthorized = true;
        });
        return isAuthorized;
    }

    private static ChangeActor ActorOf(Caller caller) =>
        new(caller.Subject is null ? caller.Number : null, caller.Name);

    private async Task ExecuteAsync(HttpContext context, Func<Task<IResult>> handler)
    {
        context.Response.Body = new BoundedResponseBody(context.Response.Body, context.Abort, time);
        var result = await handler();
        RequestQuota.Decorate(context);
        await result.ExecuteAsync(context);
        RequestQuota.Completed(context);
    }

    [SuppressMessage("Design", "CA1031", Justification = "Every exception must become a response.")]
    private async Task GuardAsync(HttpContext context, Func<Task> action)
    {
        context.Features.Set(origin);
        context.Features.Set(problems);
        cors.Decorate(context);
        try
        {
            await action();
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested
            && (e is OperationCanceledException or AggregateException or IOException))
        {
            // The client has disconnected, so no response can be sent. Azure.Core wraps the cancellation in an
            // AggregateException when an earlier attempt has failed.
        }
        catch (ReaderStalledException)
        {
            // The connection is cut off already.
        }
        catch (Exception e)
        {
            await WriteProblemAsync(context, e);
        }
    }

    private async Task WriteProblemAsync(HttpContext context, Exception exception)
    {
        var problem = exception switch
        {
            ParleyException known => known,
            _ when StorageErrors.IsOutcomeUnknown(exception, context.RequestAborted) =>
                ParleyException.StorageUnavailable("Storage does not answer. Try again.", exception),
            _ => new ParleyException(
                ErrorCode.InternalError,
                "Something went wrong on our side; it has been logged under the traceId.",
                exception),
        };
        await authorization.RecordAsync(context, problem);
        var traceId = ProblemResult.TraceId(context);
        if (problem.Code == ErrorCode.InternalError)
        {
            LogFailure(logger, PrivateException.Of(exception), MethodOf(context), RouteOf(context), traceId);
        }
        else if (problem.Code == ErrorCode.StorageUnavailable && !problem.IsLogged)
        {
            Telemetry.WorkFailed("storage");
            LogStorage(logger, PrivateException.Of(exception), MethodOf(context), RouteOf(context), traceId);
        }

        if (context.Response.HasStarted)
        {
            // A client must not take a partial response for a complete one.
            context.Abort();
            return;
        }

        context.Response.Clear();
        cors.Decorate(context);
        RequestQuota.Failed(context, problem);
        RequestQuota.Decorate(context);
        await new ProblemResult(problem).ExecuteAsync(context);
    }

    /// <summary>The method, if it is one of RFC 9110 or PATCH: others are a client's text.</summary>
    internal static string MethodOf(HttpContext context) =>
        KnownMethods.TryGetValue(context.Request.Method, out var method) ? method : "_OTHER";

    /// <summary>The template and not the path, which is a client's text.</summary>
    internal static string RouteOf(HttpContext context) =>
        (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "an unknown route";

    [LoggerMessage(2001, LogLevel.Error, "{Method} {Route} failed (trace {TraceId}).")]
    private static partial void LogFailure(
        ILogger logger,
        Exception exception,
        string method,
        string route,
        string traceId);

    [LoggerMessage(2002, LogLevel.Warning, "{Method} {Route}: storage does not answer (trace {TraceId}).")]
    private static partial void LogStorage(
        ILogger logger,
        Exception exception,
        string method,
        string route,
        string traceId);
}
