using System.Net;
using System.Text;
using Microsoft.Extensions.Primitives;
using Parley.DevHost.Common;
using Parley.DevHost.Worker;
using Yarp.ReverseProxy.Forwarder;

namespace Parley.DevHost.Http;

/// <summary>
/// Handles requests as the Functions host does: finds the function, starts its invocation, and forwards the request to
/// the worker's own web server, where the invocation waits for it.
/// </summary>
internal sealed partial class HttpFront(IHttpForwarder forwarder, ILogger<HttpFront> logger) : IDisposable
{
    /// <summary>The header by which the worker finds the invocation of a request.</summary>
    private const string InvocationId = "x-ms-invocation-id";

    /// <summary>The Functions host aborts a response that was idle for this time.</summary>
    private static readonly ForwarderRequestConfig Config = new() { ActivityTimeout = TimeSpan.FromSeconds(240) };

    /// <summary>
    /// Maximum wait for the end of a function that may have sent the response: it then ends within milliseconds.
    /// </summary>
    private static readonly TimeSpan RefusalLimit = TimeSpan.FromSeconds(1);

    private readonly HttpMessageInvoker client = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        ActivityHeadersPropagator = null,
    });

    private volatile Target? target;

    /// <summary>Starts to forward requests to these functions. Before this call, every response is 503.</summary>
    public void Serve(HttpRoutes routes, WorkerSlot worker) => target = new Target(routes, worker);

    /// <summary>
    /// Handles one request. The response is an empty 404 if no function matches, and an empty 500 if the function
    /// throws. While no worker is running, it is 503 with Retry-After; the Functions host delays the request instead.
    /// </summary>
    public async Task HandleAsync(HttpContext context)
    {
        if (target is not { } now)
        {
            SetUnavailable(context.Response);
        }
        else if (now.Routes.Match(context.Request) is not { } match)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
        else if (HasNonAscii(context.Request.Headers))
        {
            // The Functions host cannot forward such a request either, and returns the same status after 15 s.
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        }
        else if (now.Worker.Current is not { } worker)
        {
            SetUnavailable(context.Response);
        }
        else
        {
            await ForwardAsync(context, worker, match.Function, match.Values);
        }
    }

    public void Dispose() => client.Dispose();

    private static void SetUnavailable(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        response.Headers.RetryAfter = "1";
    }

    private static bool HasNonAscii(IHeaderDictionary headers)
    {
        foreach (var header in headers)
        {
            foreach (var value in header.Value)
            {
                if (!Ascii.IsValid(value))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private async Task ForwardAsync(
        HttpContext context, RunningWorker worker, AppFunction function, RouteValueDictionary values)
    {
        var id = RandomId.New();
        context.Request.Headers[InvocationId] = id;
        var trace = TraceContext.Continue(context.Request.Headers.TraceParent, context.Request.Headers.TraceState);
        context.Request.Headers.TraceParent = trace.Parent;
        context.Request.Headers.TraceState = trace.State.Length > 0 ? trace.State : default(StringValues);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var running = worker.InvokeAsync(
            function.Name,
            id,
            function.Trigger.Name,
            TriggerValue.Request(values),
            trace,
            leaving.Token);
        var error = await forwarder.SendAsync(context, worker.HttpAddress, client, Config, HttpTransformer.Default);
        if (error == ForwarderError.None && !await IsRefusedAsync(context.Response, running))
        {
            await EndAsync(context, function, running);
            return;
        }

        // The function did not get the request, or its response could not be forwarded: cancel it without waiting.
        LogNotForwarded(context.GetForwarderErrorFeature()?.Exception, function.Name, error);
        worker.Abandon(id);
        await leaving.CancelAsync();
        _ = running.ContinueWith(
            static ended => ended.Exception,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        if (error != ForwarderError.None && context.Response.StatusCode == StatusCodes.Status502BadGateway)
        {
            Replace(context, SetUnavailable);
        }
    }

    /// <summary>
    /// True if the worker's web server rejected the request itself, because of its headers or its format. The function
    /// then never gets the request and does not end. A function that sent the response does end.
    /// </summary>
    private static async Task<bool> IsRefusedAsync(HttpResponse response, Task running)
    {
        if (response.StatusCode
            is not (StatusCodes.Status400BadRequest or StatusCodes.Status431RequestHeaderFieldsTooLarge))
        {
            return false;
        }

        await running.WaitAsync(RefusalLimit, TimeProvider.System)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !running.IsCompleted;
    }

    /// <summary>Waits for the end of a function whose response has been forwarded.</summary>
    private async Task EndAsync(HttpContext context, AppFunction function, Task running)
    {
        try
        {
            await running;
        }
        catch (WorkerLostException)
        {
            // The complete response was forwarded before the worker ended.
        }
        catch (FunctionFailedException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client disconnected: no response is possible, and this is not a failure of the function.
        }
        catch (FunctionFailedException e)
        {
            LogFailed(function.Name, e.Message);
            Replace(context, response => response.StatusCode = StatusCodes.Status500InternalServerError);
        }
    }

    /// <summary>Replaces the worker's response, or aborts the connection if the response has started.</summary>
    private static void Replace(HttpContext context, Action<HttpResponse> write)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.Clear();
        write(context.Response);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "Function {Function} failed: {Reason}")]
    partial void LogFailed(string function, string reason);

    [LoggerMessage(
        EventId = 9,
        Level = LogLevel.Debug,
        Message = "A request to function {Function} could not be forwarded: {Error}.")]
    partial void LogNotForwarded(Exception? exception, string function, ForwarderError error);

    private sealed record Target(HttpRoutes Routes, WorkerSlot Worker);
}
