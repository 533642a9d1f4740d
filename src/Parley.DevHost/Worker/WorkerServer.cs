using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Parley.DevHost.Worker;

/// <summary>The address on 127.0.0.1 where worker processes connect by gRPC.</summary>
internal sealed class WorkerServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private WorkerServer(WebApplication app) => this.app = app;

    public Uri Address => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public WorkerConnections Connections => app.Services.GetRequiredService<WorkerConnections>();

    /// <summary>Starts it on a free port.</summary>
    public static async Task<WorkerServer> StartAsync(Action<ILoggingBuilder> configureLogging, CancellationToken cancellationToken)
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

/// <summary>Disables signal handling: the program handles signals.</summary>
internal sealed class CallersLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
