using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Storage;
using Parley.Tenants;

namespace Parley.Functions.Api;

/// <summary>An authenticated request.</summary>
public sealed record Call(HttpRequest Request, Caller Caller)
{
    /// <summary>
    /// Cancelled when the client disconnects. HTTP functions have no CancellationToken parameter, because a query
    /// parameter of its name can break it.
    /// </summary>
    public CancellationToken Cancellation => Request.HttpContext.RequestAborted;
}

/// <summary>
/// The pipeline of every HTTP function. It authenticates the caller, checks the scope and maps every exception to a
/// response, including exceptions that are thrown while a result is written. Every response, whatever its status, gets
/// the headers for pages of other origins. The pipeline executes the result itself, because the worker would serialize
/// a returned result a second time and lose its exceptions.
/// </summary>
public sealed partial class ApiEndpoint(
    Authenticator authenticator,
    CorsPolicy cors,
    PublicOrigin origin,
    ILogger<ApiEndpoint> logger)
{
    /// <summary>Runs a handler for callers whose API key has the scope.</summary>
    public Task RunAsync(HttpRequest request, Scopes scope, Func<Call, Task<IResult>> handler) =>
        RunAsync(request, async () => await handler(new Call(request, await AuthorizeAsync(request, scope))));

    /// <summary>Runs a handler that authenticates the caller itself or is open to all.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "Every exception must become a response.")]
    public async Task RunAsync(HttpRequest request, Func<Task<IResult>> handler)
    {
        var context = request.HttpContext;
        context.Features.Set(origin);
        cors.Decorate(context);
        try
        {
            var result = await handler();
            await result.ExecuteAsync(context);
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested
            && (e is OperationCanceledException or AggregateException or IOException))
        {
            // The client has disconnected, so no response can be sent. Azure.Core wraps the cancellation in an
            // AggregateException when an earlier attempt has failed.
        }
        catch (Exception e)
        {
            await WriteProblemAsync(context, e);
        }
    }

    private async Task<Caller> AuthorizeAsync(HttpRequest request, Scopes scope)
    {
        var token = ApiKeyToken.FromHeader(request.Headers.Authorization.ToString());
        var caller = await authenticator.AuthenticateAsync(token, request.HttpContext.RequestAborted);
        if (RequestHeaders.ReadTenant(request) is { } tenant
            && (!TenantId.TryParse(tenant, out var id) || id != caller.Tenant))
        {
            throw ErrorCode.TenantForbidden.With("The API key does not reach the tenant that X-Tenant names.");
        }

        return caller.Scopes.HasFlag(scope)
            ? caller
            : throw ErrorCode.ScopeMissing.With($"The API key lacks the scope {string.Join(", ", scope.Names())}.");
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
        var traceId = ProblemResult.TraceId(context);
        if (problem.Code == ErrorCode.InternalError)
        {
            LogFailure(logger, exception, context.Request.Method, context.Request.Path, traceId);
        }
        else if (problem.Code == ErrorCode.StorageUnavailable)
        {
            LogStorage(logger, exception, context.Request.Method, context.Request.Path, traceId);
        }

        if (context.Response.HasStarted)
        {
            // A client must not take a partial response for a complete one.
            context.Abort();
            return;
        }

        context.Response.Clear();
        cors.Decorate(context);
        await new ProblemResult(problem).ExecuteAsync(context);
    }

    [LoggerMessage(2001, LogLevel.Error, "{Method} {Path} failed (trace {TraceId}).")]
    private static partial void LogFailure(
        ILogger logger,
        Exception exception,
        string method,
        string path,
        string traceId);

    [LoggerMessage(2002, LogLevel.Warning, "{Method} {Path}: storage does not answer (trace {TraceId}).")]
    private static partial void LogStorage(
        ILogger logger,
        Exception exception,
        string method,
        string path,
        string traceId);
}
