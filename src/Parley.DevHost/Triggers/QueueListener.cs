using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Parley.DevHost.Settings;

namespace Parley.DevHost.Triggers;

/// <summary>
/// Receives messages of a queue in batches and handles them in parallel. It never creates the queue; the app does.
/// </summary>
internal sealed partial class QueueListener(
    QueueClient queue,
    QueueSettings settings,
    QueueMessageHandler handler,
    FunctionRuns runs,
    TimeProvider time,
    ILogger logger)
{
    private static readonly TimeSpan BetweenWarnings = TimeSpan.FromMinutes(1);
    private long? lastWarning;

    /// <summary>
    /// Receives messages until the token is cancelled. Completes when all received messages are handled.
    /// </summary>
    public async Task ListenAsync(CancellationToken stopping)
    {
        var pause = new PollingPause(settings.MaxPollingInterval, new Random());
        var handling = new List<Task>();
        while (!stopping.IsCancellationRequested)
        {
            var batch = await ReceiveAsync();
            handling.RemoveAll(message => message.IsCompleted);
            handling.AddRange(batch.Select(message =>
                Task.Run(() => handler.HandleAsync(message), CancellationToken.None)));
            if (batch.Length == 0)
            {
                await Task.Delay(pause.Next(), time, stopping)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
            // Not cancelled by a stop: if the response is lost, its messages stay hidden.
            var response = await queue.ReceiveMessagesAsync(
                settings.BatchSize,
                QueueMessageHandler.Invisibility,
                runs.Late);
            return response.Value;
        }
        catch (Exception e)
        {
            if (lastWarning is not { } last || time.GetElapsedTime(last) >= BetweenWarnings)
            {
                lastWarning = time.GetTimestamp();
                var missing = e is RequestFailedException failure && failure.ErrorCode == QueueErrorCode.QueueNotFound;
                LogNothingReceived(
                    missing ? null : e,
                    queue.Name,
                    missing ? "it does not exist, and only the app creates it" : e.Message);
            }

            return [];
        }
    }

    [LoggerMessage(EventId = 5, Level = LogLevel.Warning, Message = "Queue {Queue} gives no messages: {Why}.")]
    partial void LogNothingReceived(Exception? exception, string queue, string why);
}
