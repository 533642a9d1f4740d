using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Parley.Functions;
using Parley.LocalHost.Triggers;

namespace Parley.LocalHost;

/// <summary>What a host runs: function classes, their services, and the app's host.json.</summary>
public sealed record HostedApp(IReadOnlyCollection<Type> FunctionClasses, Action<IServiceCollection, IConfiguration> AddServices, string HostJson)
{
    /// <summary>Parley itself.</summary>
    public static HostedApp Parley { get; } = new(
        typeof(ParleyApp).Assembly.GetTypes(),
        (services, configuration) => services.AddParleyApp(configuration),
        Path.Combine(AppContext.BaseDirectory, "host.json"));
}

/// <summary>
/// Runs a Functions app's classes in this process, on 127.0.0.1: for development, tests and benchmarks.
/// It is as strict as the platform, never kinder.
/// </summary>
public sealed class ParleyHost : IAsyncDisposable
{
    private const string Name = "Parley";
    private readonly WebApplication app;
    private readonly FunctionInstances instances;
    private readonly Lazy<Task> ended;

    private ParleyHost(WebApplication app, FunctionInstances instances, string routePrefix)
    {
        this.app = app;
        this.instances = instances;
        RoutePrefix = routePrefix;
        ended = new(EndAsync);
    }

    /// <summary>Where the host listens, with a trailing slash and without the route prefix.</summary>
    public Uri BaseAddress { get; private set; } = null!;

    /// <summary>The first segments of every route.</summary>
    public string RoutePrefix { get; }

    /// <summary>The services of the app's HTTP functions; every other function has its own.</summary>
    public IServiceProvider Services => app.Services;

    /// <summary>Starts Parley.</summary>
    public static Task<ParleyHost> StartAsync(
        IReadOnlyDictionary<string, string?> settings, int port = 0, Action<IServiceCollection>? configure = null, CancellationToken cancellationToken = default) =>
        StartAsync(HostedApp.Parley, settings, port, configure, cancellationToken);

    /// <summary>Starts an app.</summary>
    /// <param name="hosted">The app.</param>
    /// <param name="settings">Its settings, the only ones it sees, named as environment variables are (<c>Parley__AdminKey</c>).</param>
    /// <param name="port">The port; 0 picks a free one.</param>
    /// <param name="configure">Changes the app's services after it registered them; called for every instance.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="HostStartException">A setting is wrong, a function is one that this host cannot run, or the port is in use.</exception>
    public static async Task<ParleyHost> StartAsync(
        HostedApp hosted, IReadOnlyDictionary<string, string?> settings, int port = 0, Action<IServiceCollection>? configure = null, CancellationToken cancellationToken = default)
    {
        var hostJson = HostJson.Read(hosted.HostJson);
        var functions = FunctionCatalog.Read(hosted.FunctionClasses, hostJson.RoutePrefix);

        // The empty builders: no settings files, no environment, no middleware; every request costs only what is below.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = Name });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        try
        {
            AddApp(builder);
        }
        catch (StartUpException e)
        {
            throw new HostStartException($"A setting is wrong: {e.Message}", e);
        }

        var built = builder.Build();
        var background = new FunctionInstances(built.Configuration, hostJson.Queues, built.Services.GetRequiredService<ILogger<FunctionInstances>>());
        var admin = new AdminEndpoint(built.Configuration["Parley:AdminKey"], background);
        var http = new HttpFunctions(functions.Http, built.Services.GetRequiredService<ILogger<HttpFunctions>>());
        built.Run(context => AdminEndpoint.Takes(context.Request, out var name) ? admin.HandleAsync(context, name) : http.HandleAsync(context));

        var host = new ParleyHost(built, background, hostJson.RoutePrefix);
        try
        {
            background.Make(functions.Background, NewInstance);
            await built.StartAsync(cancellationToken);
            host.BaseAddress = new Uri(built.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/");
            await background.StartAsync(cancellationToken);
            return host;
        }
        catch (Exception e)
        {
            // Not stopped: a host whose start failed cannot be, and its complaint would hide the cause.
            await background.DisposeAsync();
            await built.DisposeAsync();
            if (e is IOException { InnerException: AddressInUseException })
            {
                throw PortInUse(port, e);
            }

            throw;
        }

        IHost NewInstance()
        {
            var instance = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = Name });
            AddApp(instance);
            return instance.Build();
        }

        // Every instance of the app, whichever functions it runs, has the same settings and services.
        void AddApp(IHostApplicationBuilder instance)
        {
            instance.Configuration.AddInMemoryCollection(settings.Select(setting =>
                KeyValuePair.Create(setting.Key.Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal), setting.Value)));
            ConfigureLogging(instance.Logging);
            instance.ConfigureContainer(new DefaultServiceProviderFactory(new ServiceProviderOptions { ValidateScopes = true }));
            hosted.AddServices(instance.Services, instance.Configuration);
            instance.Services.AddSingleton<IHostLifetime, CallersLifetime>();
            configure?.Invoke(instance.Services);
        }
    }

    /// <summary>Takes no new requests, messages and ticks, lets running functions finish (for 30 s at most), and disposes the app's services.</summary>
    public ValueTask DisposeAsync() => new(ended.Value);

    internal static HostStartException PortInUse(int port, Exception cause) =>
        new($"Port {port} is in use; choose another with --port N (0 picks a free one).", cause);

    private async Task EndAsync()
    {
        try
        {
            await Task.WhenAll(app.StopAsync(), instances.StopAsync());
        }
        finally
        {
            await app.DisposeAsync();
            await instances.DisposeAsync();
        }
    }

    private static void ConfigureLogging(ILoggingBuilder logging)
    {
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
        });
        logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        logging.AddFilter("Microsoft.Hosting", LogLevel.Warning);
        logging.AddFilter("Azure", LogLevel.Warning);
        // A failed start is thrown to the caller, in one line; what fails later is critical.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.Critical);
        // Any level of this category makes an Activity for every request.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
    }

    /// <summary>Who starts the host also stops it; signals belong to the program, not to a host within it.</summary>
    private sealed class CallersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
