using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Parley.DevHost.Common;
using Parley.DevHost.Http;
using Parley.DevHost.Settings;
using Parley.DevHost.Triggers;
using Parley.DevHost.Worker;

namespace Parley.DevHost;

/// <summary>Options of a host.</summary>
public sealed record FunctionsHostOptions
{
    /// <summary>
    /// The app settings, named as environment variables are (<c>Parley__AdminKey</c>). The app does not inherit this
    /// process's environment, except for the system variables that every program needs.
    /// </summary>
    public required IReadOnlyDictionary<string, string?> Settings { get; init; }

    /// <summary>The absolute path of the worker's assembly, with host.json in the same folder.</summary>
    public string Worker { get; init; } = Repository.Program("Parley.Functions");

    /// <summary>The port of 127.0.0.1; 0 for a free one.</summary>
    public int Port { get; init; }

    /// <summary>
    /// True to give each function without an HTTP trigger its own worker process, as Flex Consumption does.
    /// </summary>
    public bool IsIsolated { get; init; }

    /// <summary>True if worker processes wait for a debugger before they run.</summary>
    public bool WaitsForDebugger { get; init; }

    /// <summary>
    /// Starts a worker in another way than as a process; null for a process. The argument is the environment that the
    /// process would have.
    /// </summary>
    public Func<IReadOnlyDictionary<string, string?>, Task<IWorkerProcess>>? StartWorkerAsync { get; init; }
}

/// <summary>
/// Runs an isolated-worker Functions app on 127.0.0.1, as the Functions host does: starts the worker process,
/// implements its protocol, forwards HTTP requests to it, polls queues and runs timers. The differences from the
/// Functions host are listed in docs/local-host.md.
/// </summary>
public sealed partial class FunctionsHost : IAsyncDisposable
{
    // The limit of the Functions host. It is larger than the app's own limit, so that clients get the app's error.
    private const long MaxRequestBodyBytes = 100 << 20;

    private readonly HostJson hostJson;
    private readonly WorkerServer server;
    private readonly WebApplication web;
    private readonly HttpFront front;
    private readonly ILoggerFactory loggers;
    private readonly ILogger logger;
    private readonly List<WorkerSlot> workers = [];
    private readonly Dictionary<string, TriggerListener> listeners = new(StringComparer.OrdinalIgnoreCase);
    private readonly Lazy<Task> ended;
    private volatile AdminEndpoint? admin;

    private FunctionsHost(HostJson hostJson, WorkerServer server, WebApplication web)
    {
        (this.hostJson, this.server, this.web) = (hostJson, server, web);
        front = web.Services.GetRequiredService<HttpFront>();
        loggers = web.Services.GetRequiredService<ILoggerFactory>();
        logger = loggers.CreateLogger<FunctionsHost>();
        ended = new(EndAsync);
    }

    /// <summary>The host's address, with a trailing slash and without the route prefix.</summary>
    public Uri BaseAddress { get; private set; } = null!;

    /// <summary>The first segments of every route, without slashes at the ends.</summary>
    public string RoutePrefix => hostJson.RoutePrefix;

    /// <summary>The address of the app's functions, with a trailing slash.</summary>
    public Uri Api => new(BaseAddress, RoutePrefix.Length == 0 ? "" : RoutePrefix + "/");

    /// <summary>The process ids of the running workers. The worker of the HTTP functions is the first.</summary>
    public IReadOnlyList<int> WorkerProcessIds =>
        [.. workers.Select(worker => worker.Current?.ProcessId).OfType<int>()];

