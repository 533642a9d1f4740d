using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Parley.Exports;

namespace Parley.Benchmarks;

/// <summary>Runs an export by the code that the queue runs.</summary>
internal static class ExportRun
{
    /// <param name="system">The system; its queue of exports is <paramref name="queue"/>.</param>
    /// <param name="queue">The queue.</param>
    /// <param name="client">The tenant.</param>
    /// <param name="format">csv, jsonl or xlsx.</param>
    /// <param name="from">The begin of the range.</param>
    /// <param name="until">The end of the range.</param>
    /// <param name="begin">Called when the export is created and its file is not begun.</param>
    public static async Task<(Export Export, TimeSpan Elapsed)> RunAsync(
        StartedSystem system, KeptMessages<ExportStep> queue, TenantClient client, string format, DateTimeOffset from, DateTimeOffset until, Action? begin = null)
    {
        await client.SendAsync(HttpMethod.Post, "v1/chat-messages/export", new JsonObject
        {
            ["callbackUrl"] = "https://example.com/callback",
            ["rangeStart"] = from,
            ["rangeEnd"] = until,
            ["format"] = format,
        });
        var step = queue.TakeOnly(step => step.Step == 0);
        begin?.Invoke();
        var watch = Stopwatch.StartNew();
        await system.Services.GetRequiredService<ExportFileJob>().RunAsync(step, CancellationToken.None);
        var elapsed = watch.Elapsed;
        var export = await system.Services.GetRequiredService<ExportStore>().FindAsync(step.Key, CancellationToken.None);
        return export is { Status: ExportStatus.Completed } ? (export, elapsed) : throw new BenchmarkException($"The export is {export?.Status}.");
    }
}
