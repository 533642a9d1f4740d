using Azure.Storage.Queues;
using Parley.DevHost.Common;
using Parley.DevHost.Settings;
using Parley.DevHost.Worker;

namespace Parley.DevHost.Triggers;

/// <summary>Runs one function on messages of its queue or on ticks of its timer.</summary>
internal sealed class TriggerListener : IAsyncDisposable
{
    private const string StorageSetting = "AzureWebJobsStorage";
    private readonly AppFunction function;
    private readonly FunctionRuns runs;
    private readonly Func<CancellationToken, Task> listen;
    private readonly CancellationTokenSource stopping = new();
    private readonly List<Task> requested = [];
    private Task listening = Task.CompletedTask;

    /// <summary>Creates a listener that is not started.</summary>
    /// <param name="function">A function with a queue or timer trigger.</param>
    /// <param name="invoke">Runs the function. Its token requests cancellation of the invocation.</param>
    /// <param name="settings">The app settings.</param>
    /// <param name="queues">The settings for receiving messages.</param>
    /// <param name="time">The clock for schedules and pauses.</param>
    /// <param name="loggers">Creates the function's log.</param>
    /// <exception cref="HostStartException">The queue or the schedule is not valid.</exception>
    public TriggerListener(
        AppFunction function,
        Func<TriggerValue, CancellationToken, Task> invoke,
        AppSettings settings,
        QueueSettings queues,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        this.function = function;
        var logger = loggers.CreateLogger($"Function.{function.Name}");
        runs = new FunctionRuns(function.Name, invoke, time, logger);
        listen = function.Trigger.IsQueue
            ? NewQueueListener(settings, queues, time, logger).ListenAsync
            : NewTimerListener(settings.Resolve(function.Trigger.Schedule)!, time).ListenAsync;
    }

    public void Start() => listening = Task.Run(() => listen(stopping.Token), CancellationToken.None);

    /// <summary>
    /// Runs the function at once, in the background. Returns false if it has a queue trigger and the text is null, or
    /// if the listener is stopping.
    /// </summary>
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

    /// <summary>Stops receiving messages, ticks and requests, and waits for running invocations.</summary>
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

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stopping.Dispose();
        runs.Dispose();
    }

    private QueueListener NewQueueListener(
        AppSettings settings, QueueSettings queues, TimeProvider time, ILogger logger)
    {
        var name = settings.Resolve(function.Trigger.QueueName)!;
        var connection = function.Trigger.Connection ?? StorageSetting;
        if (settings[connection] is not { Length: > 0 } connectionString)
        {
            throw function.Unsupported($"its queue needs a storage connection string in the setting {connection}");
        }

        try
        {
            // Base64 is decoded by QueueMessageHandler: the client would reject a whole batch for one message that is
            // not Base64.
            var options = new QueueClientOptions { MessageEncoding = QueueMessageEncoding.None };
            var queue = new QueueClient(connectionString, name, options);
            var poison = new QueueClient(connectionString, $"{name}-poison", options);
            var handler = new QueueMessageHandler(queue, poison, queues, runs, time, logger);
            return new QueueListener(queue, queues, handler, runs, time, logger);
        }
        catch (FormatException e)
        {
            throw function.Unsupported($"the setting {connection} is no storage connection string: {e.Message}", e);
        }
    }

    private TimerListener NewTimerListener(string schedule, TimeProvider time) =>
        new(
            TimerListener.Parse(schedule)
                ?? throw function.Unsupported($"its schedule '{schedule}' is no six-field NCRONTAB expression"),
            runs,
            time);
}