    /// <summary>Starts a host and returns when it is ready for requests.</summary>
    /// <exception cref="HostStartException">
    /// The app cannot start, it has a function that this host cannot run, host.json is invalid, or the port is in use.
    /// </exception>
    public static async Task<FunctionsHost> StartAsync(
        FunctionsHostOptions options,
        CancellationToken cancellationToken = default)
    {
        var host = await ListenAsync(options.Worker, options.Port, cancellationToken);
        try
        {
            await host.ServeAsync(options, cancellationToken);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Starts a host that returns 503 to every request until <see cref="ServeAsync"/> has completed. Disposing it stops
    /// it.
    /// </summary>
    /// <param name="worker">The absolute path of the worker's assembly, with host.json in the same folder.</param>
    /// <param name="port">The port of 127.0.0.1; 0 for a free one.</param>
    /// <exception cref="HostStartException">The port is in use, or host.json has an invalid setting.</exception>
    public static async Task<FunctionsHost> ListenAsync(
        string worker,
        int port,
        CancellationToken cancellationToken = default)
    {
        var settings = HostJson.Read(Path.Combine(Path.GetDirectoryName(worker)!, "host.json"));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Parley" });
        ConfigureLogging(builder.Logging, settings.Logging);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxRequestBodyBytes;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        builder.Services.AddHttpForwarder();
        builder.Services.AddSingleton<HttpFront>().AddSingleton<IHostLifetime, CallersLifetime>();
        var webApp = builder.Build();
        var workerServer = await WorkerServer.StartAsync(
            logging => ConfigureLogging(logging, settings.Logging),
            cancellationToken);
        var host = new FunctionsHost(settings, workerServer, webApp);
        webApp.Run(host.HandleAsync);
        try
        {
            await webApp.StartAsync(cancellationToken);
            var addresses = webApp.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
            host.BaseAddress = new Uri(addresses.Addresses.Single() + "/");
            return host;
        }
        catch (Exception e)
        {
            await host.DisposeAsync();
            if (e is IOException { InnerException: AddressInUseException })
            {
                throw PortInUse(port, e);
            }

            throw;
        }
    }

    /// <summary>Starts the workers, the queue listeners and the timers.</summary>
    /// <exception cref="HostStartException">
    /// The app cannot start, or it has a function that this host cannot run.
    /// </exception>
    public async Task ServeAsync(FunctionsHostOptions options, CancellationToken cancellationToken = default)
    {
        var settings = new AppSettings(options.Settings);
        var program = new WorkerProgram(
            options.Worker,
            options.Settings,
            server.Address,
            options.WaitsForDebugger,
            options.StartWorkerAsync);
        var first = await StartWorkerAsync(
            program,
            function => !options.IsIsolated || function.Trigger.IsHttp,
            cancellationToken);
        var functions = first.Current!.Functions.Where(function => !settings.IsDisabled(function.Name)).ToList();
        var routes = new HttpRoutes(functions.Where(function => function.Trigger.IsHttp), RoutePrefix);
        var background = functions
            .Where(function => !function.Trigger.IsHttp && HasTrigger(function, settings))
            .ToList();
        var slots = await Task.WhenAll(background.Select(function => options.IsIsolated
            ? StartWorkerAsync(program, other => other.Name == function.Name, cancellationToken)
            : Task.FromResult(first)));
        foreach (var (function, worker) in background.Zip(slots))
        {
            listeners.Add(function.Name, new TriggerListener(
                function,
                async (value, late) =>
                {
                    var running = await worker.WaitAsync(late);
                    await running.InvokeAsync(
                        function.Name, RandomId.New(), function.Trigger.Name, value, TraceContext.New(), late);
                },
                settings,
                hostJson.Queues,
                TimeProvider.System,
                loggers));
        }

        admin = new AdminEndpoint(settings["Parley__AdminKey"], listeners.GetValueOrDefault);
        front.Serve(routes, first);
        foreach (var listener in listeners.Values)
        {
            listener.Start();
        }
    }

    /// <summary>
    /// Stops accepting requests, messages and timer ticks, waits up to 30 s for running functions, and stops the
    /// workers.
    /// </summary>
    public ValueTask DisposeAsync() => new(ended.Value);

    internal static HostStartException PortInUse(int port, Exception cause) =>
        new($"Port {port} is in use; choose another with --port N (0 takes a free one).", cause);

    private Task HandleAsync(HttpContext context) =>
        admin is not null && AdminEndpoint.Matches(context.Request, out var name)
            ? admin.HandleAsync(context, name)
            : front.HandleAsync(context);

    /// <summary>
    /// Returns false, and logs a warning, if the setting that the trigger refers to is missing or empty.
    /// </summary>
    private bool HasTrigger(AppFunction function, AppSettings settings)
    {
        var written = function.Trigger.IsQueue ? function.Trigger.QueueName : function.Trigger.Schedule;
        if (settings.Resolve(written) is { Length: > 0 })
        {
            return true;
        }

        LogDisabled(function.Name, written ?? "");
        return false;
    }

    private async Task<WorkerSlot> StartWorkerAsync(
        WorkerProgram program, Func<AppFunction, bool> loads, CancellationToken cancellationToken)
    {
        var log = new WorkerLog(loggers);
        var worker = new WorkerSlot(
            cancellation => RunningWorker.StartAsync(program, server.Connections, loads, log, cancellation),
            TimeProvider.System,
            loggers.CreateLogger<WorkerSlot>());
        workers.Add(worker);
        await worker.StartAsync(cancellationToken);
        return worker;
    }

    private async Task EndAsync()
    {
        workers.ForEach(worker => worker.Drain());
        try
        {
            var stopping = listeners.Values.Select(listener => listener.DisposeAsync().AsTask());
            await Task.WhenAll([web.StopAsync(), .. stopping]);
        }
        finally
        {
            try
            {
                await Task.WhenAll(workers.Select(worker => worker.DisposeAsync().AsTask()));
            }
            finally
            {
                await web.DisposeAsync();
                await server.DisposeAsync();
            }
        }
    }

    private static void ConfigureLogging(ILoggingBuilder logging, IConfiguration hostJson)
    {
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
        });
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Yarp", LogLevel.Critical);
        logging.AddFilter("Grpc", LogLevel.Warning);
        logging.AddFilter("Azure", LogLevel.Warning);

        // A failed start is thrown to the caller as one line; later failures are logged as critical.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.Critical);

        // The worker's web server warns when it creates its first data protection key on a machine. Parley does not use
        // data protection.
        logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);

        // If any level of this category is enabled, an Activity is created for every request.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        logging.AddConfiguration(hostJson);
    }

    [LoggerMessage(
        EventId = 4,
        Level = LogLevel.Warning,
        Message = "Function {Function} does not run: "
            + "its trigger needs the setting {Setting}, which is missing or empty.")]
    partial void LogDisabled(string function, string setting);
}
