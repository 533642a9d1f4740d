using System.Text;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Parley.DevHost.Settings;
using Parley.DevHost.Worker;

namespace Parley.DevHost.Triggers;

/// <summary>What becomes of one received message: the function takes it and it is deleted, or it is tried again, or it goes to the poison queue.</summary>
internal sealed partial class QueueMessageHandler(QueueClient queue, QueueClient poison, QueueSettings settings, FunctionRuns runs, TimeProvider time, ILogger logger)
{
    /// <summary>How long a message is hidden when it is received; so long it stays hidden when this process is killed.</summary>
    public static readonly TimeSpan Invisibility = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan RenewalInterval = Invisibility / 2;
    private static readonly TimeSpan RenewalRetryInterval = TimeSpan.FromMinutes(1);

    /// <summary>Handles the message. Whatever goes wrong is logged, and the message appears again when its invisibility ends.</summary>
    public async Task HandleAsync(QueueMessage message)
    {
        try
        {
            await (Decode(message.MessageText) is not { } text ? PoisonAsync(message, message.PopReceipt, "it is not Base64")
                : message.DequeueCount > settings.MaxDequeueCount ? PoisonAsync(message, message.PopReceipt, "it was received too often")
                : RunAsync(message, text));
        }
        catch (Exception e)
        {
            LogUnfinished(e, message.MessageId, queue.Name);
        }
    }

    private static string? Decode(string written)
    {
        var bytes = new byte[written.Length];
        return Convert.TryFromBase64String(written, bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : null;
    }

    private async Task RunAsync(QueueMessage message, string text)
    {
        var value = TriggerValue.Message(text, message);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(runs.Late);
        var renewing = RenewAsync(message, done.Token);
        var succeeded = await runs.RunAsync(value, $"message {message.MessageId}, try {message.DequeueCount} of {settings.MaxDequeueCount}");
        await done.CancelAsync();
        var receipt = await renewing;
        await (succeeded ? queue.DeleteMessageAsync(message.MessageId, receipt, CancellationToken.None)
            : message.DequeueCount >= settings.MaxDequeueCount ? PoisonAsync(message, receipt, "its last try failed")
            : queue.UpdateMessageAsync(message.MessageId, receipt, visibilityTimeout: settings.VisibilityTimeout, cancellationToken: CancellationToken.None));
    }

    /// <summary>Keeps the message hidden until the function is done, or the stopping host waits no longer; returns the receipt that is valid then.</summary>
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
                // Not cancelled: the receipt of a lost answer would be lost with it.
                var renewed = await queue.UpdateMessageAsync(message.MessageId, receipt, visibilityTimeout: Invisibility, cancellationToken: CancellationToken.None);
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

    /// <summary>Copies the message as it was written, then deletes it: a crash in between doubles it rather than losing it.</summary>
    private async Task PoisonAsync(QueueMessage message, string receipt, string why)
    {
        LogPoison(message.MessageId, queue.Name, poison.Name, why);
        await poison.CreateIfNotExistsAsync(cancellationToken: CancellationToken.None);
        await poison.SendMessageAsync(message.MessageText, CancellationToken.None);
        await queue.DeleteMessageAsync(message.MessageId, receipt, CancellationToken.None);
    }

    [LoggerMessage(EventId = 6, Level = LogLevel.Warning, Message = "Message {MessageId} of queue {Queue} goes to {PoisonQueue}: {Why}.")]
    partial void LogPoison(string messageId, string queue, string poisonQueue, string why);

    [LoggerMessage(EventId = 7, Level = LogLevel.Error, Message = "Message {MessageId} of queue {Queue} could not be completed; if it still exists, it appears again when its invisibility ends.")]
    partial void LogUnfinished(Exception exception, string messageId, string queue);

    [LoggerMessage(EventId = 8, Level = LogLevel.Warning, Message = "Message {MessageId} of queue {Queue} could not be kept hidden.")]
    partial void LogNotRenewed(Exception exception, string messageId, string queue);
}
