using System.Text;
using Microsoft.AspNetCore.Http;
using Parley.DevHost.Http;
using Parley.DevHost.Settings;
using Parley.DevHost.Triggers;
using Parley.DevHost.Worker;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.DevHost;

public sealed class AdminEndpointTests : IAsyncLifetime, IDisposable
{
    private readonly TriggerStage stage = new();
    private readonly Dictionary<string, TriggerListener> listeners = new(StringComparer.OrdinalIgnoreCase);

    public async Task InitializeAsync()
    {
        var settings = new Dictionary<string, string?> { ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync() };
        foreach (var function in (AppFunction[])[
            TriggerStage.Function("TakesMessages", new TriggerBinding { Name = "message", Type = "queueTrigger", QueueName = "no-such-queue" }),
            TriggerStage.Function("Ticks", new TriggerBinding { Name = "timer", Type = "timerTrigger", Schedule = "0 0 0 1 1 *" })])
        {
            listeners.Add(function.Name, stage.NewListener(function, settings, new QueueSettings(), TimeProvider.System));
        }
    }

    public async Task DisposeAsync()
    {
        foreach (var listener in listeners.Values)
        {
            await listener.DisposeAsync();
        }
    }

    public void Dispose() => stage.Dispose();

    [Theory]
    [InlineData("TakesMessages", """{"input":"hello"}""", "hello")]
    [InlineData("takesMESSAGES", """{"input":""}""", "")]
    [InlineData("Ticks", """{"input":""}""", "tick")]
    [InlineData("Ticks", "{}", "tick")]
    public async Task A_function_is_started_at_once_and_the_response_does_not_wait_for_it(string name, string body, string expected)
    {
        stage.OnRun = stage.WaitAtGateAsync;
        Assert.Equal(202, await PostAsync("Bearer the-key-that-is-long-enough-to-be-one", name, body));
        await Eventually.TrueAsync(() => stage.Running == 1);
        Assert.Equal([expected], stage.Began);
        stage.Gate.Release();
        await Eventually.TrueAsync(() => stage.Ended == 1);
    }

    [Theory]
    [InlineData(null, "Ticks", "{}", 401)]
    [InlineData("Bearer ", "Ticks", "{}", 401)]
    [InlineData("Bearer the-ke", "Ticks", "{}", 401)]
    [InlineData("Bearer THE-KEY", "Ticks", "{}", 401)]
    [InlineData("Basic the-key-that-is-long-enough-to-be-one", "Ticks", "{}", 401)]
    // Without the key, a caller cannot find out which functions exist.
    [InlineData("Bearer wrong", "Unknown", "{}", 401)]
    [InlineData("Bearer the-key-that-is-long-enough-to-be-one", "Unknown", "{}", 404)]
    [InlineData("Bearer the-key-that-is-long-enough-to-be-one", "TakesMessages", "{}", 400)]
    [InlineData("Bearer the-key-that-is-long-enough-to-be-one", "TakesMessages", """{"input":5}""", 400)]
    [InlineData("Bearer the-key-that-is-long-enough-to-be-one", "TakesMessages", "", 400)]
    [InlineData("Bearer the-key-that-is-long-enough-to-be-one", "Ticks", "{", 400)]
    [InlineData("Bearer the-key-that-is-long-enough-to-be-one", "Ticks", "null", 400)]
    public async Task A_refused_request_runs_no_function(string? authorization, string name, string body, int expected)
    {
        Assert.Equal(expected, await PostAsync(authorization, name, body));
        await Task.WhenAll(listeners.Values.Select(listener => listener.StopAsync()));
        Assert.Empty(stage.Began);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public async Task Without_an_admin_key_every_request_is_refused(string? key) => Assert.Equal(401, await PostAsync("Bearer ", "Ticks", "{}", key));

    [Theory]
    [InlineData("POST", "/admin/functions/Ticks", true)]
    [InlineData("POST", "/ADMIN/functions/Ticks", true)]
    [InlineData("GET", "/admin/functions/Ticks", false)]
    [InlineData("POST", "/api/admin/functions/Ticks", false)]
    [InlineData("POST", "/admin/functions/", false)]
    public void The_endpoint_is_at_the_root_and_accepts_only_POST(string method, string path, bool expected)
    {
        var context = new DefaultHttpContext { Request = { Method = method, Path = path } };
        Assert.Equal(expected, AdminEndpoint.Matches(context.Request, out var name));
        Assert.Equal(expected, name == "Ticks" && method == "POST");
    }

    [Fact]
    public async Task A_failed_run_is_logged_and_a_stopping_listener_waits_for_one()
    {
        stage.OnRun = async (what, cancellationToken) =>
        {
            await stage.WaitAtGateAsync(what, cancellationToken);
            throw new NotSupportedException("no");
        };
        Assert.Equal(202, await PostAsync("Bearer the-key-that-is-long-enough-to-be-one", "Ticks", "{}"));
        await Eventually.TrueAsync(() => stage.Running == 1);
        var stopping = listeners["Ticks"].StopAsync();
        Assert.False(stopping.IsCompleted);
        stage.Gate.Release();
        await stopping.WaitAsync(Wait.Limit);
        Assert.Equal(["Function Ticks failed on an administrator's request."], stage.Errors);
    }

    private async Task<int> PostAsync(string? authorization, string name, string body, string? key = "the-key-that-is-long-enough-to-be-one")
    {
        var context = new DefaultHttpContext { Request = { Method = "POST", Body = new MemoryStream(Encoding.UTF8.GetBytes(body)) } };
        context.Request.Headers.Authorization = authorization;
        await new AdminEndpoint(key, listeners.GetValueOrDefault).HandleAsync(context, name);
        return context.Response.StatusCode;
    }
}
