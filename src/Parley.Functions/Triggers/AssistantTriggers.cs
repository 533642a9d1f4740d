using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Parley.Assistants.Completions;
using Parley.Core;

namespace Parley.Functions.Triggers;

/// <summary>
/// Each queue message runs the reply to a posted message. The timer finds every completion whose queue message or
/// process is lost.
/// </summary>
public sealed partial class AssistantTriggers(
    AutoReplies replies,
    CompletionRecovery recovery,
    QueueMessages messages,
    ILogger<AssistantTriggers> logger)
{
    [Function("TurnsDue")]
    public async Task Recover([TimerTrigger("%AssistantSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        var ended = await recovery.RunAsync(cancellation);
        if (ended > 0)
        {
            Telemetry.WorkFailed("reply.interrupted", ended);
            LogEnded(logger, ended, timer.IsPastDue ? ", late" : "");
        }
    }

    [Function("RepliesRun")]
    public Task Run(
        [QueueTrigger(QueuedReply.Queue)] string message, FunctionContext context, CancellationToken cancellation) =>
        messages.ProcessAsync<QueuedReply>(
            message, context.BindingContext.BindingData, replies.RunAsync, ReportFailure, cancellation);

    private void ReportFailure(Exception exception, string reply)
    {
        Telemetry.WorkFailed("reply.step");
        LogFailed(logger, PrivateException.Of(exception), reply);
    }

    [LoggerMessage(2106, LogLevel.Warning, "Ended {Count} completions whose process had died{Late}.")]
    private static partial void LogEnded(ILogger logger, int count, string late);

    [LoggerMessage(2108, LogLevel.Error, "{Reply} could not be produced; the timer recovers it.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string reply);
}
