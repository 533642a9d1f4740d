using Azure;
using Parley.Core;
using Parley.Spreadsheets;
using Parley.Webhooks;

namespace Parley.Exports;

/// <summary>The status of an export. Stored by number: never change a number.</summary>
public enum ExportStatus
{
    /// <summary>
    /// Waits until all messages of its range are stored, for a free slot, or for the next attempt at its file.
    /// </summary>
    Pending = 1,

    Running = 2,

    Completed = 3,

    /// <summary>There will be no file; <see cref="Export.Reason"/> contains the reason.</summary>
    Failed = 4,

    /// <summary>The file was removed, at its expiry or by a client.</summary>
    Expired = 5,

    /// <summary>A client cancelled the export before there was a file.</summary>
    Cancelled = 6,
}

/// <summary>The status of an export's webhook. Stored by number: never change a number.</summary>
public enum WebhookStatus
{
    /// <summary>The export has not ended yet.</summary>
    Waiting = 1,

    /// <summary>A delivery will be attempted, for the first time or again.</summary>
    Pending = 2,

    /// <summary>The receiver confirmed the delivery with a 2xx response.</summary>
    Taken = 3,

    /// <summary>The receiver does not want the webhook: it responded with 410.</summary>
    Refused = 4,

    /// <summary>All attempts failed.</summary>
    GivenUp = 5,

    /// <summary>The export was cancelled, or its file was removed, before the delivery.</summary>
    Cancelled = 6,
}

/// <summary>The reasons for a failed export or a removed file.</summary>
public static class ExportReasons
{
    /// <summary>Each process that wrote the file ended before the file was complete.</summary>
    public const string Interrupted = "interrupted";

    /// <summary>The last attempt ended with a failure of storage.</summary>
    public const string StorageUnavailable = "storage_unavailable";

    /// <summary>The last attempt ended with a defect, which is logged.</summary>
    public const string InternalError = "internal_error";

    /// <summary>A client removed the file.</summary>
    public const string Removed = "removed";
}

/// <summary>An attempt to deliver a webhook.</summary>
/// <param name="Number">
/// Increases with every attempt. There are gaps: a new round of deliveries skips the number of the pending attempt.
/// </param>
/// <param name="At">The time at which the attempt began.</param>
/// <param name="Status">The HTTP status of the response; null without a response.</param>
/// <param name="Failure">The reason why there was no response; null with one.</param>
/// <param name="DurationMs">In milliseconds.</param>
/// <param name="Body">The beginning of the response's body.</param>
public sealed record WebhookAttempt(
    int Number,
    DateTimeOffset At,
    int? Status,
    WebhookFailure? Failure,
    long DurationMs,
    string Body);

/// <summary>An export as stored in its row.</summary>
public sealed record Export
{
    public required ExportKey Key { get; init; }

    /// <summary>The random part of the UUID.</summary>
    public required long Check { get; init; }

    /// <summary>Increased by every change, but not by taking or renewing a lease.</summary>
    public int Revision { get; init; } = 1;

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The first time in the range; <see cref="Timestamps.Earliest"/> for everything.</summary>
    public required DateTimeOffset RangeStart { get; init; }

    /// <summary>The first time after the range.</summary>
    public required DateTimeOffset RangeEnd { get; init; }

    /// <summary>The number of the chatbot whose records are exported; null for an export of messages.</summary>
    public int? Chatbot { get; init; }

    public required TableFormat Format { get; init; }

    public required Language Language { get; init; }

    public required string CallbackUrl { get; init; }

    public ExportStatus Status { get; init; } = ExportStatus.Pending;

    /// <summary>One of <see cref="ExportReasons"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>Details of the failure, for people.</summary>
    public string? Detail { get; init; }

    /// <summary>The time at which the first attempt at the file began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>The time at which the export was completed, failed or cancelled.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The time at which the remaining blobs are removed; null before the export has ended.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The rows of the file so far, without the headings.</summary>
    public long Rows { get; init; }

    /// <summary>The bytes of the file, so far.</summary>
    public long Bytes { get; init; }

    /// <summary>UTF-16 units left out because no cell may contain them.</summary>
    public long RemovedCharacters { get; init; }

    /// <summary>UTF-16 units left out because they did not fit into their cells.</summary>
    public long CutCharacters { get; init; }

    /// <summary>The hash of the file: 64 lower-case hexadecimal digits.</summary>
    public string? Sha256 { get; init; }

    /// <summary>
    /// The attempt whose blob is the file; <see cref="ExportFiles.SharedBlob"/> for the blob that all attempts share.
    /// </summary>
    public int? FileAttempt { get; init; }

    /// <summary>The stored part of a file that is being written, behind which another attempt goes on.</summary>
    internal ExportCheckpoint? Checkpoint { get; init; }

    public WebhookStatus WebhookStatus { get; init; } = WebhookStatus.Waiting;

    /// <summary>The latest attempts at the webhook in their order, at most <see cref="MaxAttemptsKept"/>.</summary>
    public IReadOnlyList<WebhookAttempt> WebhookAttempts { get; init; } = [];

    /// <summary>The time of the next step; null when no step is left.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>
    /// The next step, or the last one when no step is left: 0 is the file, n the n-th attempt at the webhook.
    /// </summary>
    public int Step { get; init; }

    /// <summary>
    /// The step before the first attempt of the current round of deliveries. The round's schedule counts from it.
    /// </summary>
    internal int RoundStart { get; init; }

    /// <summary>
    /// The number of starts of this step: a crash leaves the step undone, and it is started again. Those of the file
    /// are counted from the last attempt that stored more of it: that one is the first.
    /// </summary>
    internal int AttemptsStarted { get; init; }

    /// <summary>Identifies the lease of the worker that runs this step.</summary>
    internal string? LeaseId { get; init; }

    /// <summary>The expiry of the lease: no other worker begins the step before it.</summary>
    internal DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>Identifies the insert of the row.</summary>
    public required string WriteId { get; init; }

    /// <summary>The trace context of its creation (<see cref="Telemetry.Context"/>); null without one.</summary>
    internal string? Trace { get; init; }

    /// <summary>Identifies the last change.</summary>
    internal string? EditId { get; init; }

    internal ETag ETag { get; init; }

    /// <summary>Maximum number of attempts that the row keeps: two rounds of the schedule.</summary>
    public const int MaxAttemptsKept = 16;

    public Guid Id => new EntityId(EntityKind.Export, new ConversationKey(Key.Tenant, Key.Number), 0, Check).ToGuid();

    /// <summary>The first time in the range, for responses; null for everything up to <see cref="RangeEnd"/>.</summary>
    public DateTimeOffset? StartOrNull => RangeStart == Timestamps.Earliest ? null : RangeStart;

    /// <summary>True until the export is completed, failed or cancelled.</summary>
    public bool IsUnfinished => Status is ExportStatus.Pending or ExportStatus.Running;

    /// <summary>True while a worker has a lease on the step.</summary>
    internal bool IsHeld(DateTimeOffset now) => LeaseUntil > now;

    /// <summary>The export with its end recorded, and the first attempt at its webhook due now.</summary>
    /// <param name="keep">The time until the file is removed.</param>
    internal Export ToFirstWebhookAttempt(DateTimeOffset now, TimeSpan keep) => this with
    {
        FinishedAt = now,
        ExpiresAt = now + keep,
        Checkpoint = null,
        WebhookStatus = WebhookStatus.Pending,
        DueAt = now,
        Step = 1,
        AttemptsStarted = 0,
        LeaseId = null,
        LeaseUntil = null,
    };
}
