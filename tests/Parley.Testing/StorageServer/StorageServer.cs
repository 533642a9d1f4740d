using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Parley.Testing.Storage;

namespace Parley.Testing;

/// <summary>
/// A storage account in memory on three ports of 127.0.0.1: <see cref="StrictTables"/>, <see cref="StrictBlobs"/> and
/// <see cref="StrictQueues"/>, with latencies and limits like the cloud's. docs/testing.md has the differences from
/// the real service.
/// </summary>
public sealed class StorageServer : IAsyncDisposable
{
    private readonly List<WebApplication> services = [];
    private readonly StrictTables tables = new(TimeProvider.System);
    private readonly StrictBlobs blobs = new(TimeProvider.System);
    private readonly StrictQueues queues = new(TimeProvider.System);
    private readonly RateLimits limits;
    private readonly Latency latency;
    private readonly Action<string> report;
    private long requests;
    private long refused;

    private StorageServer(StorageServerOptions options, int seed, Action<string> report, TimeProvider time)
    {
        (Options, this.report, limits) = (options, report, new RateLimits(time));
        latency = new Latency(seed);
    }

    /// <summary>The connection string for clients of this server; the key is the word "key" in base64.</summary>
    public string ConnectionString { get; private set; } = "";

    public StorageServerOptions Options { get; set; }

    /// <summary>The number of requests, and how many of them were beyond a limit.</summary>
    public (long All, long Refused) Requests => (Interlocked.Read(ref requests), Interlocked.Read(ref refused));

    /// <summary>Starts a server without any data.</summary>
    /// <param name="options">The latency and the limits.</param>
    /// <param name="seed">The seed of the latencies.</param>
    /// <param name="report">Receives a line about each request that the server does not understand.</param>
    /// <param name="time">The time by which rates are counted; by default the system's.</param>
    public static async Task<StorageServer> StartAsync(StorageServerOptions options, int seed, Action<string> report, TimeProvider? time = null)
    {
        var server = new StorageServer(options, seed, report, time ?? TimeProvider.System);
        var table = await server.ListenAsync(new TableEndpoint(server.tables).ReadAsync);
        var blob = await server.ListenAsync(new BlobEndpoint(server.blobs).ReadAsync);
        var queue = await server.ListenAsync(new QueueEndpoint(server.queues).ReadAsync);
        server.ConnectionString = $"DefaultEndpointsProtocol=http;AccountName=strict;AccountKey=a2V5;TableEndpoint={table}/strict;BlobEndpoint={blob}/strict;QueueEndpoint={queue}/strict;";
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in services)
        {
            await service.DisposeAsync();
        }
    }

    private async Task<string> ListenAsync(Func<HttpContext, ValueTask<StorageRequest>> readAsync)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            // Longer than clients keep idle connections, so that they never write to one that is being closed.
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(10);
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        var service = builder.Build();
        services.Add(service);
        service.Run(context => AnswerAsync(context, readAsync));
        await service.StartAsync();
        return service.Urls.Single();
    }

    private async Task AnswerAsync(HttpContext context, Func<HttpContext, ValueTask<StorageRequest>> readAsync)
    {
        var arrived = Stopwatch.GetTimestamp();
        var options = Options;
        try
        {
            var request = await readAsync(context);
            Interlocked.Increment(ref requests);
            await latency.WaitAsync(arrived, options, context.RequestAborted);
            if (options.IsLimited && !limits.TryTake(request.Resource, request.Items, request.Limit))
            {
                Interlocked.Increment(ref refused);
                request.WriteBusy(context.Response);
            }
            else
            {
                request.Execute(context.Response);
            }
        }
        catch (NotSupportedException e)
        {
            report($"501 {context.Request.Method} {context.Request.Path}{context.Request.QueryString}: {e.Message}");
            context.Response.StatusCode = 501;
            await context.Response.WriteAsync(e.Message);
        }
        catch (OperationCanceledException)
        {
            // The client has left; nothing was carried out.
        }
    }
}

/// <summary>A request that was read, before it is carried out.</summary>
/// <param name="Resource">The partition or queue whose rate is limited; null when there is none.</param>
/// <param name="Items">The number of its entities or messages.</param>
/// <param name="Limit">The limit of the resource, in items a second.</param>
/// <param name="Execute">Carries it out and writes the response. It does not wait.</param>
/// <param name="WriteBusy">Writes the service's refusal of a request that is beyond a limit.</param>
internal sealed record StorageRequest(
    (string Name, string Partition)? Resource, int Items, int Limit, Action<HttpResponse> Execute, Action<HttpResponse> WriteBusy);
