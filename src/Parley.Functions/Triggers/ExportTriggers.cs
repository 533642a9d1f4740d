using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Exports;

namespace Parley.Functions.Triggers;

/// <summary>
/// The messages of two queues run the steps of exports. The timer finds every step whose message is lost. A failed step
/// is logged, and the timer enqueues it again for as long as the export's row contains a step.
/// </summary>
public sealed partial class ExportTriggers(
    ExportDispatch dispatch,
    ExportFileJob fileJob,
    ExportWebhookJob webhook,
    QueueMessages messages,
    ILogger<ExportTriggers> logger)
{
    [Function("ExportsDue")]
    public async Task Dispatch([TimerTrigger("%ExportSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        var queued = await dispatch.DispatchAsync(cancellation);
        if (queued > 0)
        {
            LogQueued(logger, queued, timer.IsPastDue ? ", late" : "");
        }
    }

    [Function("ExportsBuild")]
    public Task Build(
        [QueueTrigger(ExportStep.FileQueue)] string message, FunctionContext context, CancellationToken cancellation) =>
        messages.ProcessAsync<ExportStep>(
            message, context.BindingContext.BindingData, fileJob.RunAsync, ReportFailure, cancellation);

    [Function("ExportsDeliver")]
    public Task Deliver(
        [QueueTrigger(ExportStep.WebhookQueue)] string message,
        FunctionContext context,
        CancellationToken cancellation) =>
        messages.ProcessAsync<ExportStep>(
            message, context.BindingContext.BindingData, webhook.RunAsync, ReportFailure, cancellation);

    private void ReportFailure(Exception exception, string step)
    {
        Telemetry.WorkFailed("export.step");
        LogFailed(logger, PrivateException.Of(exception), step);
    }

    [LoggerMessage(2103, LogLevel.Information, "Queued {Count} steps of exports{Late}.")]
    private static partial void LogQueued(ILogger logger, int count, string late);

    [LoggerMessage(2105, LogLevel.Error, "{Step} failed; the timer queues it again.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string step);
}
