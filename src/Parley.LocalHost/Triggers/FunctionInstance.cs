using System.Collections.Concurrent;
using Azure.Storage.Queues;
using Microsoft.Azure.Functions.Worker;

namespace Parley.LocalHost.Triggers;

/// <summary>
/// One timer or queue function with services of its own, as on the platform, where each of them scales alone: it shares no memory
/// with any other function.
/// </summary>
internal sealed class FunctionInstance : IAsyncDisposable
{
    private const string StorageSetting = "AzureWebJobsStorage";
    private readonly BackgroundFunction function;
    private readonly IHost host;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly FunctionRuns runs;
    private readonly Func<CancellationToken, Task> listen;
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentQueue<Task> requested = new();
    private Task listening = Task.CompletedTask;

    /// <summary>Makes an instance that listens to this queue or follows this schedule.</summary>
    /// <exception cref="HostStartException">It cannot.</exception>
    public FunctionInstance(BackgroundFunction function, string queueOrSchedule, IHost host, QueueSettings queues)
    {
        this.function = function;
        this.host = host;
        time = host.Services.GetService<TimeProvider>() ?? TimeProvider.System;
        logger = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger($"Function.{function.Name}");
        runs = new FunctionRuns(function, host.Services, time, logger);
        listen = function.Trigger is QueueTriggerAttribute queue
            ? NewQueueListener(queueOrSchedule, queue.Connection ?? StorageSetting, queues).ListenAsync
            : NewTimerListener(queueOrSchedule).ListenAsync;
    }

    /// <summary>Starts the app's hosted services, which may create the queue, then listens.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await host.StartAsync(cancellationToken);
        listening = Task.Run(() => listen(stopping.Token), CancellationToken.None);
    }

    /// <summary>Runs the function at once, in the background; false when the text for a queue's function is missing.</summary>
    public bool TryRun(string? text)
    {
        object? triggerValue = function.Trigger is QueueTriggerAttribute ? text : new TimerInfo();
        if (triggerValue is not null)
        {
            while (requested.TryPeek(out var oldest) && oldest.IsCompleted && requested.TryDequeue(out _))
            {
                // Finished runs need no draining.
            }

            requested.Enqueue(Task.Run(() => runs.RunAsync(triggerValue, "an administrator's request")));
        }

        return triggerValue is not null;
    }

    /// <summary>Takes nothing new, lets what runs finish, and stops the hosted services.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        await runs.DrainAsync(Task.WhenAll([listening, .. requested]));
        await host.StopAsync();
    }

    /// <summary>Disposes the services.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        stopping.Dispose();
        runs.Dispose();
        await ((IAsyncDisposable)host).DisposeAsync();
    }

    private QueueListener NewQueueListener(string name, string connection, QueueSettings settings)
    {
        if (host.Services.GetRequiredService<IConfiguration>()[connection] is not { Length: > 0 } connectionString)
        {
            throw function.Unsupported($"its queue needs a storage connection string in the setting {connection}");
        }

        try
        {
            // Base64 is taken off by hand: the client would refuse the whole batch for one message without it.
            var options = new QueueClientOptions { MessageEncoding = QueueMessageEncoding.None };
            var queue = new QueueClient(connectionString, name, options);
            var poison = new QueueClient(connectionString, $"{name}-poison", options);
            return new QueueListener(queue, settings, new QueueMessageHandler(queue, poison, settings, runs, time, logger), runs, time, logger);
        }
        catch (FormatException e)
        {
            throw function.Unsupported($"the setting {connection} is no storage connection string: {e.Message}", e);
        }
    }

    private TimerListener NewTimerListener(string schedule) =>
        new(TimerListener.Parse(schedule) ?? throw function.Unsupported($"its schedule '{schedule}' is no six-field NCRONTAB expression"), runs, time);
}
