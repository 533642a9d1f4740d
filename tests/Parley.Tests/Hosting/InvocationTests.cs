using System.Collections.Concurrent;
using System.Net.Sockets;
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
public sealed class InvocationTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly Stage stage = new();
    private ParleyHost host = null!;
    private HttpClient http = null!;

    public async Task InitializeAsync()
    {
        host = await TestApp.StartAsync(
            services => services.AddSingleton(stage).AddScoped<Prop>().AddSingleton<ILoggerProvider>(stage), typeof(Functions));
        http = host.NewClient();
    }

    public async Task DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task A_function_that_writes_nothing_answers_an_empty_200()
    {
        using var response = await http.GetAsync("api/nothing");
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(0, response.Content.Headers.ContentLength);
        Assert.False(response.Headers.Contains("Server"));
    }

    [Theory]
    [InlineData("api/throws")]
    [InlineData("api/fails")]
    public async Task An_escaping_exception_is_an_empty_500_and_an_error_in_the_log(string path)
    {
        using var response = await http.GetAsync(path);
        Assert.Equal(500, (int)response.StatusCode);
        Assert.Equal(0, response.Content.Headers.ContentLength);
        Assert.False(response.Headers.Contains("X-Set-Before"));
        var (level, message, exception) = Assert.Single(stage.Logged);
        Assert.Equal(LogLevel.Error, level);
        Assert.Contains(path["api/".Length..], message, StringComparison.OrdinalIgnoreCase);
        Assert.IsType<NotSupportedException>(exception);
    }

    [Fact]
    public async Task An_exception_after_the_first_byte_cuts_the_connection()
    {
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync("api/breaks"));
        Assert.Equal(LogLevel.Error, Assert.Single(stage.Logged).Level);
    }

    [Fact]
    public async Task Chunks_arrive_while_the_function_still_runs()
    {
        using var response = await http.GetAsync("api/streams", HttpCompletionOption.ResponseHeadersRead).WaitAsync(Wait.Limit);
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[16];
        Assert.Equal("first", Encoding.ASCII.GetString(buffer, 0, await body.ReadAsync(buffer).AsTask().WaitAsync(Wait.Limit)));
        Assert.False(stage.Finished.Task.IsCompleted);
        stage.Release.SetResult();
        Assert.Equal("second", Encoding.ASCII.GetString(buffer, 0, await body.ReadAsync(buffer).AsTask().WaitAsync(Wait.Limit)));
        await stage.Finished.Task.WaitAsync(Wait.Limit);
    }

    [Fact]
    public async Task A_client_that_leaves_cancels_the_request_and_is_no_error()
    {
        using var client = new TcpClient("127.0.0.1", host.BaseAddress.Port);
        await client.GetStream().WriteAsync("GET /api/waits HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        await stage.Entered.Task.WaitAsync(Wait.Limit);
        client.Close();
        await stage.Finished.Task.WaitAsync(Wait.Limit);
        await host.DisposeAsync();
        Assert.Empty(stage.Logged);
    }

    [Fact]
    public async Task Each_request_has_an_instance_and_a_scope_of_its_own_disposed_when_it_ends()
    {
        Assert.Equal("True", await http.GetStringAsync("api/scoped"));
        Assert.Equal("True", await http.GetStringAsync("api/scoped"));
        await stage.Disposed.WaitAsync(Wait.Limit);
        await stage.Disposed.WaitAsync(Wait.Limit);
        Assert.Equal(2, stage.Instances.Distinct().Count());
        Assert.Equal(2, stage.Props.Distinct().Count());
    }

    [Fact]
    public async Task Stopping_lets_a_running_request_finish_and_takes_no_new_one()
    {
        var running = http.GetAsync("api/streams");
        await stage.Entered.Task.WaitAsync(Wait.Limit);
        var stopping = host.DisposeAsync().AsTask();
        await Assert.ThrowsAnyAsync<SocketException>(async () =>
        {
            while (true)
            {
                using var late = new TcpClient();
                await late.ConnectAsync("127.0.0.1", host.BaseAddress.Port);
            }
        }).WaitAsync(Wait.Limit);
        Assert.False(stopping.IsCompleted);
        stage.Release.SetResult();
        using var response = await running.WaitAsync(Wait.Limit);
        Assert.Equal("firstsecond", await response.Content.ReadAsStringAsync());
        await stopping.WaitAsync(Wait.Limit);
    }

    [Fact]
    public async Task A_busy_port_is_named()
    {
        var error = await Assert.ThrowsAsync<HostStartException>(() => ParleyHost.StartAsync(
            new HostedApp([typeof(Functions)], (_, _) => { }, Path.Combine(AppContext.BaseDirectory, "host.json")),
            new Dictionary<string, string?>(), host.BaseAddress.Port));
        Assert.Contains($"Port {host.BaseAddress.Port} is in use", error.Message, StringComparison.Ordinal);
    }

    /// <summary>What the functions and a test do to each other, and the log.</summary>
    public sealed class Stage : ILoggerProvider, ILogger
    {
        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Finished { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public SemaphoreSlim Disposed { get; } = new(0);

        public ConcurrentQueue<object> Instances { get; } = new();

        public ConcurrentQueue<Prop> Props { get; } = new();

        public ConcurrentQueue<(LogLevel Level, string Message, Exception? Exception)> Logged { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning)
            {
                Logged.Enqueue((logLevel, formatter(state, exception), exception));
            }
        }

        public void Dispose()
        {
        }
    }

    public sealed class Prop(Stage stage) : IDisposable
    {
        public void Dispose() => stage.Disposed.Release();
    }

    public sealed class Functions(Stage stage, Prop prop)
    {
        [Function("Nothing")]
        public Task Nothing([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "nothing")] HttpRequest request) => Task.CompletedTask;

        [Function("Throws")]
        public Task Throws([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "throws")] HttpRequest request) => throw new NotSupportedException("at once");

        [Function("Fails")]
        public async Task Fails([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "fails")] HttpRequest request)
        {
            request.HttpContext.Response.Headers["X-Set-Before"] = "1";
            request.HttpContext.Response.StatusCode = 201;
            await Task.Yield();
            throw new NotSupportedException("later");
        }

        [Function("Breaks")]
        public async Task Breaks([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "breaks")] HttpRequest request)
        {
            await request.HttpContext.Response.WriteAsync("a beginning");
            throw new NotSupportedException("in the middle");
        }

        [Function("Streams")]
        public async Task Streams([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "streams")] HttpRequest request)
        {
            await request.HttpContext.Response.WriteAsync("first");
            stage.Entered.SetResult();
            await stage.Release.Task;
            await request.HttpContext.Response.WriteAsync("second");
            stage.Finished.SetResult();
        }

        [Function("Waits")]
        public async Task Waits([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "waits")] HttpRequest request)
        {
            stage.Entered.SetResult();
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, request.HttpContext.RequestAborted);
            }
            finally
            {
                stage.Finished.SetResult();
            }
        }

        [Function("Scoped")]
        public Task Scoped([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "scoped")] HttpRequest request)
        {
            stage.Instances.Enqueue(this);
            stage.Props.Enqueue(prop);
            var sameScope = ReferenceEquals(prop, request.HttpContext.RequestServices.GetRequiredService<Prop>());
            return request.HttpContext.Response.WriteAsync(sameScope.ToString());
        }
    }
}
