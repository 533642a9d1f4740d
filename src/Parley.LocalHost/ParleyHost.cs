using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Parley.Functions;

namespace Parley.LocalHost;

/// <summary>What a host runs: function classes, their services, and the host.json that names the route prefix.</summary>
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
    private readonly WebApplication app;

    private ParleyHost(WebApplication app, string routePrefix)
    {
        this.app = app;
        BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/");
        RoutePrefix = routePrefix;
    }

    /// <summary>Where the host listens, with a trailing slash and without the route prefix.</summary>
    public Uri BaseAddress { get; }

    /// <summary>The first segments of every route.</summary>
    public string RoutePrefix { get; }

    /// <summary>The app's services.</summary>
    public IServiceProvider Services => app.Services;

    /// <summary>Starts Parley.</summary>
    public static Task<ParleyHost> StartAsync(
        IReadOnlyDictionary<string, string?> settings, int port = 0, Action<IServiceCollection>? configure = null, CancellationToken cancellationToken = default) =>
        StartAsync(HostedApp.Parley, settings, port, configure, cancellationToken);

    /// <summary>Starts an app.</summary>
    /// <param name="hosted">The app.</param>
    /// <param name="settings">Its settings, the only ones it sees, named as environment variables are (<c>Parley__AdminKey</c>).</param>
    /// <param name="port">The port; 0 picks a free one.</param>
    /// <param name="configure">Changes the app's services after it registered them.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="HostStartException">A function that this host cannot run, or the port is in use.</exception>
    public static async Task<ParleyHost> StartAsync(
        HostedApp hosted, IReadOnlyDictionary<string, string?> settings, int port = 0, Action<IServiceCollection>? configure = null, CancellationToken cancellationToken = default)
    {
        var routePrefix = HttpFunctions.RoutePrefix(hosted.HostJson);
        var functions = HttpFunctions.Find(hosted.FunctionClasses, routePrefix);

        // The empty builder: no settings files, no environment, no middleware; every request costs only what is below.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Parley" });
        builder.Configuration.AddInMemoryCollection(settings.Select(setting =>
            KeyValuePair.Create(setting.Key.Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal), setting.Value)));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        ConfigureLogging(builder.Logging);
        builder.Host.UseDefaultServiceProvider(provider => provider.ValidateScopes = true);
        hosted.AddServices(builder.Services, builder.Configuration);
        builder.Services.AddSingleton<IHostLifetime, CallersLifetime>();
        configure?.Invoke(builder.Services);

        var built = builder.Build();
        built.Run(new HttpFunctions(functions, built.Services.GetRequiredService<ILogger<HttpFunctions>>()).HandleAsync);
        try
        {
            await built.StartAsync(cancellationToken);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            await built.DisposeAsync();
            throw PortInUse(port, e);
        }
        catch
        {
            await built.DisposeAsync();
            throw;
        }

        return new ParleyHost(built, routePrefix);
    }

    /// <summary>Stops listening, lets running requests finish (for 30 s at most), and disposes the app's services.</summary>
    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    internal static HostStartException PortInUse(int port, Exception cause) =>
        new($"Port {port} is in use; choose another with --port N (0 picks a free one).", cause);

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
