using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Parley.LocalHost;
using Parley.Testing;
using Xunit;

#pragma warning disable CA1822 // Functions are instance methods, whether they need their instance or not.

namespace Parley.Tests.Hosting;

#pragma warning disable CA1001 // The stage goes with the host, which disposes it as its logger provider.
public sealed class AdminEndpointTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly TriggerStage stage = new();
    private ParleyHost host = null!;
    private HttpClient http = null!;

    public async Task InitializeAsync()
    {
        host = await StartAsync("the-key");
        http = host.NewClient();
    }

    public async Task DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
    }

    [Theory]
    [InlineData("TakesMessages", """{"input":"hello"}""", "hello")]
    [InlineData("takesMESSAGES", """{"input":""}""", "")]
    [InlineData("Ticks", """{"input":""}""", "tick")]
    [InlineData("Ticks", "{}", "tick")]
    public async Task It_runs_a_function_at_once_and_does_not_wait_for_it(string name, string body, string expected)
    {
        stage.OnRun = stage.WaitAtGateAsync;
        Assert.Equal(202, await PostAsync("Bearer the-key", name, body));
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
    [InlineData("Basic the-key", "Ticks", "{}", 401)]
    // Who has no key does not learn which functions there are.
    [InlineData("Bearer wrong", "Unknown", "{}", 401)]
    [InlineData("Bearer the-key", "Unknown", "{}", 404)]
    [InlineData("Bearer the-key", "Web", "{}", 404)]
    [InlineData("Bearer the-key", "Disabled", "{}", 404)]
    [InlineData("Bearer the-key", "TakesMessages", "{}", 400)]
    [InlineData("Bearer the-key", "TakesMessages", """{"input":5}""", 400)]
    [InlineData("Bearer the-key", "TakesMessages", "", 400)]
    [InlineData("Bearer the-key", "Ticks", "{", 400)]
    [InlineData("Bearer the-key", "Ticks", "null", 400)]
    public async Task What_it_refuses_runs_nothing(string? authorization, string name, string body, int expected)
    {
        Assert.Equal(expected, await PostAsync(authorization, name, body));
        await host.DisposeAsync();
        Assert.Empty(stage.Began);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public async Task Without_an_admin_key_nobody_gets_in(string? key)
    {
        await using var open = await StartAsync(key);
        using var client = open.NewClient();
        using var request = Request("Bearer ", "Ticks", "{}");
        using var response = await client.SendAsync(request);
        Assert.Equal(401, (int)response.StatusCode);
    }

    [Fact]
    public async Task It_is_at_the_root_and_takes_POST_alone()
    {
        using var below = await http.PostAsync("api/admin/functions/Ticks", null);
        using var get = await http.GetAsync("admin/functions/Ticks");
        Assert.Equal((404, 404), ((int)below.StatusCode, (int)get.StatusCode));
    }

    [Fact]
    public async Task A_failed_run_is_logged_and_a_stopping_host_waits_for_one()
    {
        stage.OnRun = async (what, cancellationToken) =>
        {
            await stage.WaitAtGateAsync(what, cancellationToken);
            throw new NotSupportedException("no");
        };
        Assert.Equal(202, await PostAsync("Bearer the-key", "Ticks", "{}"));
        await Eventually.TrueAsync(() => stage.Running == 1);
        var stopping = host.DisposeAsync().AsTask();
        Assert.False(stopping.IsCompleted);
        stage.Gate.Release();
        await stopping.WaitAsync(Wait.Limit);
        Assert.Equal(["Function Ticks failed on an administrator's request."], stage.Errors);
    }

    private static HttpRequestMessage Request(string? authorization, string name, string body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"admin/functions/{name}") { Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")) };
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        return request;
    }

    private async Task<int> PostAsync(string? authorization, string name, string body)
    {
        using var request = Request(authorization, name, body);
        using var response = await http.SendAsync(request);
        return (int)response.StatusCode;
    }

    private async Task<ParleyHost> StartAsync(string? key) =>
        await TestApp.StartAsync(
            "{}",
            new Dictionary<string, string?>
            {
                ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(),
                ["Parley__AdminKey"] = key,
                ["TestQueue"] = "no-such-queue",
                ["TestSchedule"] = "0 0 0 1 1 *",
            },
            services => services.AddSingleton(stage).AddSingleton<ILoggerProvider>(stage),
            typeof(QueueFunctions), typeof(TimerFunctions), typeof(Others));

    public sealed class Others
    {
        [Function("Web")]
        public Task Web([HttpTrigger(AuthorizationLevel.Anonymous, Route = "web")] HttpRequest request) => Task.CompletedTask;

        [Function("Disabled")]
        public Task Disabled([TimerTrigger("%NoSuchSetting%")] TimerInfo timer) => Task.CompletedTask;
    }
}
