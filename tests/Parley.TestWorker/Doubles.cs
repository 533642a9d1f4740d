using System.Globalization;
using System.Net;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Parley.Conversations.FollowUps;
using Parley.Exports;
using Parley.Storage;

namespace Parley.TestWorker;

/// <summary>
/// The settings that replace parts of the app:
/// <list type="bullet">
/// <item><c>Test__Clock</c>: a file with the time, read whenever the app reads its clock.</item>
/// <item><c>Test__ClockAhead</c>: the time by which the clock is ahead, as a TimeSpan.</item>
/// <item><c>Test__LosesExports</c>: requests cannot enqueue the first export of a tenant.</item>
/// <item>
/// <c>Test__RefusesFollowUps</c>: requests cannot enqueue follow-ups; each refusal adds a line to this file.
/// </item>
/// <item>
/// <c>Test__CommitGate</c>: a folder. An export's file is committed when the folder contains <c>open</c>; the file
/// <c>reached</c> shows that a commit waits.
/// </item>
/// <item>
/// <c>Test__StorageFaults</c>: a file, read at every attempt of a storage call. While it contains <c>first</c>, the
/// first attempt of every call fails; while it contains <c>all</c>, every attempt fails.
/// </item>
/// </list>
/// </summary>
internal static class Doubles
{
    public static void AddDoubles(this IServiceCollection services, IConfiguration configuration)
    {
        var test = configuration.GetSection("Test");
        if (test["Clock"] is { } clock)
        {
            services.AddSingleton<TimeProvider>(new FileClock(clock));
        }
        else if (test["ClockAhead"] is { } ahead)
        {
            services.AddSingleton<TimeProvider>(new AheadClock(TimeSpan.Parse(ahead, CultureInfo.InvariantCulture)));
        }

        if (test["LosesExports"] is not null)
        {
            services.AddSingleton<IWorkQueue<ExportStep>>(provider => new LosingExportQueues(provider.GetRequiredService<WorkQueue<ExportStep>>()));
        }

        if (test["RefusesFollowUps"] is { } refusals)
        {
            services.AddSingleton<IWorkQueue<FollowUpChunk>>(provider => new RefusingFollowUpQueue(provider.GetRequiredService<WorkQueue<FollowUpChunk>>(), refusals));
        }

        if (test["StorageFaults"] is { } faults)
        {
            AddFaults(services, configuration["AzureWebJobsStorage"]!, faults);
        }

        if (test["CommitGate"] is { } gate)
        {
            var options = new BlobClientOptions();
            options.AddPolicy(new CommitGate(gate), HttpPipelinePosition.PerCall);
            services.AddSingleton(new BlobServiceClient(configuration["AzureWebJobsStorage"], options));
        }
    }

    private static void AddFaults(IServiceCollection services, string storage, string file)
    {
        var faults = new StorageFaults(file);
        var (blobs, queues) = (StorageClients.BlobOptions(), StorageClients.QueueOptions());
        blobs.AddPolicy(faults, HttpPipelinePosition.PerRetry);
        queues.AddPolicy(faults, HttpPipelinePosition.PerRetry);

        services.AddSingleton(provider =>
        {
            var tables = StorageClients.TableOptions(provider.GetRequiredService<StorageClock>());
            tables.AddPolicy(faults, HttpPipelinePosition.PerRetry);
            return new TableServiceClient(storage, tables);
        });
        services.AddSingleton(new BlobServiceClient(storage, blobs));
        services.AddSingleton(new QueueServiceClient(storage, queues));
    }

    private static RequestFailedException Unavailable() => new((int)HttpStatusCode.ServiceUnavailable, "The queue does not answer.");

    private sealed class FileClock(string path) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.Parse(File.ReadAllText(path), CultureInfo.InvariantCulture);
    }

    private sealed class AheadClock(TimeSpan ahead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + ahead;
    }

    private sealed class LosingExportQueues(IWorkQueue<ExportStep> queues) : IWorkQueue<ExportStep>
    {
        public Task SendAsync(ExportStep step, TimeSpan delay, CancellationToken cancellation) =>
            TriggerMiddleware.IsRequest && step is { Export: 1, Step: 0 } ? throw Unavailable() : queues.SendAsync(step, delay, cancellation);
    }

    private sealed class RefusingFollowUpQueue(IWorkQueue<FollowUpChunk> queue, string refusals) : IWorkQueue<FollowUpChunk>
    {
        private readonly Lock writing = new();

        public Task SendAsync(FollowUpChunk chunk, TimeSpan delay, CancellationToken cancellation)
        {
            if (!TriggerMiddleware.IsRequest)
            {
                return queue.SendAsync(chunk, delay, cancellation);
            }

            lock (writing)
            {
                File.AppendAllLines(refusals, ["refused"]);
            }

            throw Unavailable();
        }
    }

    private sealed class StorageFaults(string file) : HttpPipelinePolicy
    {
        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            var mode = await File.ReadAllTextAsync(file, message.CancellationToken);
            if (mode == "all" || (mode == "first" && message.ProcessingContext.RetryNumber == 0))
            {
                throw new IOException("A fault of the test.");
            }

            await ProcessNextAsync(message, pipeline);
        }

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => ProcessNext(message, pipeline);
    }

    private sealed class CommitGate(string folder) : HttpPipelinePolicy
    {
        private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            if (message.Request.Method == RequestMethod.Put && message.Request.Uri.Query.Contains("comp=blocklist", StringComparison.Ordinal))
            {
                await File.WriteAllTextAsync(Path.Combine(folder, "reached"), "", message.CancellationToken);
                while (!File.Exists(Path.Combine(folder, "open")))
                {
                    await Task.Delay(Interval, TimeProvider.System, message.CancellationToken);
                }
            }

            await ProcessNextAsync(message, pipeline);
        }

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => ProcessNext(message, pipeline);
    }
}
