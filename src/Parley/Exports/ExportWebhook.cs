using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Spreadsheets;
using Parley.Tenants;
using Parley.Webhooks;

namespace Parley.Exports;

/// <summary>
/// Delivers the callbacks of exports: one attempt each time, whose result and the next attempt's time are one change of the row. A crash between the two makes
/// the receiver get it again, under the same <c>webhook-id</c>.
/// </summary>
public sealed partial class ExportWebhook(
    ExportStore exports,
    ExportLeases leases,
    ExportFiles files,
    WebhookSecrets secrets,
    IWebhookSender sender,
    WebhookSchedule schedule,
    ExportDispatch dispatch,
    TimeProvider time,
    ILogger<ExportWebhook> logger)
{
    /// <summary>So often an attempt is begun that ends without a result; then it counts as failed.</summary>
    private const int MaxAttemptsStarted = 5;

    /// <summary>Attempts that a process makes at once: more than the host has messages of (host.json).</summary>
    private const int AttemptsAtOnce = 32;

    /// <summary>Of them, for one tenant: receivers that hang hold an attempt each for <see cref="WebhookClient.MaxTime"/>.</summary>
    private const int AttemptsPerTenant = 4;

    private readonly TenantConcurrencyLimiter limiter = new(AttemptsAtOnce, AttemptsPerTenant, time);

    /// <summary>Makes the attempt that a message asks for, if that is still to be done.</summary>
    public async Task RunAsync(ExportStep step, CancellationToken cancellation)
    {
        if (await exports.FindAsync(step.Key, cancellation) is not { DueAt: { } due, Step: > 0 } export
            || export.Step != step.Step || export.IsHeld(time.GetUtcNow()))
        {
            // Done with, or somebody is at it.
            return;
        }

        if (due > time.GetUtcNow())
        {
            await dispatch.EnqueueAsync(export);
        }
        else if (await limiter.TryTakeAsync(export.Key.Tenant, cancellation))
        {
            try
            {
                await RunAsync(export, cancellation);
            }
            finally
            {
                limiter.Return(export.Key.Tenant);
            }
        }
        else
        {
            await dispatch.RequeueAsync(export, step);
        }
    }

    private async Task RunAsync(Export export, CancellationToken cancellation)
    {
        await using var lease = await leases.TryTakeAsync(export, cancellation);
        if (lease is null)
        {
            return;
        }

        lease.KeepRenewing(current => current);
        var at = time.NowInMilliseconds();
        WebhookResult result;
        try
        {
            result = await SendAsync(lease.Export, lease.Lost);
        }
        catch (OperationCanceledException) when (lease.IsLost && !cancellation.IsCancellationRequested)
        {
            // A client removed the file meanwhile, or somebody else makes the attempt.
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
        var body = JsonSerializer.SerializeToUtf8Bytes(WebhookBody.Of(export, link), WebhookBodyJson.Default.WebhookBody);
        var headers = WebhookSignature.Headers($"export_{export.Id:N}", time.GetUtcNow(), body, keys);
        return await sender.SendAsync(export.CallbackUrl, body, headers, cancellation);
    }

    private async Task ConcludeAsync(Export export, DateTimeOffset at, WebhookResult result, CancellationToken cancellation)
    {
        var made = new WebhookAttempt(export.Step, at, result.Status, result.Failure, (long)result.Duration.TotalMilliseconds, result.Body);
        var (now, next) = (time.NowInMilliseconds(), default(WebhookStep?));
        var concluded = await exports.ChangeAsync(export, isLatest: true, current => current.LeaseId != export.LeaseId ? current : After(current), cancellation);
        LogAttempt(logger, export.Id, made.Number, $"{(object?)made.Status ?? made.Failure}", next is { } then ? $"{then.Verdict}" : "not noted, for the lease is lost");
        if (concluded is { DueAt: not null, LeaseId: null })
        {
            await dispatch.EnqueueAsync(concluded);
        }

        Export After(Export current)
        {
            // A client may have begun a new round meanwhile.
            var step = schedule.After(current.Step - current.RoundStart, result);
            next = step;
            var after = current with
            {
                CallbackAttempts = [.. current.CallbackAttempts.TakeLast(Export.MaxAttemptsKept - 1), made],
                AttemptsStarted = 0,
                LeaseId = null,
                LeaseUntil = null,
            };
            return step.Verdict switch
            {
                WebhookVerdict.Retry => after with { Step = current.Step + 1, DueAt = (now + step.Delay).UpToMillisecond() },
                WebhookVerdict.Delivered => after with { WebhookStatus = WebhookStatus.Taken, DueAt = null },
                WebhookVerdict.Gone => after with { WebhookStatus = WebhookStatus.Refused, DueAt = null },
                _ => after with { WebhookStatus = WebhookStatus.GivenUp, DueAt = null },
            };
        }
    }

    [LoggerMessage(1310, LogLevel.Information, "Attempt {Attempt} at the callback of export {Export} is given up, for its lease is lost.")]
    private static partial void LogLost(ILogger logger, Guid export, int attempt);

    [LoggerMessage(1306, LogLevel.Information, "Attempt {Attempt} at the callback of export {Export}: {Result}, so {Verdict}.")]
    private static partial void LogAttempt(ILogger logger, Guid export, int attempt, string result, string verdict);
}

/// <summary>What a callback says (docs/api.md).</summary>
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
            export.RangeStart,
            export.RangeEnd,
            export.Reason));
}

/// <summary>The export in it. The link is made afresh for each attempt, and so is its end.</summary>
internal sealed record WebhookData(
    Guid ExportId,
    ExportStatus Status,
    Uri? Url,
    DateTimeOffset? ExpiresAt,
    TableFormat Format,
    long Rows,
    long Bytes,
    string? Sha256,
    DateTimeOffset RangeStart,
    DateTimeOffset RangeEnd,
    string? Reason);

/// <summary>As the API writes: camelCase, words in snake_case, times in UTC with milliseconds.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    Converters = [typeof(IsoTime), typeof(EnumNameConverter<ExportStatus>), typeof(EnumNameConverter<TableFormat>)])]
[JsonSerializable(typeof(WebhookBody))]
internal sealed partial class WebhookBodyJson : JsonSerializerContext;
