using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;
using Parley.Tenants;

namespace Parley.Functions.Triggers;

/// <summary>
/// Processes queue messages: parse, link the trace of their sender, drop those of deleted tenants, run, log.
/// </summary>
public sealed partial class QueueMessages(TenantStates tenants, TimeProvider time, ILogger<QueueMessages> logger)
{
    /// <summary>
    /// Processes one message. A malformed message is logged and dropped: no work is lost, because the schedule rows
    /// record it.
    /// </summary>
    /// <param name="metadata">What the host says about the message.</param>
    /// <param name="onFailure">
    /// Reports a failure after which a timer enqueues the work again, so that the message counts as processed. Null
    /// when the host must deliver the message again.
    /// </param>
    /// <param name="cancellation">Ends the work; the host then delivers the message again.</param>
    [SuppressMessage("Design", "CA1031", Justification = "The failure is reported; a timer enqueues the work again.")]
    public async Task ProcessAsync<T>(
        string text,
        IReadOnlyDictionary<string, object?> metadata,
        Func<T, CancellationToken, Task> run,
        Action<Exception, string>? onFailure,
        CancellationToken cancellation)
        where T : IWorkMessage<T>
    {
        T message;
        try
        {
            message = T.Parse(text);
        }
        catch (JsonException e)
        {
            Telemetry.WorkFailed("message.malformed");
            LogDropped(logger, e.GetType().Name, string.Join(" or ", T.QueueNames));
            return;
        }

        var origin = MessageOrigin.Read(text);
        Telemetry.Link(origin.Traceparent);
        if (IsFirstDelivery(metadata) && origin.Age(time.GetUtcNow()) is { } age)
        {
            Telemetry.MessageReceived(message.QueueName, age);
        }

        try
        {
            if (message.Owner is { } owner && await tenants.IsDeletedAsync(owner, cancellation))
            {
                // Nothing is done for it any more, and the rows that the message points to are being erased.
                return;
            }

            await run(message, cancellation);
        }
        catch (Exception e) when (onFailure is not null && !cancellation.IsCancellationRequested)
        {
            onFailure(e, message.ToJson());
        }
    }

    /// <summary>
    /// A repeated delivery is late because of the work that failed, not because the message had to wait.
    /// </summary>
    private static bool IsFirstDelivery(IReadOnlyDictionary<string, object?> metadata) =>
        metadata.TryGetValue("DequeueCount", out var count) && $"{count}" == "1";

    // Without the exception: its message quotes the text that it cannot parse.
    [LoggerMessage(
        2102, LogLevel.Error, "A message of the queue {Queue} is not one of Parley's; it is dropped ({Why}).")]
    private static partial void LogDropped(ILogger logger, string why, string queue);
}
