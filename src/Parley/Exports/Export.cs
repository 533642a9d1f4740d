using Azure;
using Parley.Core;
using Parley.Spreadsheets;
using Parley.Webhooks;

namespace Parley.Exports;

/// <summary>Where an export stands. Stored by number: never change one.</summary>
public enum ExportStatus
{
    /// <summary>Waits for its range to settle, or for a turn.</summary>
    Pending = 1,

    /// <summary>Its file is being written.</summary>
    Running = 2,

    /// <summary>Its file can be read.</summary>
    Completed = 3,

    /// <summary>There will be no file; <see cref="Export.Reason"/> says why.</summary>
    Failed = 4,

    /// <summary>Its file has been removed.</summary>
    Expired = 5,

    /// <summary>A client ended it before there was a file.</summary>
    Cancelled = 6,
}

/// <summary>The language of headings and values. Stored by number: never change one.</summary>
public enum ExportLanguage
{
    /// <summary>English.</summary>
    EnUs = 1,

    /// <summary>Brazilian Portuguese.</summary>
    PtBr = 2,
}

/// <summary>Where an export's callback stands. Stored by number: never change one.</summary>
public enum WebhookStatus
{
    /// <summary>There is nothing to tell yet.</summary>
    Waiting = 1,

    /// <summary>It is to be delivered, for the first time or again.</summary>
    Pending = 2,

    /// <summary>The receiver has it.</summary>
    Taken = 3,

    /// <summary>The receiver wants none (410).</summary>
    Refused = 4,

    /// <summary>All attempts failed.</summary>
    GivenUp = 5,

    /// <summary>The export was cancelled or removed before it was delivered.</summary>
    Cancelled = 6,
}

/// <summary>Why an export failed, or its file is gone.</summary>
public static class ExportReasons
{
    /// <summary>Whoever wrote the file ended each time before it was whole.</summary>
    public const string Interrupted = "interrupted";

    /// <summary>Storage failed each time.</summary>
    public const string StorageUnavailable = "storage_unavailable";

    /// <summary>A defect; it is logged.</summary>
    public const string InternalError = "internal_error";

    /// <summary>A client removed the file.</summary>
    public const string Removed = "removed";
}

/// <summary>An attempt to deliver a callback.</summary>
/// <param name="Number">Rises with every attempt. There are gaps: a new round of deliveries passes over the attempt that was to come.</param>
/// <param name="At">When it began.</param>
/// <param name="Status">The status of the answer; null when there was none.</param>
/// <param name="Failure">Why there was none.</param>
/// <param name="DurationMs">How long it took, in milliseconds.</param>
/// <param name="Body">How the answer's body begins.</param>
public sealed record WebhookAttempt(int Number, DateTimeOffset At, int? Status, WebhookFailure? Failure, long DurationMs, string Body);

/// <summary>An export, as its row holds it.</summary>
public sealed record Export
{
    /// <summary>Tenant and number.</summary>
    public required ExportKey Key { get; init; }

    /// <summary>The random part of its UUID.</summary>
    public required long Check { get; init; }

    /// <summary>Raised by every change but claims and signs of life.</summary>
    public int Revision { get; init; } = 1;

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The first time of the messages in it.</summary>
    public required DateTimeOffset RangeStart { get; init; }

    /// <summary>The first time after them.</summary>
    public required DateTimeOffset RangeEnd { get; init; }

    /// <summary>Of the file.</summary>
    public required TableFormat Format { get; init; }

    /// <summary>Of headings and values.</summary>
    public required ExportLanguage Language { get; init; }

    /// <summary>Who is told that it has ended.</summary>
    public required string CallbackUrl { get; init; }

    /// <summary>Where it stands.</summary>
    public ExportStatus Status { get; init; } = ExportStatus.Pending;

    /// <summary>One of <see cref="ExportReasons"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>What went wrong, for a person.</summary>
    public string? Detail { get; init; }

    /// <summary>When the first attempt at the file began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it was completed, failed or cancelled.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>When what is left of it in Blob Storage is removed; set when it has ended.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The rows of the file, so far; headings do not count.</summary>
    public long Rows { get; init; }

    /// <summary>The bytes of the file, so far.</summary>
    public long Bytes { get; init; }

    /// <summary>UTF-16 units that no cell may hold and that were left out.</summary>
    public long RemovedCharacters { get; init; }

    /// <summary>UTF-16 units that did not fit their cells and were left out.</summary>
    public long CutCharacters { get; init; }

    /// <summary>Of the file: 64 lower-case hexadecimal digits.</summary>
    public string? Sha256 { get; init; }

    /// <summary>The attempt whose blob is the file.</summary>
    public int? FileAttempt { get; init; }

    /// <summary>Where its callback stands.</summary>
    public WebhookStatus WebhookStatus { get; init; } = WebhookStatus.Waiting;

    /// <summary>The latest attempts at the callback, at most <see cref="MaxAttemptsKept"/>, in their order.</summary>
    public IReadOnlyList<WebhookAttempt> CallbackAttempts { get; init; } = [];

    /// <summary>When the next step is due; null when none is.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>The next step, or the last one when none is due: 0 is the file, n the n-th attempt at the callback.</summary>
    public int Step { get; init; }

    /// <summary>The step before the first attempt of the present round of deliveries, from which its schedule counts.</summary>
    internal int RoundStart { get; init; }

    /// <summary>How often this step was begun: a crash leaves it undone.</summary>
    internal int AttemptsStarted { get; init; }

    /// <summary>Names who works on this step.</summary>
    internal string? LeaseId { get; init; }

    /// <summary>Until when nobody else begins it.</summary>
    internal DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>Names the write that made the row.</summary>
    public required string WriteId { get; init; }

    /// <summary>Names the last change.</summary>
    internal string? EditId { get; init; }

    /// <summary>The row's ETag.</summary>
    internal ETag ETag { get; init; }

    /// <summary>How many attempts at the callback are kept: two rounds of the schedule.</summary>
    public const int MaxAttemptsKept = 16;

    /// <summary>Its UUID.</summary>
    public Guid Id => new EntityId(EntityKind.Export, new ConversationKey(Key.Tenant, Key.Number), 0, Check).ToGuid();

    /// <summary>Whether its file is still to come.</summary>
    public bool IsUnfinished => Status is ExportStatus.Pending or ExportStatus.Running;

    /// <summary>Whether somebody works on the step.</summary>
    internal bool IsHeld(DateTimeOffset now) => LeaseUntil > now;
}
