using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Parley.Conversations.FollowUps;

namespace Parley.Functions.Triggers;

/// <summary>What sends follow-ups: the timer queues what is due, the queue's messages have it sent.</summary>
public sealed partial class FollowUpTriggers(FollowUpDispatch dispatch, FollowUpSender sender, ILogger<FollowUpTriggers> logger)
{
    /// <summary>Every minute.</summary>
    [Function("FollowUpsDue")]
    public async Task Due([TimerTrigger("%FollowUpSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        var queued = await dispatch.DispatchAsync(cancellation);
        if (queued > 0)
        {
            LogQueued(logger, queued, timer.IsPastDue ? ", late" : "");
        }
    }

    /// <summary>Every message of the queue.</summary>
    [Function("FollowUpsFire")]
    public async Task Send([QueueTrigger(FollowUpQueue.Name)] string chunk, CancellationToken cancellation)
    {
        FollowUpChunk rows;
        try
        {
            rows = FollowUpChunk.Parse(chunk);
        }
        catch (JsonException e)
        {
            // Nothing is lost: the rows in Due say what is to be sent.
            LogNotOurs(logger, e);
            return;
        }

        await sender.SendAsync(rows, cancellation);
    }

    [LoggerMessage(2101, LogLevel.Information, "Queued {Count} follow-ups{Late}.")]
    private static partial void LogQueued(ILogger logger, int count, string late);

    [LoggerMessage(2102, LogLevel.Error, "A message of the queue is not one of Parley's; it is dropped.")]
    private static partial void LogNotOurs(ILogger logger, Exception exception);
}
