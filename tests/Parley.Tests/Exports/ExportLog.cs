using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Azure.Data.Tables;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Exports;
using Parley.Spreadsheets;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Parley.Webhooks;
using Xunit;
using Xunit.Sdk;

namespace Parley.Tests.Exports;

/// <summary>
/// Replays the committed writes as they happen, and compares them with the model: an export's life, its schedule rows,
/// its blobs and the deliveries to its receiver. A violation is kept until <see cref="Verify"/>: thrown here, it would
/// look to the process like a storage failure.
/// </summary>
internal sealed class ExportLog(StrictBlobs blobs, Func<string, DateTimeOffset> clockOf)
{
    public const string Container = "exports";

    private static readonly string[] Properties =
    [
        "WriteId", "Check", "Rev", "EditId", "CreatedAt", "RangeStart", "RangeEnd", "Format", "Language", "CallbackUrl", "Status", "Rows", "Bytes", "Removed", "Cut",
        "Callback", "Step", "RoundStart", "Claims", "Reason", "Detail", "StartedAt", "FinishedAt", "ExpiresAt", "Sha256", "FileAttempt", "DueAt", "LeaseId", "LeaseUntil",
        "Checkpoint",
    ];

    private readonly Dictionary<ExportKey, PlayedExport> exports = [];
    private readonly Dictionary<string, ExportKey> byWebhookId = new(StringComparer.Ordinal);
    private readonly HashSet<(string Partition, string RowKey)> due = [];
    private readonly Dictionary<(string Partition, string RowKey), int> messages = [];
    private string? violation;
    private int order;

    public IReadOnlyCollection<PlayedExport> Exports => exports.Values;

    /// <summary>The schedule rows of exports.</summary>
    public IReadOnlyCollection<(string Partition, string RowKey)> Due => due;

    public PlayedExport this[ExportKey key] => exports[key];

    /// <summary>The position of a message's insertion in the order of all committed writes.</summary>
    public int StoredAt(MessageKey message) => messages[(message.Conversation.PartitionKey, MessageRowKeys.Message(message.Sequence))];

    /// <summary>Throws the first violation so far.</summary>
    public void Verify() => Assert.True(violation is null, violation);

    /// <summary>Receives each call that the service has carried out.</summary>
    public void Note(TableCall call, int status)
    {
        if (status >= 300 || !call.IsWrite || call.PartitionKey is null)
        {
            return;
        }

        order++;
        for (var i = 0; i < call.RowKeys.Count; i++)
        {
            var rowKey = call.RowKeys[i];
            if (call.Table == "Conversations" && rowKey.StartsWith("m|", StringComparison.Ordinal))
            {
                messages.TryAdd((call.PartitionKey, rowKey), order);
            }
            else if ((call.Table == "Tenants" || ScheduleForms.Contains(call.Table)) && rowKey.StartsWith(ExportRowKeys.ScheduledExports, StringComparison.Ordinal))
            {
                var at = i;
                Keep($"{call}", () => Play(call, rowKey, call.Operations[at]));
            }
        }
    }

    /// <summary>
    /// Records the start of a webhook attempt, with the position at which its process took the lease.
    /// </summary>
    public Sending Begin(string process, string webhookId) =>
        new(process, webhookId, byWebhookId.TryGetValue(webhookId, out var key) ? exports[key].WebhookTakes.GetValueOrDefault(process) : 0);

    /// <summary>Records a delivery.</summary>
    /// <param name="sending">The attempt from <see cref="Begin"/>.</param>
    /// <param name="status">The status of the response; null without a response.</param>
    public void Received(Sending sending, byte[] body, int? status)
    {
        order++;
        Keep($"{sending} received, response {status}", () =>
        {
            Assert.True(byWebhookId.TryGetValue(sending.WebhookId, out var key), "No export has this webhook-id.");
            var export = exports[key];
            export.Deliveries++;
            export.Accepted += status is >= 200 and < 300 ? 1 : 0;
            export.Gone += status == 410 ? 1 : 0;
            Assert.True(sending.Take > 0, "Delivered without a lease.");
            Assert.True(
                export.Row.WebhookStatus == WebhookStatus.Pending || sending.Take < export.LeftPendingAt,
                $"Delivered although the webhook was {export.Row.WebhookStatus} before the attempt began.");
            VerifyBody(export, body);
        });
    }

