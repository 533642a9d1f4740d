using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Spreadsheets;
using Parley.Tenants;
using Parley.Tenants.Limits;
using Parley.Webhooks;

namespace Parley.Exports;

/// <summary>
/// Delivers the webhooks of exports. Each run makes one attempt, and one change of the export's row stores its result
/// and the time of the next attempt. After a crash between the attempt and that change, the receiver gets the webhook
/// again, with the same <c>webhook-id</c>.
/// </summary>
public sealed partial class ExportWebhookJob(
    ExportStore exports,
    ExportLeaseStore leases,
    ExportFiles files,
    WebhookSecrets secrets,
    IWebhookSender sender,
    WebhookSchedule schedule,
    ExportDispatch dispatch,
    TimeProvider time,
    ILogger<ExportWebhookJob> logger)
{
    /// <summary>Maximum starts of an attempt: if all end without a result, the attempt counts as failed.</summary>
    private const int MaxAttemptsStarted = 5;

    /// <summary>
    /// Attempts that a process makes at once: more than the messages that the host runs at once (host.json).
    /// </summary>
    private const int AttemptsAtOnce = 32;

    /// <summary>
    /// Attempts for one tenant at once: each receiver that hangs occupies one for <see cref="WebhookClient.MaxTime"/>.
    /// </summary>
    private const int AttemptsPerTenant = 4;

    private readonly TenantConcurrencyLimiter limiter = new(AttemptsAtOnce, AttemptsPerTenant, time);

    /// <summary>Makes the attempt of a message, unless its result is stored or another worker makes it.</summary>
    public async Task RunAsync(ExportStep step, CancellationToken cancellation)
    {
        if (await exports.FindAsync(step.Key, cancellation) is not { DueAt: not null, Step: > 0 } export
            || export.Step != step.Step || export.IsHeld(time.GetUtcNow()))
        {
            // The step is completed, or another worker has the lease.
            return;
        }

        await dispatch.RunWithinLimitAsync(limiter, export, step, () => RunAsync(export, cancellation), cancellation);
    }

    private async Task RunAsync(Export export, CancellationToken cancellation)
    {
        await using var lease = await leases.TryTakeAsync(export, cancellation);
        if (lease is null)
        {
            return;
        }

        using var span = Telemetry.Start("deliver callback", lease.Export.Trace);
        lease.KeepRenewing(current => current);
        var at = time.NowInMilliseconds();
        WebhookResult result;
        try
        {
            result = await SendAsync(lease.Export, lease.Lost);
        }
        catch (OperationCanceledException) when (lease.IsLost && !cancellation.IsCancellationRequested)
        {
            // A client removed the file, or another worker makes the attempt.
            Telemetry.CallbackAttempted("abandoned", status: null, failure: null);
            LogLost(logger, lease.Export.Id, lease.Export.Step);
            return;
        }

        await lease.StopAsync();
        await ConcludeAsync(lease.Export, at, result, cancellation);
    }

    private async Task<WebhookResult> SendAsync(Export export, CancellationToken cancellation)
    {
        if (export.AttemptsStarted > MaxAttemptsStarted)
        {
            return new WebhookResult(null, WebhookFailure.Interrupted, TimeSpan.Zero);
        }

        var keys = await secrets.ReadAsync(export.Key.Tenant, cancellation);
        var link = await files.LinkAsync(export, cancellation);
        var body = JsonSerializer.SerializeToUtf8Bytes(
            WebhookBody.Of(export, link), WebhookBodyJson.Default.WebhookBody);
        var headers = WebhookSignature.Headers($"export_{export.Id:N}", time.GetUtcNow(), body, keys);
        return await sender.SendAsync(export.CallbackUrl, body, headers, cancellation);
    }

    private async Task ConcludeAsync(
        Export export, DateTimeOffset at, WebhookResult result, CancellationToken cancellation)
    {
        var attempt = new WebhookAttempt(
            export.Step,
            at,
            result.Status,
            result.Failure,
            (long)result.Duration.TotalMilliseconds,
            result.Body);
        var (now, next) = (time.NowInMilliseconds(), default(WebhookStep?));
        var concluded = await exports.ChangeAsync(
            export,
            isLatest: true,
            current =>
            {
                // An earlier try of this change may have had the lease still.
                next = null;
                return current.LeaseId != export.LeaseId ? current : After(current);
            },
            cancellation);
        Telemetry.CallbackAttempted(OutcomeOf(next?.Verdict), attempt.Status, attempt.Failure?.ToString());
        LogAttempt(
            logger,
            export.Id,
            attempt.Number,
            $"{(object?)attempt.Status ?? attempt.Failure}",
            next is { } planned ? $"{planned.Verdict}" : "not stored, because the lease is lost");
        if (concluded is { DueAt: not null, LeaseId: null })
        {
            await dispatch.EnqueueAsync(concluded);
        }

        Export After(Export current)
        {
            // From the stored row, because a client may have begun a new round during the attempt.
            var step = schedule.After(current.Step - current.RoundStart, result);
            next = step;
            var after = current with
            {
                WebhookAttempts = [.. current.WebhookAttempts.TakeLast(Export.MaxAttemptsKept - 1), attempt],
                AttemptsStarted = 0,
                LeaseId = null,
                LeaseUntil = null,
            };
            return step.Verdict switch
            {
                WebhookVerdict.Retry => after with
                {
                    Step = current.Step + 1,
                    DueAt = (now + step.Delay).UpToMillisecond(),
                },
                WebhookVerdict.Delivered => after with { WebhookStatus = WebhookStatus.Taken, DueAt = null },
                WebhookVerdict.Gone => after with { WebhookStatus = WebhookStatus.Refused, DueAt = null },
                _ => after with { WebhookStatus = WebhookStatus.GivenUp, DueAt = null },
            };
        }
    }

    private static string OutcomeOf(WebhookVerdict? verdict) =>
        verdict is { } known ? known.ToString().ToLowerInvariant() : "abandoned";

    [LoggerMessage(1310, LogLevel.Information,
        "Attempt {Attempt} at the callback of export {Export} is abandoned, because its lease is lost.")]
    private static partial void LogLost(ILogger logger, Guid export, int attempt);

    [LoggerMessage(1306, LogLevel.Information,
        "Attempt {Attempt} at the callback of export {Export}: {Result}, so {Verdict}.")]
    private static partial void LogAttempt(ILogger logger, Guid export, int attempt, string result, string verdict);
}

