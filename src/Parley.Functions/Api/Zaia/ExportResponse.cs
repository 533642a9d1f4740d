using Parley.Core;
using Parley.Exports;

namespace Parley.Functions.Api.Zaia;

/// <summary>The response to the creation of an export, in the format of Zaia.</summary>
public sealed record ExportAcceptedResponse(string Message, Guid ExportId);

/// <summary>An attempt to deliver a callback. Status and Body are those of the receiver's response.</summary>
public sealed record WebhookAttemptResponse(
    int Number,
    DateTimeOffset At,
    int? Status,
    string? Failure,
    long DurationMs,
    string Body)
{
    public static WebhookAttemptResponse Of(WebhookAttempt attempt) => new(
        attempt.Number,
        attempt.At,
        attempt.Status,
        attempt.Failure is { } failure ? EnumNames.Of(failure) : null,
        attempt.DurationMs,
        attempt.Body);
}

/// <summary>The delivery status of the callback of an export.</summary>
public sealed record WebhookResponse(
    string Status,
    string Url,
    DateTimeOffset? NextAttemptAt,
    IReadOnlyList<WebhookAttemptResponse> Attempts);

public sealed record ExportResponse(
    Guid Id,
    int Number,
    string Kind,
    int? Chatbot,
    string Status,
    string? Reason,
    string? Detail,
    DateTimeOffset? RangeStart,
    DateTimeOffset RangeEnd,
    string Format,
    string Language,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    DateTimeOffset? ExpiresAt,
    long Rows,
    long Bytes,
    string? Sha256,
    long RemovedCharacters,
    long CutCharacters,
    string? Url,
    DateTimeOffset? UrlExpiresAt,
    WebhookResponse Callback)
{
    /// <param name="export">The stored export.</param>
    /// <param name="link">A link to its file; null when it has none.</param>
    public static ExportResponse Of(Export export, ExportLink? link) => new(
        export.Id,
        export.Key.Number,
        export.Chatbot is null ? "messages" : "records",
        export.Chatbot,
        EnumNames.Of(export.Status),
        export.Reason,
        export.Detail,
        export.StartOrNull,
        export.RangeEnd,
        EnumNames.Of(export.Format),
        ExportFields.NameOf(export.Language),
        export.CreatedAt,
        export.StartedAt,
        export.FinishedAt,
        export.ExpiresAt,
        export.Rows,
        export.Bytes,
        export.Sha256,
        export.RemovedCharacters,
        export.CutCharacters,
        link?.Url.AbsoluteUri,
        link?.ExpiresAt,
        new WebhookResponse(
            EnumNames.Of(export.WebhookStatus),
            export.CallbackUrl,
            export.WebhookStatus == WebhookStatus.Pending ? export.DueAt : null,
            [.. export.WebhookAttempts.Select(WebhookAttemptResponse.Of)]));
}
