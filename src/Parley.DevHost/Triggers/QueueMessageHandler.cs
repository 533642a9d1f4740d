using System.Text;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Parley.DevHost.Settings;
using Parley.DevHost.Worker;

namespace Parley.DevHost.Triggers;

/// <summary>
/// Runs the function for one received message. The message is deleted after a success, retried after a failure, and
/// moved to the poison queue after the last attempt.
/// </summary>
internal sealed partial class QueueMessageHandler(
    QueueClient queue,
    QueueClient poison,
    QueueSettings settings,
    FunctionRuns runs,
    TimeProvider time,
    ILogger logger)
{
    /// <summary>
    /// The visibility timeout of received messages. If this process is killed, its messages stay hidden for up to this
    /// time.
    /// </summary>
    public static readonly TimeSpan Invisibility = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan RenewalInterval = Invisibility / 2;
    private static readonly TimeSpan RenewalRetryInterval = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Handles the message. Errors are logged; the message then becomes visible again when its invisibility ends.
    /// </summary>
    public async Task HandleAsync(QueueMessage message)
    {
        try
        {
            await (Decode(message.MessageText) is not { } text
                ? PoisonAsync(message, message.PopReceipt, "it is not Base64")
                : message.DequeueCount > settings.MaxDequeueCount
                    ? PoisonAsync(message, message.PopReceipt, "it was received too often")
                    : RunAsync(message, text));
        }
        catch (Exception e)
        {
            LogUnfinished(e, message.MessageId, queue.Name);
        }
    }

    private static string? Decode(string encoded)
    {
        var bytes = new byte[encoded.Length];
        return Convert.TryFromBase64String(encoded, bytes, out var length)
            ? Encoding.UTF8.GetString(bytes, 0, length)
            : null;
    }

    private async Task RunAsync(QueueMessage message, string text)
    {
        var value = TriggerValue.Message(text, message);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(runs.Late);
        var renewing = RenewAsync(message, done.Token);
        var succeeded = await runs.RunAsync(
            value,
            $"message {message.MessageId}, try {message.DequeueCount} of {settings.MaxDequeueCount}");
        await done.CancelAsync();
        var receipt = await renewing;
        await (succeeded
            ? queue.DeleteMessageAsync(message.MessageId, receipt, CancellationToken.None)
            : message.DequeueCount >= settings.MaxDequeueCount
                ? PoisonAsync(message, receipt, "its last try failed")
                : queue.UpdateMessageAsync(
                    message.MessageId,
                    receipt,
                    visibilityTimeout: settings.VisibilityTimeout,
                    cancellationToken: CancellationToken.None));
    }

    /// <summary>
    /// Keeps the message hidden until the token is cancelled: when the function has ended, or when the stopping host no
    /// longer waits for it. Returns the pop receipt that is valid then.
    /// </summary>
    private async Task<string> RenewAsync(QueueMessage message, CancellationToken done)
    {
        var receipt = message.PopReceipt;
        var interval = RenewalInterval;
        while (true)
        {
            await Task.Delay(interval, time, done).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (done.IsCancellationRequested)
            {
                return receipt;
            }

            try
            {
                // Not cancelled: if the response is lost, the new receipt is lost with it.
                var renewed = await queue.UpdateMessageAsync(
                    message.MessageId,
                    receipt,
                    visibilityTimeout: Invisibility,
                    cancellationToken: CancellationToken.None);
                receipt = renewed.Value.PopReceipt;
                interval = RenewalInterval;
            }
            catch (Exception e)
            {
                LogNotRenewed(e, message.MessageId, queue.Name);
                interval = RenewalRetryInterval;
            }
        }
    }

    /// <summary>
    /// Copies the encoded message unchanged to the poison queue, then deletes it. A crash between the two steps
    /// duplicates the message instead of losing it.
    /// </summary>
    private async Task PoisonAsync(QueueMessage message, string receipt, string why)
    {
        LogPoison(message.MessageId, queue.Name, poison.Name, why);
        await poison.CreateIfNotExistsAsync(cancellationToken: CancellationToken.None);
        await poison.SendMessageAsync(message.MessageText, CancellationToken.None);
        await queue.DeleteMessageAsync(message.MessageId, receipt, CancellationToken.None);
    }

    [LoggerMessage(
        EventId = 6,
        Level = LogLevel.Warning,
        Message = "Message {MessageId} of queue {Queue} goes to {PoisonQueue}: {Why}.")]
    partial void LogPoison(string messageId, string queue, string poisonQueue, string why);

    [LoggerMessage(
        EventId = 7,
        Level = LogLevel.Error,
        Message = "Message {MessageId} of queue {Queue} could not be completed; "
            + "if it still exists, it appears again when its invisibility ends.")]
    partial void LogUnfinished(Exception exception, string messageId, string queue);

    [LoggerMessage(
        EventId = 8,
        Level = LogLevel.Warning,
        Message = "Message {MessageId} of queue {Queue} could not be kept hidden.")]
    partial void LogNotRenewed(Exception exception, string messageId, string queue);
}
