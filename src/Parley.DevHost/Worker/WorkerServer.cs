using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Parley.DevHost.Worker;

/// <summary>The gRPC server on 127.0.0.1 to which worker processes connect.</summary>
internal sealed class WorkerServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private WorkerServer(WebApplication app) => this.app = app;

    public Uri Address
    {
        get
        {
            var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
            return new(addresses.Addresses.Single());
        }
    }

    public WorkerConnections Connections => app.Services.GetRequiredService<WorkerConnections>();

    /// <summary>Starts the server on a free port.</summary>
    public static async Task<WorkerServer> StartAsync(
        Action<ILoggingBuilder> configureLogging, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Workers" });
        configureLogging(builder.Logging);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<WorkerConnections>().AddSingleton<IHostLifetime, CallersLifetime>();
        builder.Services.AddGrpc(grpc => (grpc.MaxReceiveMessageSize, grpc.MaxSendMessageSize) = (null, null));
        var built = builder.Build();
        built.UseRouting();
        built.MapGrpcService<WorkerService>();
        await built.StartAsync(cancellationToken);
        return new WorkerServer(built);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}

/// <summary>Disables the web host's signal handling, because the program handles signals itself.</summary>
internal sealed class CallersLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
