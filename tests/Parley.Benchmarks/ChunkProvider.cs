using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Parley.Benchmarks;

/// <summary>A server of chat completions that sends numbers at a fixed pace and records the time of each.</summary>
internal sealed class ChunkProvider : IAsyncDisposable
{
    private readonly WebApplication server;
    private readonly ConcurrentDictionary<(string Stream, int Chunk), long> sentAt = new();

    private ChunkProvider(WebApplication server) => this.server = server;

    /// <summary>The number of chunks in a stream.</summary>
    public int Chunks { get; set; } = 1;

    /// <summary>The time from one chunk to the next.</summary>
    public TimeSpan Pace { get; set; }

    /// <summary>The address, as the setting expects it.</summary>
    public string Endpoint => server.Urls.Single();

    public static async Task<ChunkProvider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var provider = new ChunkProvider(app);
        app.MapPost("/chat/completions", provider.RunAsync);
        await app.StartAsync();
        return provider;
    }

    /// <summary>The time at which a chunk was sent (<see cref="Stopwatch.GetTimestamp"/>).</summary>
    public long SentAt(string stream, int chunk) => sentAt[(stream, chunk)];

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private async Task RunAsync(HttpContext context)
    {
        using var asked = await JsonDocument.ParseAsync(context.Request.Body);
        var stream = asked.RootElement.GetProperty("messages").EnumerateArray().Last().GetProperty("content").GetString()!;
        context.Response.ContentType = "text/event-stream";
        var begun = Stopwatch.GetTimestamp();
        for (var chunk = 1; chunk <= Chunks; chunk++)
        {
            var rest = (Pace * chunk) - Stopwatch.GetElapsedTime(begun);
            if (rest > TimeSpan.Zero)
            {
                await Task.Delay(rest, TimeProvider.System, context.RequestAborted);
            }

            sentAt[(stream, chunk)] = Stopwatch.GetTimestamp();
            await context.Response.WriteAsync(
                string.Create(CultureInfo.InvariantCulture, $"data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{chunk} \"}}}}]}}\n\n"), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }

        await context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", context.RequestAborted);
    }
}