    private void Play(TableCall call, string rowKey, TableCallKind kind)
    {
        if (call.Table == "Tenants")
        {
            Commit(call, rowKey);
        }
        else if (kind == TableCallKind.Delete)
        {
            due.Remove((call.PartitionKey!, rowKey));
            var (key, step, _) = ExportRowKeys.ReadScheduledExport(rowKey);
            if (step is null
                && exports.TryGetValue(key, out var export)
                && ExportStore.ScheduledExpiry(export.Row) is { } own
                && ScheduleForms.Row(call.PartitionKey!, rowKey).IsOf(own))
            {
                Assert.True(export.Row.ExpiresAt <= clockOf(call.Process), $"The row of the expiry was removed {export.Row.ExpiresAt - clockOf(call.Process)} before its time.");
                Assert.NotEqual(ExportStatus.Completed, export.Row.Status);
                Assert.Empty(blobs.Names(Container, Folder(key)));
                export.HasExpired = true;
            }
        }
        else
        {
            due.Add((call.PartitionKey!, rowKey));
        }

        VerifyFound();
    }

    private void Commit(TableCall call, string rowKey)
    {
        var row = new TableEntity(call.PartitionKey!, rowKey);
        foreach (var name in Properties)
        {
            row[name] = call.Written(rowKey, name) is var value && value is DateTime at ? new DateTimeOffset(at) : value;
        }

        var after = ExportRow.Read(row, new TenantId(int.Parse(call.PartitionKey!, CultureInfo.InvariantCulture)));
        if (!exports.TryGetValue(after.Key, out var export))
        {
            Assert.Equal((ExportStatus.Pending, WebhookStatus.Waiting, 0, 0), (after.Status, after.WebhookStatus, after.Step, after.AttemptsStarted));
            exports.Add(after.Key, new PlayedExport(after));
            byWebhookId.Add($"export_{after.Id:N}", after.Key);
            return;
        }

        var before = export.Row;
        export.Row = after;
        VerifyStep(before, after);
        NoteTake(export, before, call.Process);
        VerifyCheckpoint(export, before);
        if (before.Status != after.Status)
        {
            VerifyStatus(export, before);
        }

        if (before.WebhookStatus != after.WebhookStatus)
        {
            VerifyWebhook(export, before);
        }
    }

    private static void VerifyStep(Export before, Export after)
    {
        Assert.Equal(before.Id, after.Id);
        Assert.True(after.Step >= before.Step, $"Step {after.Step} after {before.Step}.");
        Assert.True(after.Step > 0 || after.AttemptsStarted <= ExportFileJob.MaxAttempts, $"Attempt {after.AttemptsStarted} at the file.");
        Assert.True(after.IsUnfinished == (after.WebhookStatus == WebhookStatus.Waiting), $"{after.Status}, webhook {after.WebhookStatus}.");
        Assert.True(after.IsUnfinished == after.FinishedAt is null && after.IsUnfinished == after.ExpiresAt is null, $"{after.Status}, finished at {after.FinishedAt}.");
        Assert.Equal(after.DueAt is not null, after.IsUnfinished || after.WebhookStatus == WebhookStatus.Pending);
        Assert.True(before.FinishedAt is null || before.FinishedAt == after.FinishedAt, "It ended again.");
        var removed = before.Status == ExportStatus.Completed && after.Reason == ExportReasons.Removed;
        Assert.True(before.ExpiresAt is null || before.ExpiresAt == after.ExpiresAt || (removed && after.ExpiresAt < before.ExpiresAt), "It expires at another time.");
        Assert.Equal(after.Status == ExportStatus.Failed || after is { Status: ExportStatus.Expired, Reason: ExportReasons.Removed }, after.Reason is not null);
        if (!before.IsUnfinished)
        {
            Assert.Equal((before.FileAttempt, before.Sha256, before.Rows, before.Bytes), (after.FileAttempt, after.Sha256, after.Rows, after.Bytes));
        }
    }

