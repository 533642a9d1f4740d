using Azure.Data.Tables;
using Parley.Core;
using Parley.Exports;
using Parley.Spreadsheets;
using Parley.Storage;
using Parley.Tests.OnStrictTables;
using Parley.Webhooks;

namespace Parley.Tests.Exports;

/// <summary>Ways of which each has one thing left out, to show that the invariants catch what that thing is for.</summary>
internal static class BrokenExports
{
    /// <summary>Nothing is left out: so it is not something else about the copies that is caught.</summary>
    public static ExportWays Whole { get; } = new()
    {
        Build = (process, step) => BuildAsync(process, step, checksLease: true, ownBlob: true),
        Deliver = (process, step) => DeliverAsync(process, step, sendsFirst: true),
    };

    /// <summary>The row of Due comes after the export.</summary>
    public static ExportWays WithIndexLast { get; } = new() { Create = CreateAsync };

    /// <summary>Who has written a file completes the export, whosever it is by then.</summary>
    public static ExportWays WithoutLease { get; } = new() { Build = (process, step) => BuildAsync(process, step, checksLease: false, ownBlob: true) };

    /// <summary>All attempts write one blob.</summary>
    public static ExportWays WithOneBlob { get; } = new() { Build = (process, step) => BuildAsync(process, step, checksLease: true, ownBlob: false) };

    /// <summary>The callback is noted as taken, and then it is sent.</summary>
    public static ExportWays WithConclusionFirst { get; } = new() { Deliver = (process, step) => DeliverAsync(process, step, sendsFirst: false) };

    /// <summary>It drops rows that find nothing at once, and not only when their writers must have failed.</summary>
    public static ExportWays WithoutPatience { get; } = new()
    {
        Tick = async process =>
        {
            var filter = Filters.Until(ScheduleRowKeys.SchedulePartition(process.Time.GetUtcNow()), ExportRowKeys.ScheduledExports);
            foreach (var row in await process.Tables.Schedule.QueryAsync<TableEntity>(filter).ToListAsync())
            {
                var (key, step) = ExportRowKeys.ReadScheduledExport(row.RowKey);
                var export = await process.Exports.FindAsync(key, CancellationToken.None);
                var expected = export is null ? null : step is null ? ExportIndex.ExpiryRow(export) : ExportIndex.StepRow(export);
                if ((row.PartitionKey, row.RowKey) != (expected?.PartitionKey, expected?.RowKey))
                {
                    await process.Tables.Schedule.DeleteEntityAsync(row.PartitionKey, row.RowKey);
                }
            }

            await ExportWays.Parleys.Tick(process);
        },
    };

    private static async Task<Export> CreateAsync(ParleyProcess process, TenantId tenant, NewExport draft, IdempotencyKey? key)
    {
        var counters = await process.Tables.Tenants.GetEntityIfExistsAsync<TableEntity>(tenant.PartitionKey, TenantRowKeys.Counter);
        var (now, number) = (process.Time.NowInMilliseconds(), counters.HasValue ? counters.Value!.GetInt32(ExportReader.Counter) ?? 0 : 0);
        var range = ExportRange.Of(draft.RangeStart, draft.RangeEnd, now);
        var made = new Export
        {
            Key = new ExportKey(tenant, number + 1),
            Check = number + 1,
            WriteId = "broken",
            CreatedAt = now,
            RangeStart = range.Start,
            RangeEnd = range.End,
            Format = draft.Format,
            Language = draft.Language,
            CallbackUrl = draft.CallbackUrl,
            DueAt = range.End.AddSeconds(30),
        };
        var counted = new TableEntity(tenant.PartitionKey, TenantRowKeys.Counter) { [ExportReader.Counter] = number + 1 };
        await process.Tables.Tenants.SubmitTransactionAsync(
        [
            new(TableTransactionActionType.Add, ExportRow.Create(made)),
            counters.HasValue ? new(TableTransactionActionType.UpdateMerge, counted, counters.Value!.ETag) : new(TableTransactionActionType.Add, counted),
        ]);
        await process.ExportIndex.WriteAsync(null, made, CancellationToken.None);
        await process.ExportDispatch.EnqueueAsync(made);
        return made;
    }

