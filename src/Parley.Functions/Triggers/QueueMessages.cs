using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Parley.Storage;

namespace Parley.Functions.Triggers;

/// <summary>Processes queue messages: parse, run, log.</summary>
internal static partial class QueueMessages
{
    /// <summary>
    /// Processes one message. A text that is no message is logged and dropped: nothing is lost, because the schedule rows
    /// say what is to be done.
    /// </summary>
    /// <param name="text">The message.</param>
    /// <param name="run">Does the work.</param>
    /// <param name="logger">The log of the trigger.</param>
    /// <param name="logFailure">
    /// Logs a failure that a timer repairs, so that the message counts as processed. Null when the host is to deliver the
    /// message again.
    /// </param>
    /// <param name="cancellation">Ends the work; the host then delivers the message again.</param>
    [SuppressMessage("Design", "CA1031", Justification = "The failure is logged, and a timer enqueues the work again.")]
    public static async Task ProcessAsync<T>(
        string text,
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
