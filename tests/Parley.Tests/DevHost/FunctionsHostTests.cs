using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Parley.DevHost;
using Parley.DevHost.Commands;
using Parley.DevHost.Common;
using Parley.DevHost.Worker;
using Parley.DevHost.Worker.Messages;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.DevHost;

/// <summary>A host of tests/Parley.TestWorker that the tests of this class share.</summary>
public sealed class SharedHost : IAsyncLifetime
{
    internal const string AdminKey = "an admin key of these tests, which is long enough";

    internal FunctionsHost Host { get; private set; } = null!;

    internal HttpClient Client { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Host = await TestHost.StartAsync(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(),
            ["Parley__AdminKey"] = AdminKey,
            ["AzureWebJobs.TestTick.Disabled"] = "false",
        });
        Client = new HttpClient { BaseAddress = Host.BaseAddress };
    }

    public async Task DisposeAsync()
    {
        Client.Dispose();
        await Host.DisposeAsync();
    }
}

/// <summary>Tests of the host with a real worker process.</summary>
public sealed class FunctionsHostTests(SharedHost shared) : IClassFixture<SharedHost>
{
    private static readonly string[] ParleysTriggers =
        ["FollowUpsDue", "FollowUpsFire", "TurnsDue", "RepliesRun", "ExportsDue", "ExportsBuild", "ExportsDeliver", "Housekeeping"];

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);
    private readonly HttpClient http = shared.Client;
    private readonly string gate = Path.Combine(Path.GetTempPath(), $"parley-gate-{RandomNumberGenerator.GetHexString(16)}");

    [Fact]
    public async Task A_function_that_writes_no_response_gives_an_empty_200()
    {
        using var response = await http.GetAsync("api/test/nothing");
        Assert.Equal((200, ""), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.False(response.Headers.Contains("x-ms-invocation-id"));
    }

    [Theory]
    [InlineData("api/test/throws")]
    [InlineData("api/test/fails")]
    public async Task An_escaping_exception_is_an_empty_500(string path)
    {
        using var response = await http.GetAsync(path);
        Assert.Equal((500, ""), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task An_exception_after_the_first_byte_cuts_the_connection()
    {
        // The reset of the connection can be faster than a client that has not read the headers yet.
        await Assert.ThrowsAsync<HttpRequestException>(async () =>
        {
            using var response = await http.GetAsync("api/test/breaks", HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(200, (int)response.StatusCode);
            await response.Content.ReadAsStringAsync();
        });
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("GET", "test/nothing")]
    [InlineData("POST", "apix")]
    [InlineData("POST", "admin/functions/TestEcho")]
    public async Task Without_a_function_the_response_is_an_empty_404(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent("{}") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", SharedHost.AdminKey);
        using var response = await http.SendAsync(request);
        Assert.Equal((404, ""), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task A_function_without_its_setting_does_not_run()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "admin/functions/TestTick") { Content = JsonContent.Create(new { input = "" }) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", SharedHost.AdminKey);
        using var response = await http.SendAsync(request);
        Assert.Equal(404, (int)response.StatusCode);
    }

    [Fact]
    public async Task The_worker_gets_the_request_as_it_was_sent()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/test/echo/a%2Fb%20c?x=1&value=other&y=%C3%A4");
        request.Headers.Host = "parley.example:8080";
        request.Headers.Add("x-ms-invocation-id", "one that the client made up");
        using var response = await http.SendAsync(request);
        Assert.Equal($"{shared.Host.WorkerProcessIds[0]} GET /api/test/echo/a%2Fb c?x=1&value=other&y=%C3%A4 parley.example:8080 a%2Fb c", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_header_that_is_not_ASCII_is_an_empty_500()
    {
        using var client = new TcpClient("127.0.0.1", shared.Host.BaseAddress.Port);
        await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes("GET /api/test/nothing HTTP/1.1\r\nHost: x\r\nX-Name: é\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(client.GetStream());
        Assert.StartsWith("HTTP/1.1 500", await reader.ReadToEndAsync().WaitAsync(Wait.Limit), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(96, "HTTP/1.1 431")]
    [InlineData(90, "HTTP/1.1 200")]
    public async Task A_request_that_the_workers_web_server_refuses_is_answered_at_once(int headers, string expected)
    {
        using var client = new TcpClient("127.0.0.1", shared.Host.BaseAddress.Port);
        var extra = string.Concat(Enumerable.Range(0, headers).Select(number => $"X-{number}: a\r\n"));
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /api/test/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{extra}\r\n"));
        using var reader = new StreamReader(client.GetStream());
        Assert.StartsWith(expected, await reader.ReadToEndAsync().WaitAsync(Wait.Limit), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chunks_arrive_while_the_function_still_runs()
    {
        using var response = await http.GetAsync($"api/test/streams?gate={gate}", HttpCompletionOption.ResponseHeadersRead).WaitAsync(Wait.Limit);
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[16];
        Assert.Equal("first", Encoding.ASCII.GetString(buffer, 0, await body.ReadAsync(buffer).AsTask().WaitAsync(Wait.Limit)));
        await File.WriteAllTextAsync(gate, "");
        Assert.Equal("second", Encoding.ASCII.GetString(buffer, 0, await body.ReadAsync(buffer).AsTask().WaitAsync(Wait.Limit)));
        File.Delete(gate);
    }

    [Fact]
    public async Task A_client_that_leaves_cancels_the_request()
    {
        using (var client = new TcpClient("127.0.0.1", shared.Host.BaseAddress.Port))
        {
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /api/test/waits?gate={gate} HTTP/1.1\r\nHost: x\r\n\r\n"));
            await Eventually.TrueAsync(() => File.Exists(gate));
        }

        await Eventually.TrueAsync(async () => await File.ReadAllTextAsync(gate) == "entered left");
        File.Delete(gate);
    }

    [Fact]
    public async Task Stopping_lets_a_running_request_finish_takes_no_new_one_and_ends_the_worker()
    {
        var host = await TestHost.StartAsync(new Dictionary<string, string?> { ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync() });
        using var worker = Process.GetProcessById(Assert.Single(host.WorkerProcessIds));
        using var client = new HttpClient { BaseAddress = host.BaseAddress };
        using var response = await client.GetAsync($"api/test/streams?gate={gate}", HttpCompletionOption.ResponseHeadersRead);
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
        await File.WriteAllTextAsync(gate, "");
        Assert.Equal("firstsecond", await response.Content.ReadAsStringAsync().WaitAsync(Wait.Limit));
        await stopping.WaitAsync(Wait.Limit);
        Assert.True(worker.WaitForExit(Wait.Limit));
        File.Delete(gate);
    }

    [Fact]
    public async Task Isolated_functions_share_a_process_only_where_they_are_HTTP_functions()
    {
        var runs = Directory.CreateTempSubdirectory("parley-runs-");
        var queue = await TestQueue.CreateAsync();
        var settings = ParleysTriggers.ToDictionary(name => $"AzureWebJobs.{name}.Disabled", string? (_) => "true");
        settings["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync();
        settings["TestSchedule"] = "* * * * * *";
        settings["TestQueue"] = queue.Name;
        settings["Test__Runs"] = runs.FullName;
        await using var host = await TestHost.StartAsync(settings, isIsolated: true);
        using var client = new HttpClient { BaseAddress = host.BaseAddress };
        var web = (await client.GetStringAsync("api/test/echo/1")).Split(' ')[0];
        Assert.Equal(web, (await client.GetStringAsync("api/test/echo/2")).Split(' ')[0]);
        await queue.SendAsync("""{"näme":"①"}""");
        await Eventually.TrueAsync(() => Ran("tick") is not null && Ran("""{"näme":"①"}""") is not null);
        var processes = new[] { Ran("tick")!, Ran("""{"näme":"①"}""")! }.Distinct().ToList();
        Assert.Equal(2, processes.Count);
        Assert.DoesNotContain(web, processes);
        Assert.Equal(host.WorkerProcessIds.Count, host.WorkerProcessIds.Distinct().Count());
        Assert.All(processes, process => Assert.Contains(process, host.WorkerProcessIds.Select(id => $"{id}")));
        await queue.Client.DeleteAsync();
        runs.Delete(recursive: true);

        // Each process writes its own file, named by its id.
        string? Ran(string what) => runs.EnumerateFiles().FirstOrDefault(file => ReadShared(file).Split('\n').Contains(what))?.Name;

        static string ReadShared(FileInfo file)
        {
            using var reader = new StreamReader(file.Open(FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return reader.ReadToEnd();
        }
    }

    [Fact]
    public void A_signal_of_the_terminal_does_not_reach_the_worker()
    {
        if (!OperatingSystem.IsLinux())
        {
            return; // The test needs /proc, which contains the group of a process.
        }

        Assert.NotEqual(GroupOf(Environment.ProcessId), GroupOf(shared.Host.WorkerProcessIds[0]));

        static string GroupOf(int process) => File.ReadAllText($"/proc/{process}/stat").Split(") ")[^1].Split(' ')[2];
    }

    [Fact]
    public async Task A_busy_port_is_named()
    {
        var port = shared.Host.BaseAddress.Port;
        var error = await Assert.ThrowsAsync<HostStartException>(() => FunctionsHost.StartAsync(new FunctionsHostOptions { Settings = new Dictionary<string, string?>(), Port = port }));
        Assert.StartsWith($"Port {port} is in use", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Exports__KeepDays", "secret", "The app cannot start: Exports__KeepDays must be a whole number from 2 to 365.")]
    [InlineData("AzureWebJobsStorage", "AccountKey=c2VjcmV0", "The app cannot start: AzureWebJobsStorage is malformed")]
    public async Task An_app_that_cannot_start_is_reported_in_one_line(string name, string value, string expected)
    {
        var settings = new Dictionary<string, string?> { ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(), [name] = value };
        var error = await Assert.ThrowsAsync<HostStartException>(() => FunctionsHost.StartAsync(new FunctionsHostOptions { Settings = settings }));
        Assert.StartsWith(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    /// <summary>The worker's standard input closes in this way when the host's process is killed.</summary>
    [Fact]
    public async Task A_worker_whose_host_is_gone_ends()
    {
        await using var server = await WorkerServer.StartAsync(_ => { }, CancellationToken.None);
        var connection = new WorkerConnection("of a host that is killed", _ => { });
        server.Connections.Expect(connection);
        var program = new WorkerProgram(
            Repository.Program("Parley.TestWorker"),
            new Dictionary<string, string?> { ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync() },
            server.Address,
            Attach: false,
            StartAsync: null);
        using var worker = new ChildProcess("dotnet", [program.Assembly], program.Directory, "", environment: program.Environment(connection.WorkerId));
        await connection.Connected.WaitAsync(Wait.Limit);
        await connection.RequestAsync(new StreamingMessage { WorkerInitRequest = new WorkerInitRequest() }, CancellationToken.None).WaitAsync(Wait.Limit);
        worker.CloseInput();
        await worker.WaitForExitAsync(CancellationToken.None).WaitAsync(Wait.Limit);
        Assert.Equal(0, worker.ExitCode);
    }

    [Fact]
    public async Task When_the_worker_is_killed_under_load_nothing_acknowledged_is_lost()
    {
        const int Clients = 8;
        await using var host = await TestHost.StartAsync(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(),
            ["Parley__AdminKey"] = SharedHost.AdminKey,
        });
        using var admin = new AdminClient(host.Api, SharedHost.AdminKey);
        var tenant = await admin.CreateTenantAsync("Killed", "All");
        using var client = new HttpClient { BaseAddress = host.Api, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", tenant.ApiKey) } };
        var killed = host.WorkerProcessIds[0];
        var (acknowledged, hosts503) = (new ConcurrentBag<string>(), 0);
        using var enough = new CancellationTokenSource();
        var posting = Enumerable.Range(0, Clients).Select(async number =>
        {
            using var created = await client.PostAsJsonAsync("v1/conversations", new { title = "Load" }, CancellationToken.None);
            var conversation = (await created.Content.ReadFromJsonAsync<JsonElement>(CancellationToken.None)).GetProperty("number").GetInt64();
            for (var i = 0; !enough.IsCancellationRequested; i++)
            {
                try
                {
                    using var response = await client.PostAsJsonAsync($"v1/conversations/{conversation}/messages", new { message = $"{number}-{i}" }, CancellationToken.None);
                    if (response.IsSuccessStatusCode)
                    {
                        acknowledged.Add($"{conversation} {number}-{i}");
                        continue;
                    }

                    Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
                    Assert.NotNull(response.Headers.RetryAfter?.Delta);
                    if ((await response.Content.ReadAsByteArrayAsync(CancellationToken.None)).Length == 0)
                    {
                        Interlocked.Increment(ref hosts503);
                    }
                }
                catch (HttpRequestException)
                {
                    // The response was cut off, so the client does not know the result, and nothing was acknowledged.
                }

                await Task.Delay(Interval, TimeProvider.System, CancellationToken.None);
            }
        }).ToList();
        await Eventually.TrueAsync(() => acknowledged.Count > 5 * Clients);
        using (var process = Process.GetProcessById(killed))
        {
            process.Kill();
        }

        await Eventually.TrueAsync(() => Volatile.Read(ref hosts503) > 0);
        var before = acknowledged.Count;
        await Eventually.TrueAsync(() => acknowledged.Count > before + (5 * Clients));
        await enough.CancelAsync();
        await Task.WhenAll(posting);

        Assert.NotEqual(killed, Assert.Single(host.WorkerProcessIds));
        var stored = new HashSet<string>();
        foreach (var conversation in acknowledged.Select(message => message.Split(' ')[0]).Distinct())
        {
            for (var page = 1; ; page++)
            {
                var list = await client.GetFromJsonAsync<JsonElement>($"v1/conversations/{conversation}/messages?per_page=100&page={page}");
                var messages = list.GetProperty("data").EnumerateArray().Select(message => $"{conversation} {message.GetProperty("message").GetString()}").ToList();
                stored.UnionWith(messages);
                if (messages.Count < 100)
                {
                    break;
                }
            }
        }

        Assert.Empty(acknowledged.Except(stored));
    }
}