/// <summary>The body of a webhook (docs/api.md).</summary>
internal sealed record WebhookBody(string Type, DateTimeOffset Timestamp, WebhookData Data)
{
    public static WebhookBody Of(Export export, ExportLink? link) => new(
        export.Status == ExportStatus.Completed ? "export.completed" : "export.failed",
        export.FinishedAt!.Value,
        new WebhookData(
            export.Id,
            export.Status,
            link?.Url,
            link?.ExpiresAt,
            export.Format,
            export.Rows,
            export.Bytes,
            export.Sha256,
            export.StartOrNull,
            export.RangeEnd,
            export.Reason));
}

/// <summary>The export in the body. Each attempt contains a new link, with a new expiry.</summary>
internal sealed record WebhookData(
    Guid ExportId,
    ExportStatus Status,
    Uri? Url,
    DateTimeOffset? ExpiresAt,
    TableFormat Format,
    long Rows,
    long Bytes,
    string? Sha256,
    DateTimeOffset? RangeStart,
    DateTimeOffset RangeEnd,
    string? Reason);

/// <summary>The format of the API: camelCase names, snake_case values, times in UTC with milliseconds.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    Converters = [typeof(IsoTime), typeof(EnumNameConverter<ExportStatus>), typeof(EnumNameConverter<TableFormat>)])]
[JsonSerializable(typeof(WebhookBody))]
internal sealed partial class WebhookBodyJson : JsonSerializerContext;
