using System.Text.Json;
using System.Text.Json.Serialization;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Spreadsheets;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>Maps exports to the rows <c>e|n</c> of their tenant's partition.</summary>
internal static class ExportRow
{
    /// <summary>
    /// The end of the lease that a step of an export of records shows to versions up to 0.2.0. They would write messages
    /// into its file; they leave a step alone that another worker has a lease on.
    /// </summary>
    private static readonly DateTimeOffset ForOthers = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static TableEntity Create(Export export)
    {
        var row = new TableEntity(export.Key.Tenant.PartitionKey, ExportRowKeys.Export(export.Key.Number))
        {
            ["WriteId"] = export.WriteId,
            ["Check"] = export.Check,
            ["Rev"] = export.Revision,
            ["CreatedAt"] = export.CreatedAt,
            ["RangeStart"] = export.RangeStart,
            ["RangeEnd"] = export.RangeEnd,
            ["Format"] = export.Format.ToString(),
            ["Language"] = (int)export.Language,
            ["CallbackUrl"] = export.CallbackUrl,
            ["Status"] = (int)export.Status,
            ["Rows"] = export.Rows,
            ["Bytes"] = export.Bytes,
            ["Removed"] = export.RemovedCharacters,
            ["Cut"] = export.CutCharacters,
            ["Callback"] = (int)export.WebhookStatus,
            ["Step"] = export.Step,
            ["RoundStart"] = export.RoundStart,
            ["Claims"] = export.AttemptsStarted,
        };
        row.SetIfAny("EditId", export.EditId);
        row.SetIfAny("Reason", export.Reason);
        row.SetIfAny("Detail", export.Detail);
        row.SetIfAny("StartedAt", export.StartedAt);
        row.SetIfAny("FinishedAt", export.FinishedAt);
        row.SetIfAny("ExpiresAt", export.ExpiresAt);
        row.SetIfAny("Sha256", export.Sha256);
        row.SetIfAny("FileAttempt", export.FileAttempt);
        row.SetIfAny("DueAt", export.DueAt);
        row.SetIfAny("LeaseId", export.LeaseId);
        row.SetIfAny("LeaseUntil", export is { Chatbot: not null, DueAt: not null } ? ForOthers : export.LeaseUntil);
        if (export.Chatbot is { } chatbot)
        {
            row["Chatbot"] = chatbot;
            row.SetIfAny("HeldUntil", export.LeaseUntil);
        }

        row.SetIfAny("Trace", export.Trace);
        if (export.Checkpoint is { } checkpoint)
        {
            // Exceeds one property only after more than a thousand attempts, each of which stored more of the file.
            LongText.Write(row, "Checkpoint", checkpoint.ToJson());
        }

        if (export.WebhookAttempts.Count > 0)
        {
            // May exceed one property: control characters of a response body are six times as long in JSON.
            LongText.Write(
                row,
                "Attempts",
                JsonSerializer.Serialize(
                    export.WebhookAttempts, WebhookAttemptJson.Default.IReadOnlyListWebhookAttempt));
        }

        return row;
    }

    public static Export Read(TableEntity row, TenantId tenant) => new()
    {
        Key = new ExportKey(tenant, KeyParts.LastNumber(row.RowKey)),
        WriteId = row.GetString("WriteId"),
        Check = row.GetInt64("Check")!.Value,
        Revision = row.GetInt32("Rev")!.Value,
        EditId = row.GetString("EditId"),
        CreatedAt = row.GetDateTimeOffset("CreatedAt")!.Value,
        RangeStart = row.GetDateTimeOffset("RangeStart")!.Value,
        RangeEnd = row.GetDateTimeOffset("RangeEnd")!.Value,
        Format = Enum.Parse<TableFormat>(row.GetString("Format")),
        Language = (Language)row.GetInt32("Language")!.Value,
        CallbackUrl = row.GetString("CallbackUrl"),
        Status = (ExportStatus)row.GetInt32("Status")!.Value,
        Reason = row.GetString("Reason"),
        Detail = row.GetString("Detail"),
        StartedAt = row.GetDateTimeOffset("StartedAt"),
        FinishedAt = row.GetDateTimeOffset("FinishedAt"),
        ExpiresAt = row.GetDateTimeOffset("ExpiresAt"),
        Rows = row.GetInt64("Rows")!.Value,
        Bytes = row.GetInt64("Bytes")!.Value,
        RemovedCharacters = row.GetInt64("Removed")!.Value,
        CutCharacters = row.GetInt64("Cut")!.Value,
        Sha256 = row.GetString("Sha256"),
        FileAttempt = row.GetInt32("FileAttempt"),
        Checkpoint = row.GetString("Checkpoint") is null
            ? null
            : ExportCheckpoint.Parse(LongText.Read(row, "Checkpoint")!),
        WebhookStatus = (WebhookStatus)row.GetInt32("Callback")!.Value,
        WebhookAttempts = LongText.Read(row, "Attempts") is { } attempts
            ? JsonSerializer.Deserialize(attempts, WebhookAttemptJson.Default.IReadOnlyListWebhookAttempt)!
            : [],
        DueAt = row.GetDateTimeOffset("DueAt"),
        Step = row.GetInt32("Step")!.Value,
        RoundStart = row.GetInt32("RoundStart")!.Value,
        AttemptsStarted = row.GetInt32("Claims")!.Value,
        LeaseId = row.GetString("LeaseId"),
        Chatbot = row.GetInt32("Chatbot"),
        LeaseUntil = row.GetDateTimeOffset("LeaseUntil") is { } until && until != ForOthers
            ? until
            : row.GetDateTimeOffset("HeldUntil"),
        Trace = row.GetString("Trace"),
        ETag = row.ETag,
    };
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(IReadOnlyList<WebhookAttempt>))]
internal sealed partial class WebhookAttemptJson : JsonSerializerContext;
