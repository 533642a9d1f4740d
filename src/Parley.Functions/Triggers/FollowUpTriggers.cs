using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Parley.Conversations.FollowUps;
using Parley.Core;

namespace Parley.Functions.Triggers;

/// <summary>The timer enqueues due follow-ups in chunks; each queue message sends the follow-ups of a chunk.</summary>
public sealed partial class FollowUpTriggers(
    FollowUpDispatch dispatch,
    FollowUpSender sender,
    QueueMessages messages,
    ILogger<FollowUpTriggers> logger)
{
    [Function("FollowUpsDue")]
    public async Task Dispatch([TimerTrigger("%FollowUpSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        var queued = await dispatch.DispatchAsync(cancellation);
        if (queued > 0)
        {
            if (timer.IsPastDue)
            {
                Telemetry.WorkFailed("follow_up.late");
            }

            LogQueued(logger, queued, timer.IsPastDue ? ", late" : "");
        }
    }

    // When some follow-ups of a chunk fail, the host delivers the message again for them.
    [Function("FollowUpsFire")]
    public Task Send(
        [QueueTrigger(FollowUpChunk.Queue)] string message, FunctionContext context, CancellationToken cancellation) =>
        messages.ProcessAsync<FollowUpChunk>(
            message, context.BindingContext.BindingData, sender.SendAsync, onFailure: null, cancellation);

    [LoggerMessage(2101, LogLevel.Information, "Queued {Count} follow-ups{Late}.")]
    private static partial void LogQueued(ILogger logger, int count, string late);
}
