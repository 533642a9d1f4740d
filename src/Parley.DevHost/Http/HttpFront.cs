using System.Net;
using System.Text;
using Parley.DevHost.Common;
using Parley.DevHost.Worker;
using Yarp.ReverseProxy.Forwarder;

namespace Parley.DevHost.Http;

/// <summary>
/// Answers requests as the Functions host does: finds the function, starts its invocation, and forwards the request to the worker's own
/// web server, where the invocation waits for it.
/// </summary>
internal sealed partial class HttpFront(IHttpForwarder forwarder, ILogger<HttpFront> logger) : IDisposable
{
    /// <summary>The header by which the worker finds the invocation that a request belongs to.</summary>
    private const string InvocationId = "x-ms-invocation-id";

    /// <summary>The Functions host cuts a response that has had no byte for so long.</summary>
    private static readonly ForwarderRequestConfig Config = new() { ActivityTimeout = TimeSpan.FromSeconds(240) };

    /// <summary>An answer of a function's own is followed by its end in milliseconds.</summary>
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

    /// <summary>From now on these functions answer. Before, every request is told to come back.</summary>
    public void Serve(HttpRoutes routes, WorkerSlot worker) => target = new Target(routes, worker);

    /// <summary>
    /// Answers one request: with an empty 404 when no function matches, and an empty 500 when the function throws. While there is no
    /// worker it answers 503 with Retry-After, where the Functions host keeps the request waiting.
    /// </summary>
    public async Task HandleAsync(HttpContext context)
    {
        if (target is not { } now)
        {
            AnswerUnavailable(context.Response);
        }
        else if (now.Routes.Match(context.Request) is not { } match)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
        else if (HasOtherThanAscii(context.Request.Headers))
        {
            // The Functions host cannot forward it either, and answers the same after 15 s.
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        }
        else if (now.Worker.Current is not { } worker)
        {
            AnswerUnavailable(context.Response);
        }
        else
        {
            await ForwardAsync(context, worker, match.Function, match.Values);
        }
    }

    public void Dispose() => client.Dispose();

    private static void AnswerUnavailable(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        response.Headers.RetryAfter = "1";
    }

    private static bool HasOtherThanAscii(IHeaderDictionary headers)
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

    private async Task ForwardAsync(HttpContext context, RunningWorker worker, AppFunction function, RouteValueDictionary values)
    {
        var id = RandomId.New();
        context.Request.Headers[InvocationId] = id;
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var running = worker.InvokeAsync(function.Name, id, function.Trigger.Name, TriggerValue.Request(values), leaving.Token);
        var error = await forwarder.SendAsync(context, worker.HttpAddress, client, Config, HttpTransformer.Default);
        if (error == ForwarderError.None && !await IsRefusedAsync(context.Response, running))
        {
            await EndAsync(context, function, running);
            return;
        }

        // The function is asked to end, and nobody waits for it: it did not get the request, or its answer could not be passed on.
        LogNotForwarded(context.GetForwarderErrorFeature()?.Exception, function.Name, error);
        worker.Abandon(id);
        await leaving.CancelAsync();
        _ = running.ContinueWith(static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        if (error != ForwarderError.None && context.Response.StatusCode == StatusCodes.Status502BadGateway)
        {
            Replace(context, AnswerUnavailable);
        }
    }

    /// <summary>
    /// Whether the worker's web server refused the request by itself, for its headers or its form. The function then waits for it in vain, and
    /// does not end; that of an answer of its own does.
    /// </summary>
    private static async Task<bool> IsRefusedAsync(HttpResponse response, Task running)
    {
        if (response.StatusCode is not (StatusCodes.Status400BadRequest or StatusCodes.Status431RequestHeaderFieldsTooLarge))
        {
            return false;
        }

        await running.WaitAsync(RefusalLimit, TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !running.IsCompleted;
    }

    /// <summary>Waits for the end of a function whose answer has been forwarded.</summary>
    private async Task EndAsync(HttpContext context, AppFunction function, Task running)
    {
        try
        {
            await running;
        }
        catch (WorkerLostException)
        {
            // It had answered, and the answer is whole.
        }
        catch (FunctionFailedException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client left: there is nobody to answer, and nothing failed.
        }
        catch (FunctionFailedException e)
        {
            LogFailed(function.Name, e.Message);
            Replace(context, response => response.StatusCode = StatusCodes.Status500InternalServerError);
        }
    }

    /// <summary>Answers otherwise than the worker did, or cuts the connection when its first bytes have left.</summary>
    private static void Replace(HttpContext context, Action<HttpResponse> answer)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.Clear();
        answer(context.Response);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "Function {Function} failed: {Reason}")]
    partial void LogFailed(string function, string reason);

    [LoggerMessage(EventId = 9, Level = LogLevel.Debug, Message = "A request to function {Function} could not be forwarded: {Error}.")]
    partial void LogNotForwarded(Exception? exception, string function, ForwarderError error);

    private sealed record Target(HttpRoutes Routes, WorkerSlot Worker);
}
