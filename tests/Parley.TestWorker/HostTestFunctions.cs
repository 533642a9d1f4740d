using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Parley.Functions.Api.Access;

#pragma warning disable CA1822 // All functions are instance methods, whether they need their instance or not.

namespace Parley.TestWorker;

/// <summary>
/// Functions with the behaviour that tests of the host need. A file named by the query parameter <c>gate</c> lets a
/// function continue, or shows its progress.
/// </summary>
public sealed class HostTestFunctions(IConfiguration configuration)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);
    private static readonly Lock Writing = new();

    /// <summary>Sends an empty response.</summary>
    [Function("TestNothing")]
    [OpenToAll]
    public Task Nothing([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "test/nothing")] HttpRequest request) => Task.CompletedTask;

    /// <summary>Throws before the response starts.</summary>
    [Function("TestThrows")]
    [OpenToAll]
    public Task Throws([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "test/throws")] HttpRequest request) =>
        throw new NotSupportedException("at once");

    /// <summary>Throws after it has set a status and a header.</summary>
    [Function("TestFails")]
    [OpenToAll]
    public async Task Fails([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "test/fails")] HttpRequest request)
    {
        request.HttpContext.Response.Headers["X-Set-Before"] = "1";
        request.HttpContext.Response.StatusCode = 201;
        await Task.Yield();
        throw new NotSupportedException("later");
    }

    /// <summary>Throws after the first byte.</summary>
    [Function("TestBreaks")]
    [OpenToAll]
    public async Task Breaks([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "test/breaks")] HttpRequest request)
    {
        await request.HttpContext.Response.WriteAsync("a beginning");
        throw new NotSupportedException("in the middle");
    }

    /// <summary>Sends one part of the response, and the other part when the gate file exists.</summary>
    [Function("TestStreams")]
    [OpenToAll]
    public async Task Streams([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "test/streams")] HttpRequest request)
    {
        await request.HttpContext.Response.WriteAsync("first");
        while (!File.Exists(Gate(request)))
        {
            await Task.Delay(Interval, TimeProvider.System, request.HttpContext.RequestAborted);
        }

        await request.HttpContext.Response.WriteAsync("second");
    }

    /// <summary>Ends when its client disconnects. The gate file contains "entered", then "left".</summary>
    [Function("TestWaits")]
    [OpenToAll]
    public async Task Waits([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "test/waits")] HttpRequest request)
    {
        await File.AppendAllTextAsync(Gate(request), "entered ");
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, request.HttpContext.RequestAborted);
        }
        finally
        {
            await File.AppendAllTextAsync(Gate(request), "left");
        }
    }

    /// <summary>Returns the id of its process and the request that it received.</summary>
    [Function("TestEcho")]
    [OpenToAll]
    public Task Echo([HttpTrigger(AuthorizationLevel.Anonymous, "get", "post", Route = "test/echo/{value?}")] HttpRequest request, string? value) =>
        request.HttpContext.Response.WriteAsync(string.Create(
            CultureInfo.InvariantCulture, $"{Environment.ProcessId} {request.Method} {request.Path.Value}{request.QueryString} {request.Host} {value}"));

    /// <summary>
    /// Returns four lines: traceparent and tracestate of the request that it received, and of its invocation.
    /// </summary>
    [Function("TestTrace")]
    [OpenToAll]
    public Task Trace([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "test/trace")] HttpRequest request, FunctionContext context) =>
        request.HttpContext.Response.WriteAsync(string.Join(
            '\n', request.Headers.TraceParent, request.Headers.TraceState, context.TraceContext.TraceParent, context.TraceContext.TraceState));

    /// <summary>Adds two lines to the file of its process in the folder of the setting Test__Runs: the tick, its trace.</summary>
    [Function("TestTick")]
    public Task Tick([TimerTrigger("%TestSchedule%")] TimerInfo timer, FunctionContext context) =>
        RanAsync(timer.IsPastDue ? "late tick" : "tick", context);

    /// <summary>Adds the message and its trace to the same file, or throws if the message requires it.</summary>
    [Function("TestMessage")]
    public Task Message([QueueTrigger("%TestQueue%")] string message, FunctionContext context) =>
        message == "throw" ? throw new NotSupportedException("The message says so.") : RanAsync(message, context);

    private static string Gate(HttpRequest request) => request.Query["gate"].ToString();

    private Task RanAsync(string what, FunctionContext context)
    {
        // A file that is being written cannot be opened, and functions run at the same time.
        lock (Writing)
        {
            File.AppendAllLines(
                Path.Combine(configuration["Test:Runs"]!, $"{Environment.ProcessId}"), [what, $"trace {context.TraceContext.TraceParent}"]);
        }

        return Task.CompletedTask;
    }
}