    /// <summary>What a checkpoint lists is stored, and is whole rows of which the row states number, size and digest.</summary>
    private void VerifyCheckpoint(PlayedExport export, Export before)
    {
        if (export.Row.Checkpoint is not { } checkpoint)
        {
            return;
        }

        Assert.True(export.Row is { IsUnfinished: true, Format: not TableFormat.Xlsx }, $"{export.Row.Status} with a checkpoint.");
        if (checkpoint.Position == before.Checkpoint?.Position)
        {
            return;
        }

        export.Checkpoints++;
        var start = before.Checkpoint?.Counts ?? new TableCounts(0, 0, 0, 0);
        Assert.True(checkpoint.Counts.Rows > start.Rows && checkpoint.Counts.Bytes > start.Bytes, $"{checkpoint.Counts} after {start}.");
        var content = blobs.Blocks(Container, FileName(export.Row with { FileAttempt = ExportFiles.SharedBlob }), checkpoint.BlockIds()).SelectMany(block => block.ToArray()).ToArray();
        Assert.Equal(checkpoint.Counts.Bytes, content.LongLength);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), ResumableSha256.Restore(checkpoint.Digest).HexDigest());
        var last = ExportFileReader.Read(export.Row, content)[^1];
        Assert.Equal($"{last[0]}|{last[2]}", checkpoint.Position);
    }

    private void NoteTake(PlayedExport export, Export before, string process)
    {
        if (export.Row.LeaseId is null || export.Row.LeaseId == before.LeaseId)
        {
            return;
        }

        if (export.Row.Step == 0)
        {
            export.FileTakes.Add(order);
            if (export.Row.Checkpoint is null)
            {
                export.FileBegunAt = order;
            }
            else
            {
                export.Resumptions++;
            }
        }
        else
        {
            export.WebhookTakes[process] = order;
        }
    }

    private void VerifyStatus(PlayedExport export, Export before)
    {
        var after = export.Row;
        var allowed = before.Status switch
        {
            ExportStatus.Pending or ExportStatus.Running => after.Status != ExportStatus.Expired,
            ExportStatus.Completed => after.Status == ExportStatus.Expired,
            _ => false,
        };
        Assert.True(allowed, $"{before.Status} became {after.Status}.");
        if (after.Status == ExportStatus.Completed)
        {
            var name = FileName(after);
            Assert.True(blobs.Find(Container, name) is not null, $"Completed without its file {name}.");
            export.File = blobs.Find(Container, name)!.Content();
            VerifyFile(after, export.File);
        }
    }

    private void VerifyWebhook(PlayedExport export, Export before)
    {
        switch (export.Row.WebhookStatus)
        {
            case WebhookStatus.Taken:
                Assert.True(export.Accepted > 0, "The webhook is recorded as delivered without an accepted delivery.");
                break;
            case WebhookStatus.Refused:
                Assert.True(export.Gone > 0, "The webhook is recorded as refused without a 410 response.");
                break;
            case WebhookStatus.GivenUp:
                Assert.True(before.Step - before.RoundStart == WebhookSchedule.MaxAttempts, $"Given up at step {before.Step} of a round from {before.RoundStart}.");
                break;
        }

        if (before.WebhookStatus == WebhookStatus.Pending)
        {
            export.LeftPendingAt = order;
        }
    }

    /// <summary>An export with a next step has a schedule row for the timer at every moment.</summary>
    private void VerifyFound()
    {
        foreach (var export in exports.Values)
        {
            if (ExportStore.ScheduledStep(export.Row) is { } step)
            {
                Assert.True(IsFound(step), $"Step {export.Row.Step} of export {export.Row.Key.Number} is pending without its schedule row.");
            }

            if (ExportStore.ScheduledExpiry(export.Row) is { } expiry && !export.HasExpired)
            {
                Assert.True(IsFound(expiry), $"Export {export.Row.Key.Number} has ended without a schedule row for its expiry.");
            }
        }
    }

    private bool IsFound(ScheduledItem item) => due.Any(row => ScheduleForms.Row(row.Partition, row.RowKey).IsOf(item));

    /// <summary>Compares the file with the size, hash and number of rows in the row.</summary>
    public static void VerifyFile(Export export, byte[] content)
    {
        Assert.Equal((export.Bytes, export.Sha256), (content.LongLength, Convert.ToHexStringLower(SHA256.HashData(content))));
        Assert.Equal(export.Rows, ExportFileReader.Read(export, content).Count);
    }

    public static string FileName(Export export) => $"{Folder(export.Key)}{export.FileAttempt}.{export.Format.ToString().ToLowerInvariant()}";

    public static string Folder(ExportKey key) => string.Create(CultureInfo.InvariantCulture, $"{key.Tenant.Number:D8}/{key.Number:D10}/");

    private static void VerifyBody(PlayedExport export, byte[] body)
    {
        using var json = JsonDocument.Parse(body);
        var (root, data, row) = (json.RootElement, json.RootElement.GetProperty("data"), export.Row);
        var completed = export.File is not null;
        Assert.Equal(completed ? "export.completed" : "export.failed", root.GetProperty("type").GetString());
        Assert.Equal(row.FinishedAt, root.GetProperty("timestamp").GetDateTimeOffset());
        Assert.Equal(row.Id, data.GetProperty("exportId").GetGuid());
        Assert.Equal(completed ? "completed" : "failed", data.GetProperty("status").GetString());
        Assert.Equal((row.Rows, row.Bytes, row.Sha256), (data.GetProperty("rows").GetInt64(), data.GetProperty("bytes").GetInt64(), data.GetProperty("sha256").GetString()));
        var start = data.GetProperty("rangeStart");
        Assert.Equal(
            (row.RangeStart == Timestamps.Earliest ? null : row.RangeStart, row.RangeEnd),
            ((DateTimeOffset?)(start.ValueKind == JsonValueKind.Null ? null : start.GetDateTimeOffset()), data.GetProperty("rangeEnd").GetDateTimeOffset()));
        Assert.Equal(completed ? $"/{Container}/{FileName(row)}" : null, data.GetProperty("url").GetString() is { } url ? new Uri(url).AbsolutePath : null);
    }

    private void Keep(string what, Action verify)
    {
        try
        {
            verify();
        }
        catch (XunitException e)
        {
            violation ??= $"{what}: {e.Message}";
        }
    }
}

