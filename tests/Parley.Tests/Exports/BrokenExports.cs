using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Parley.Core;
using Parley.Exports;
using Parley.Spreadsheets;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Parley.Webhooks;
using Xunit;

namespace Parley.Tests.Exports;

/// <summary>Implementations that each lack one precaution, to show that the invariants detect its absence.</summary>
internal static class BrokenExports
{
    /// <summary>
    /// The copy without a defect. It passes, so a failure of another copy comes from the precaution that it lacks.
    /// </summary>
    public static ExportOperations Whole { get; } = new()
    {
        Build = (process, step) => BuildAsync(process, step, takesOver: true),
        Deliver = (process, step) => DeliverAsync(process, step, sendsFirst: true),
    };

    /// <summary>Stores an export without its schedule row.</summary>
    public static ExportOperations WithoutIndexRow { get; } = new()
    {
        Defect = new TableDefect { LosesUpsert = IsScheduled },
    };

    /// <summary>
    /// Completes an export after writing its file, although another process may hold the lease by then.
    /// </summary>
    public static ExportOperations WithoutLease { get; } = new()
    {
        Defect = new TableDefect
        {
            IgnoresCondition = (table, rowKey, written) => table == "Tenants"
                && rowKey.StartsWith("e|", StringComparison.Ordinal)
                && written("Status") is (int)ExportStatus.Completed
                && written("Step") is 1,
        },
    };

    /// <summary>All attempts write the same blocks of the same blob.</summary>
    public static ExportOperations WithOneBlob { get; } = new() { Build = (process, step) => BuildAsync(process, step, takesOver: false) };

    /// <summary>Records the webhook as delivered before sending it.</summary>
    public static ExportOperations WithConclusionFirst { get; } = new() { Deliver = (process, step) => DeliverAsync(process, step, sendsFirst: false) };

    /// <summary>
    /// Deletes a schedule row without an export at once, although its writer may be between two calls.
    /// </summary>
    public static ExportOperations WithoutStaleAge { get; } = new() { Defect = new TableDefect { ReadsAsOld = IsScheduled } };

    private static bool IsScheduled(string table, string rowKey) =>
        ScheduleForms.Contains(table) && rowKey.StartsWith(ExportRowKeys.ScheduledExports, StringComparison.Ordinal);

    /// <summary>
    /// Like ExportFileJob, but without slots, lease renewals and handling of failures: the timer retries.
    /// </summary>
    private static async Task BuildAsync(ParleyProcess process, ExportStep step, bool takesOver)
    {
        if (await DueAsync(process, step) is { AttemptsStarted: >= ExportFileJob.MaxAttempts })
        {
            await process.ExportFileJob.RunAsync(step, CancellationToken.None);
            return;
        }

        if (await DueAsync(process, step) is not { Step: 0 } export
            || await process.ExportLeaseStore.TryTakeAsync(export, CancellationToken.None) is not { } lease)
        {
            return;
        }

        var content = new MessageContent(export, process.ConversationScan, process.MessageScan);
        var name = $"{ExportLog.Folder(export.Key)}{ExportFiles.SharedBlob}.{export.Format.ToString().ToLowerInvariant()}";
        await using var blob = takesOver
            ? await process.ExportFiles.OpenAsync(lease.Export, () => { }, CancellationToken.None)
            : ExportBlob.OpenOwn(process.Blobs.GetBlobContainerClient(ExportFiles.ContainerName).GetBlockBlobClient(name), new BlobHttpHeaders(), 256, () => { });
        await using var table = TableWriter.Create(export.Format, content.Columns, blob.Blocks);
        await foreach (var position in content.WriteAsync(table, null, CancellationToken.None))
        {
            Assert.NotEmpty(position);
        }

        await table.CompleteAsync(CancellationToken.None);
        var sha256 = await blob.Blocks.CompleteAsync(CancellationToken.None);
        try
        {
            await blob.CommitAsync(CancellationToken.None);
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412 && lease.IsLost)
        {
            // As in ExportFileJob: a later attempt has taken the blob over, so this one is abandoned.
            return;
        }

        var now = process.Time.NowInMilliseconds();
        var completed = await process.Exports.ChangeAsync(
            lease.Export,
            isLatest: true,
            current => current.LeaseId != lease.Export.LeaseId
                ? current
                : current with
                {
                    Status = ExportStatus.Completed,
                    Rows = table.Rows,
                    Bytes = table.Bytes,
                    Sha256 = sha256,
                    FileAttempt = ExportFiles.SharedBlob,
                    FinishedAt = now,
                    ExpiresAt = now.AddDays(7),
                    WebhookStatus = WebhookStatus.Pending,
                    DueAt = now,
                    Step = 1,
                    AttemptsStarted = 0,
                    LeaseId = null,
                    LeaseUntil = null,
                },
            CancellationToken.None);
        if (completed.Sha256 != sha256)
        {
            await process.ExportFiles.DeleteAbandonedAsync(completed, ExportFiles.SharedBlob, CancellationToken.None);
        }
        else if (completed.DueAt is not null)
        {
            await process.ExportDispatch.EnqueueAsync(completed);
        }
    }

    /// <summary>Like ExportWebhookJob, but without lease renewals.</summary>
    private static async Task DeliverAsync(ParleyProcess process, ExportStep step, bool sendsFirst)
    {
        if (await DueAsync(process, step) is not { Step: > 0 } export || export.Step != step.Step
            || await process.ExportLeaseStore.TryTakeAsync(export, CancellationToken.None) is not { } lease)
        {
            return;
        }

        if (!sendsFirst)
        {
            await ConcludeAsync(new WebhookResult(204, null, TimeSpan.Zero));
        }

        var link = await process.ExportFiles.LinkAsync(export, CancellationToken.None);
        var body = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(WebhookBody.Of(export, link), WebhookBodyJson.Default.WebhookBody);
        var result = await process.Receiver.SendAsync(export.CallbackUrl, body, [new("webhook-id", $"export_{export.Id:N}")], CancellationToken.None);
        if (sendsFirst)
        {
            await ConcludeAsync(result);
        }

        async Task ConcludeAsync(WebhookResult how)
        {
            var now = process.Time.NowInMilliseconds();
            var concluded = await process.Exports.ChangeAsync(
                lease.Export,
                isLatest: true,
                current =>
                {
                    var next = process.WebhookSchedule.After(current.Step - current.RoundStart, how);
                    var after = current with { AttemptsStarted = 0, LeaseId = null, LeaseUntil = null };
                    return current.LeaseId != lease.Export.LeaseId ? current : next.Verdict switch
                    {
                        WebhookVerdict.Retry => after with { Step = current.Step + 1, DueAt = (now + next.Delay).UpToMillisecond() },
                        WebhookVerdict.Delivered => after with { WebhookStatus = WebhookStatus.Taken, DueAt = null },
                        WebhookVerdict.Gone => after with { WebhookStatus = WebhookStatus.Refused, DueAt = null },
                        _ => after with { WebhookStatus = WebhookStatus.GivenUp, DueAt = null },
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
