using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Parley.DevHost.Settings;

namespace Parley.DevHost.Triggers;

/// <summary>Receives a queue's messages in batches and has them handled side by side. It never creates the queue: that is up to the app.</summary>
internal sealed partial class QueueListener(QueueClient queue, QueueSettings settings, QueueMessageHandler handler, FunctionRuns runs, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan BetweenWarnings = TimeSpan.FromMinutes(1);
    private long? lastWarning;

    /// <summary>Listens until it is told to stop, and ends when every received message is handled.</summary>
    public async Task ListenAsync(CancellationToken stopping)
    {
        var pause = new PollingPause(settings.MaxPollingInterval, new Random());
        var handling = new List<Task>();
        while (!stopping.IsCancellationRequested)
        {
            var batch = await ReceiveAsync();
            handling.RemoveAll(message => message.IsCompleted);
            handling.AddRange(batch.Select(message => Task.Run(() => handler.HandleAsync(message), CancellationToken.None)));
            if (batch.Length == 0)
            {
                await Task.Delay(pause.Next(), time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            pause.Reset();
            while (handling.Count > (settings.NewBatchThreshold ?? settings.BatchSize / 2))
            {
                handling.Remove(await Task.WhenAny(handling));
            }
        }

        await Task.WhenAll(handling);
    }

    private async Task<QueueMessage[]> ReceiveAsync()
    {
        try
        {
            // Not cancelled by a stop: messages of a lost answer would stay hidden.
            return (await queue.ReceiveMessagesAsync(settings.BatchSize, QueueMessageHandler.Invisibility, runs.Late)).Value;
        }
        catch (Exception e)
        {
            if (lastWarning is not { } last || time.GetElapsedTime(last) >= BetweenWarnings)
            {
                lastWarning = time.GetTimestamp();
                var missing = e is RequestFailedException failure && failure.ErrorCode == QueueErrorCode.QueueNotFound;
                LogNothingReceived(missing ? null : e, queue.Name, missing ? "it does not exist, and only the app creates it" : e.Message);
            }

            return [];
        }
    }

    [LoggerMessage(EventId = 5, Level = LogLevel.Warning, Message = "Queue {Queue} gives no messages: {Why}.")]
    partial void LogNothingReceived(Exception? exception, string queue, string why);
}
