using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Parley.Storage;
using Parley.Tenants;

namespace Parley.Functions.Triggers;

/// <summary>Processes queue messages: parse, drop those of deleted tenants, run, log.</summary>
internal static partial class QueueMessages
{
    /// <summary>
    /// Processes one message. A malformed message is logged and dropped: no work is lost, because the schedule rows
    /// record it.
    /// </summary>
    /// <param name="logFailure">
    /// Logs a failure after which a timer enqueues the work again, so that the message counts as processed. Null when
    /// the host must deliver the message again.
    /// </param>
    /// <param name="cancellation">Ends the work; the host then delivers the message again.</param>
    [SuppressMessage("Design", "CA1031", Justification = "The failure is logged, and a timer enqueues the work again.")]
    public static async Task ProcessAsync<T>(
        string text,
        TenantStates tenants,
        Func<T, CancellationToken, Task> run,
        ILogger logger,
        Action<ILogger, Exception, string>? logFailure,
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
            LogDropped(logger, e, string.Join(" or ", T.QueueNames));
            return;
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
        catch (Exception e) when (logFailure is not null && !cancellation.IsCancellationRequested)
        {
            logFailure(logger, e, text);
        }
    }

    [LoggerMessage(2102, LogLevel.Error, "A message of the queue {Queue} is not one of Parley's; it is dropped.")]
    private static partial void LogDropped(ILogger logger, Exception exception, string queue);
}
