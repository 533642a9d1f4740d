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

    /// <summary>Adds a line to the file of its process in the folder of the setting Test__Runs.</summary>
    [Function("TestTick")]
    public Task Tick([TimerTrigger("%TestSchedule%")] TimerInfo timer) => RanAsync(timer.IsPastDue ? "late tick" : "tick");

    /// <summary>Adds the message to the same file, or throws if the message requires it.</summary>
    [Function("TestMessage")]
    public Task Message([QueueTrigger("%TestQueue%")] string message) =>
        message == "throw" ? throw new NotSupportedException("The message says so.") : RanAsync(message);

    private static string Gate(HttpRequest request) => request.Query["gate"].ToString();

    private Task RanAsync(string what) => File.AppendAllLinesAsync(Path.Combine(configuration["Test:Runs"]!, $"{Environment.ProcessId}"), [what]);
}
