using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Parley.Assistants.Completions;

namespace Parley.Functions.Triggers;

/// <summary>What carries turns on that no request does: messages of a queue, and the timer, which finds every turn whose message or process is lost.</summary>
public sealed partial class AssistantTriggers(AutoReplies replies, CompletionRecovery sweep, ILogger<AssistantTriggers> logger)
{
    /// <summary>Every minute.</summary>
    [Function("TurnsDue")]
    public async Task Due([TimerTrigger("%AssistantSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        var ended = await sweep.RunAsync(cancellation);
        if (ended > 0)
        {
            LogEnded(logger, ended, timer.IsPastDue ? ", late" : "");
        }
    }

    /// <summary>Every message of the queue of replies.</summary>
    [Function("RepliesRun")]
    [SuppressMessage("Design", "CA1031", Justification = "It is logged, and the timer asks for the reply again, or ends its turn.")]
    public async Task Run([QueueTrigger(ReplyQueue.Name)] string message, CancellationToken cancellation)
    {
        QueuedReply reply;
        try
        {
            reply = QueuedReply.Parse(message);
        }
        catch (JsonException e)
        {
            // Nothing is lost: the rows in Due say what is to be done.
            LogNotOurs(logger, e);
            return;
        }

        try
        {
            await replies.RunAsync(reply, cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogLeftToTimer(logger, e, message);
        }
    }

    [LoggerMessage(2106, LogLevel.Warning, "Ended {Count} completions whose process had died{Late}.")]
    private static partial void LogEnded(ILogger logger, int count, string late);

    [LoggerMessage(2107, LogLevel.Error, "A message of the queue of replies is not one of Parley's; it is dropped.")]
    private static partial void LogNotOurs(ILogger logger, Exception exception);

    [LoggerMessage(2108, LogLevel.Error, "{Reply} could not be made; the timer looks after it.")]
    private static partial void LogLeftToTimer(ILogger logger, Exception exception, string reply);
}