    /// <summary>As ExportBuild, but for turns, renewals and failures: the timer comes again.</summary>
    private static async Task BuildAsync(ParleyProcess process, ExportStep step, bool checksLease, bool ownBlob)
    {
        if (await DueAsync(process, step) is { AttemptsStarted: >= ExportFileJob.MaxAttempts })
        {
            await process.ExportFileJob.RunAsync(step, CancellationToken.None);
            return;
        }

        if (await DueAsync(process, step) is not { Step: 0 } export
            || await process.ExportLeases.TryTakeAsync(export, CancellationToken.None) is not { } lease)
        {
            return;
        }

        var (claim, layout) = (lease.Export.AttemptsStarted, new ExportTable(export.Format, export.Language));
        var attempt = ownBlob ? claim : 1;
        await using var blob = process.ExportFiles.Write(export, attempt, () => { });
        await using var table = TableWriter.Create(export.Format, layout.Columns, blob);
        var touched = process.ConversationScan.TouchedAsync(export.Key.Tenant, export.RangeStart, export.RangeEnd, CancellationToken.None);
        await foreach (var page in process.MessageScan.ReadAsync(touched, export.RangeStart, export.RangeEnd, CancellationToken.None))
        {
            foreach (var message in page.Messages)
            {
                layout.Write(table, page.Title, message);
                await table.EndRowAsync(CancellationToken.None);
            }
        }

        await table.CompleteAsync(CancellationToken.None);
        var sha256 = await blob.CompleteAsync(CancellationToken.None);
        await process.ExportFiles.CommitAsync(export, attempt, blob.BlockIds, CancellationToken.None);
        var now = process.Time.NowInMilliseconds();
        var completed = await process.ExportWriter.ChangeAsync(
            lease.Export,
            isLatest: true,
            current => checksLease && current.LeaseId != lease.Export.LeaseId
                ? current
                : current with
                {
                    Status = ExportStatus.Completed,
                    Rows = table.Rows,
                    Bytes = table.Bytes,
                    Sha256 = sha256,
                    FileAttempt = attempt,
                    FinishedAt = now,
                    ExpiresAt = now.AddDays(7),
                    CallbackStatus = CallbackStatus.Pending,
                    DueAt = now,
                    Step = 1,
                    AttemptsStarted = 0,
                    LeaseId = null,
                    LeaseUntil = null,
                },
            CancellationToken.None);
        if (completed.Sha256 != sha256 || (ownBlob && completed.FileAttempt != attempt))
        {
            await process.ExportFiles.DeleteAttemptAsync(completed, attempt, CancellationToken.None);
        }
        else if (completed.DueAt is not null)
        {
            await process.ExportDispatch.EnqueueAsync(completed);
        }
    }

    /// <summary>As ExportCallback, but for renewals.</summary>
    private static async Task DeliverAsync(ParleyProcess process, ExportStep step, bool sendsFirst)
    {
        if (await DueAsync(process, step) is not { Step: > 0 } export || export.Step != step.Step
            || await process.ExportLeases.TryTakeAsync(export, CancellationToken.None) is not { } lease)
        {
            return;
        }

        if (!sendsFirst)
        {
            await ConcludeAsync(new WebhookResult(204, null, TimeSpan.Zero));
        }

        var link = await process.ExportFiles.LinkAsync(export, CancellationToken.None);
        var body = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(CallbackBody.Of(export, link), CallbackBodyJson.Default.CallbackBody);
        var result = await process.Receiver.SendAsync(export.CallbackUrl, body, [new("webhook-id", $"export_{export.Id:N}")], CancellationToken.None);
        if (sendsFirst)
        {
            await ConcludeAsync(result);
        }

        async Task ConcludeAsync(WebhookResult how)
        {
            var now = process.Time.NowInMilliseconds();
            var concluded = await process.ExportWriter.ChangeAsync(
                lease.Export,
                isLatest: true,
                current =>
                {
                    var next = process.WebhookSchedule.After(current.Step - current.RoundStart, how);
                    var after = current with { AttemptsStarted = 0, LeaseId = null, LeaseUntil = null };
                    return current.LeaseId != lease.Export.LeaseId ? current : next.Verdict switch
                    {
                        WebhookVerdict.Retry => after with { Step = current.Step + 1, DueAt = (now + next.Delay).UpToMillisecond() },
                        WebhookVerdict.Delivered => after with { CallbackStatus = CallbackStatus.Taken, DueAt = null },
                        WebhookVerdict.Gone => after with { CallbackStatus = CallbackStatus.Refused, DueAt = null },
                        _ => after with { CallbackStatus = CallbackStatus.GivenUp, DueAt = null },
                    };
                },
                CancellationToken.None);
            if (concluded is { DueAt: not null, LeaseId: null })
            {
                await process.ExportDispatch.EnqueueAsync(concluded);
            }
        }
    }

    private static async Task<Export?> DueAsync(ParleyProcess process, ExportStep step) =>
        await process.Exports.FindAsync(step.Key, CancellationToken.None) is { } export && export.DueAt <= process.Time.GetUtcNow() && !export.IsHeld(process.Time.GetUtcNow()) ? export : null;
}
