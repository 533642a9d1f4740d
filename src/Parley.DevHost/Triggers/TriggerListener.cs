using Azure.Storage.Queues;
using Parley.DevHost.Common;
using Parley.DevHost.Settings;
using Parley.DevHost.Worker;

namespace Parley.DevHost.Triggers;

/// <summary>Listens to the queue or follows the schedule of one function, and runs it.</summary>
internal sealed class TriggerListener : IAsyncDisposable
{
    private const string StorageSetting = "AzureWebJobsStorage";
    private readonly AppFunction function;
    private readonly FunctionRuns runs;
    private readonly Func<CancellationToken, Task> listen;
    private readonly CancellationTokenSource stopping = new();
    private readonly List<Task> requested = [];
    private Task listening = Task.CompletedTask;

    /// <summary>Makes a listener that does not listen yet.</summary>
    /// <param name="function">A function with a queue or timer trigger.</param>
    /// <param name="invoke">Runs it; the token asks it to end.</param>
    /// <param name="settings">The app settings.</param>
    /// <param name="queues">How queues are read.</param>
    /// <param name="time">The clock of schedules and pauses.</param>
    /// <param name="loggers">Makes the function's log.</param>
    /// <exception cref="HostStartException">The queue or the schedule cannot be used.</exception>
    public TriggerListener(
        AppFunction function, Func<TriggerValue, CancellationToken, Task> invoke, AppSettings settings, QueueSettings queues, TimeProvider time, ILoggerFactory loggers)
    {
        this.function = function;
        var logger = loggers.CreateLogger($"Function.{function.Name}");
        runs = new FunctionRuns(function.Name, invoke, time, logger);
        listen = function.Trigger.IsQueue
            ? NewQueueListener(settings.Resolve(function.Trigger.QueueName)!, settings, queues, time, logger).ListenAsync
            : NewTimerListener(settings.Resolve(function.Trigger.Schedule)!, time).ListenAsync;
    }

    /// <summary>Begins to listen.</summary>
    public void Start() => listening = Task.Run(() => listen(stopping.Token), CancellationToken.None);

    /// <summary>Runs the function at once, in the background; false when the text for a queue's function is missing, or the listener stops.</summary>
    public bool TryRun(string? text)
    {
        if (function.Trigger.IsQueue && text is null)
        {
            return false;
        }

        var value = function.Trigger.IsQueue ? TriggerValue.Message(text!) : TriggerValue.Tick(isPastDue: false);
        lock (requested)
        {
            if (stopping.IsCancellationRequested)
            {
                return false;
            }

            requested.RemoveAll(run => run.IsCompleted);
            requested.Add(Task.Run(() => runs.RunAsync(value, "an administrator's request")));
            return true;
        }
    }

    /// <summary>Takes nothing new and lets what runs finish.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        Task[] running;
        lock (requested)
        {
            running = [listening, .. requested];
        }

        await runs.DrainAsync(Task.WhenAll(running));
    }

    /// <summary>Stops.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stopping.Dispose();
        runs.Dispose();
    }

    private QueueListener NewQueueListener(string name, AppSettings settings, QueueSettings queues, TimeProvider time, ILogger logger)
    {
        var connection = function.Trigger.Connection ?? StorageSetting;
        if (settings[connection] is not { Length: > 0 } connectionString)
        {
            throw function.Unsupported($"its queue needs a storage connection string in the setting {connection}");
        }

        try
        {
            // Base64 is decoded by hand: the client would refuse the whole batch for one message without it.
            var options = new QueueClientOptions { MessageEncoding = QueueMessageEncoding.None };
            var queue = new QueueClient(connectionString, name, options);
            var poison = new QueueClient(connectionString, $"{name}-poison", options);
            return new QueueListener(queue, queues, new QueueMessageHandler(queue, poison, queues, runs, time, logger), runs, time, logger);
        }
        catch (FormatException e)
        {
            throw function.Unsupported($"the setting {connection} is no storage connection string: {e.Message}", e);
        }
    }

    private TimerListener NewTimerListener(string schedule, TimeProvider time) =>
        new(TimerListener.Parse(schedule) ?? throw function.Unsupported($"its schedule '{schedule}' is no six-field NCRONTAB expression"), runs, time);
}
