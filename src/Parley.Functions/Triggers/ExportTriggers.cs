using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Parley.Exports;

namespace Parley.Functions.Triggers;

/// <summary>
/// What carries exports on: messages of two queues, and the timer, which finds every step whose message is lost. So no message fails but those that the host itself gives up when it stops: what went wrong is
/// logged, and the timer asks again, for as long as the export's row says that there is something to do.
/// </summary>
public sealed partial class ExportTriggers(ExportDispatch dispatch, ExportFileJob build, ExportCallback callback, ILogger<ExportTriggers> logger)
{
    /// <summary>Every minute.</summary>
    [Function("ExportsDue")]
    public async Task Due([TimerTrigger("%ExportSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        var queued = await dispatch.DispatchAsync(cancellation);
        if (queued > 0)
        {
            LogQueued(logger, queued, timer.IsPastDue ? ", late" : "");
        }
    }

    /// <summary>Every message of the queue of files.</summary>
    [Function("ExportsBuild")]
    public Task Build([QueueTrigger(ExportQueues.Files)] string message, CancellationToken cancellation) => RunAsync(build.RunAsync, message, cancellation);

    /// <summary>Every message of the queue of callbacks.</summary>
    [Function("ExportsDeliver")]
    public Task Deliver([QueueTrigger(ExportQueues.Callbacks)] string message, CancellationToken cancellation) => RunAsync(callback.RunAsync, message, cancellation);

    [SuppressMessage("Design", "CA1031", Justification = "It is logged, and the timer asks for the step again.")]
    private async Task RunAsync(Func<ExportStep, CancellationToken, Task> work, string message, CancellationToken cancellation)
    {
        ExportStep step;
        try
        {
            step = ExportStep.Parse(message);
        }
        catch (JsonException e)
        {
            // Nothing is lost: the rows in Due say what is to be done.
            LogNotOurs(logger, e);
            return;
        }

        try
        {
            await work(step, cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogLeftToTimer(logger, e, message);
        }
    }

    [LoggerMessage(2103, LogLevel.Information, "Queued {Count} steps of exports{Late}.")]
    private static partial void LogQueued(ILogger logger, int count, string late);

    [LoggerMessage(2104, LogLevel.Error, "A message of the queues of exports is not one of Parley's; it is dropped.")]
    private static partial void LogNotOurs(ILogger logger, Exception exception);

    [LoggerMessage(2105, LogLevel.Error, "{Step} could not be done; the timer asks for it again.")]
    private static partial void LogLeftToTimer(ILogger logger, Exception exception, string step);
}