/// <summary>One attempt to deliver a webhook.</summary>
/// <param name="Take">The position at which that process took the lease; 0 without a lease.</param>
internal sealed record Sending(string Process, string WebhookId, int Take);

/// <summary>An export as replayed so far.</summary>
internal sealed class PlayedExport(Export row)
{
    public Export Row { get; set; } = row;

    /// <summary>The bytes of its file when it was completed.</summary>
    public byte[]? File { get; set; }

    /// <summary>The position at which each attempt at the file began.</summary>
    public List<int> FileTakes { get; } = [];

    /// <summary>The position at which the last attempt began that began the file itself, instead of going on.</summary>
    public int FileBegunAt { get; set; }

    /// <summary>The position at which each process last began a webhook attempt.</summary>
    public Dictionary<string, int> WebhookTakes { get; } = new(StringComparer.Ordinal);

    /// <summary>The position at which the webhook last ceased to be pending.</summary>
    public int LeftPendingAt { get; set; }

    /// <summary>The number of times that more of the file was stored.</summary>
    public int Checkpoints { get; set; }

    /// <summary>The number of attempts that went on behind a checkpoint.</summary>
    public int Resumptions { get; set; }

    public int Deliveries { get; set; }

    /// <summary>Deliveries with a 2xx response.</summary>
    public int Accepted { get; set; }

    /// <summary>Deliveries with a 410 response.</summary>
    public int Gone { get; set; }

    /// <summary>True after the timer has removed the schedule row of the expiry.</summary>
    public bool HasExpired { get; set; }
}
