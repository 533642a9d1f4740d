namespace Parley.Core;

/// <summary>
/// A stable error code. Clients may branch on <see cref="Code"/>, so codes are added, never renamed.
/// The table in docs/api.md lists all of them; a test compares it with <see cref="All"/>.
/// </summary>
/// <param name="Code">snake_case, unique; the member <c>error</c> of a problem.</param>
/// <param name="Kind">Determines the HTTP status.</param>
/// <param name="Title">The same for every occurrence (RFC 9457, section 3.1.3).</param>
public sealed record ErrorCode(string Code, ErrorKind Kind, string Title)
{
    /// <summary>The body is no JSON object, is incomplete, is nested deeper than 32, or has a member twice.</summary>
    public static readonly ErrorCode MalformedJson =
        new("malformed_json", ErrorKind.Malformed, "The body is not readable JSON");

    /// <summary>If-Match, or If-None-Match of a write, is neither * nor a list of entity tags.</summary>
    public static readonly ErrorCode MalformedHeader =
        new("malformed_header", ErrorKind.Malformed, "A header is not readable");

    /// <summary>The body is no multipart/form-data, is incomplete, or has too many or too long parts.</summary>
    public static readonly ErrorCode MalformedMultipart =
        new("malformed_multipart", ErrorKind.Malformed, "The body is not readable multipart/form-data");

    /// <summary>The cursor was changed, or belongs to another list.</summary>
    public static readonly ErrorCode InvalidCursor =
        new("invalid_cursor", ErrorKind.Malformed, "The cursor is not valid here");

    /// <summary>No API key or access token, or an unknown, revoked or expired one.</summary>
    public static readonly ErrorCode Unauthenticated =
        new("unauthenticated", ErrorKind.Unauthenticated, "No valid API key or access token");

    /// <summary>The API key or access token has no access to the tenant in X-Tenant, or to any.</summary>
    public static readonly ErrorCode TenantForbidden =
        new("tenant_forbidden", ErrorKind.Forbidden, "The caller does not reach this tenant");

    /// <summary>The API key or access token lacks the scope of this path and method.</summary>
    public static readonly ErrorCode ScopeMissing =
        new("scope_missing", ErrorKind.Forbidden, "The caller lacks the scope");

    /// <summary>The operator has suspended the tenant, or is deleting it.</summary>
    public static readonly ErrorCode TenantSuspended =
        new("tenant_suspended", ErrorKind.Forbidden, "The tenant is suspended");

    /// <summary>The link under which a file is uploaded has expired, was used, or is not one.</summary>
    public static readonly ErrorCode UploadLink =
        new("upload_link", ErrorKind.Forbidden, "The upload link is not valid");

    /// <summary>No route has this path, with any method.</summary>
    public static readonly ErrorCode RouteNotFound = new("route_not_found", ErrorKind.NotFound, "No such path");

    /// <summary>A request to the administration API names an unknown tenant.</summary>
    public static readonly ErrorCode TenantNotFound = new("tenant_not_found", ErrorKind.NotFound, "No such tenant");

    /// <summary>An unknown or malformed number of an API key, or one of another tenant.</summary>
    public static readonly ErrorCode KeyNotFound = new("key_not_found", ErrorKind.NotFound, "No such API key");

    /// <summary>An unknown, malformed or another tenant's conversation id.</summary>
    public static readonly ErrorCode ConversationNotFound =
        new("conversation_not_found", ErrorKind.NotFound, "No such conversation");

    /// <summary>An unknown or malformed message id, or one of another conversation.</summary>
    public static readonly ErrorCode MessageNotFound = new("message_not_found", ErrorKind.NotFound, "No such message");

    /// <summary>An unknown, malformed or another tenant's sender id.</summary>
    public static readonly ErrorCode SenderNotFound = new("sender_not_found", ErrorKind.NotFound, "No such sender");

    /// <summary>An unknown, malformed or another tenant's ticket id.</summary>
    public static readonly ErrorCode TicketNotFound = new("ticket_not_found", ErrorKind.NotFound, "No such ticket");

    /// <summary>An unknown, malformed or another tenant's follow-up id.</summary>
    public static readonly ErrorCode FollowUpNotFound =
        new("follow_up_not_found", ErrorKind.NotFound, "No such follow-up");

    /// <summary>An unknown, malformed or another tenant's export id.</summary>
    public static readonly ErrorCode ExportNotFound = new("export_not_found", ErrorKind.NotFound, "No such export");

    /// <summary>An unknown, malformed or another tenant's chatbot id, also in a body.</summary>
    public static readonly ErrorCode ChatbotNotFound = new("chatbot_not_found", ErrorKind.NotFound, "No such chatbot");

    /// <summary>An unknown, malformed or another tenant's completion id.</summary>
    public static readonly ErrorCode CompletionNotFound =
        new("completion_not_found", ErrorKind.NotFound, "No such completion");

    /// <summary>An unknown or malformed record id, or one of another chatbot.</summary>
    public static readonly ErrorCode RecordNotFound = new("record_not_found", ErrorKind.NotFound, "No such record");

    /// <summary>A page number that is not one, or past the end, for clients that expect this.</summary>
    public static readonly ErrorCode InvalidPage = new("invalid_page", ErrorKind.NotFound, "No such page");

    /// <summary>The path exists; Allow lists its methods.</summary>
    public static readonly ErrorCode MethodNotAllowed =
        new("method_not_allowed", ErrorKind.MethodNotAllowed, "The path does not take this method");

    /// <summary>The tenant is deleted, or is being deleted.</summary>
    public static readonly ErrorCode TenantStatus =
        new("tenant_status", ErrorKind.Conflict, "The tenant is not in the status that this needs");

    /// <summary>A revoked or expired API key cannot be rotated.</summary>
    public static readonly ErrorCode KeyStatus =
        new("key_status", ErrorKind.Conflict, "The API key is not in the status that this needs");

    /// <summary>The conversation has the maximum number of messages.</summary>
    public static readonly ErrorCode ConversationFull =
        new("conversation_full", ErrorKind.Conflict, "The conversation takes no more messages");

    /// <summary>The request needs a message that has not been deleted.</summary>
    public static readonly ErrorCode MessageDeleted =
        new("message_deleted", ErrorKind.Conflict, "The message has been deleted");

    /// <summary>Another sender has this identifier or external id.</summary>
    public static readonly ErrorCode SenderExists =
        new("sender_exists", ErrorKind.Conflict, "There is such a sender already");

    /// <summary>A chat has at most one ticket that is not completed.</summary>
    public static readonly ErrorCode TicketOpen = new("ticket_open", ErrorKind.Conflict, "The chat has an open ticket");

    /// <summary>A ticket changes from pending to ongoing to completed; there are no other transitions.</summary>
    public static readonly ErrorCode TicketStatus =
        new("ticket_status", ErrorKind.Conflict, "The ticket cannot take this status");

    /// <summary>
    /// The status of the follow-up does not allow the request, or the requested status cannot be set.
    /// </summary>
    public static readonly ErrorCode FollowUpStatus =
        new("follow_up_status", ErrorKind.Conflict, "The follow-up cannot take this status");

    /// <summary>The chat has no message, its last message is the customer's, or it is handed off to a human.</summary>
    public static readonly ErrorCode FollowUpRefused =
        new("follow_up_refused", ErrorKind.Conflict, "The chat takes no follow-up now");

    /// <summary>A chat has at most 20 pending follow-ups.</summary>
    public static readonly ErrorCode TooManyFollowUps =
        new("too_many_follow_ups", ErrorKind.Conflict, "The chat has too many pending follow-ups");

    /// <summary>The export has no file (not yet, or no longer), or nothing to deliver.</summary>
    public static readonly ErrorCode ExportStatus =
        new("export_status", ErrorKind.Conflict, "The export is not in the status that this needs");

    /// <summary>The chatbot's field enabled is false.</summary>
    public static readonly ErrorCode ChatbotDisabled =
        new("chatbot_disabled", ErrorKind.Conflict, "The chatbot does not answer now");

    /// <summary>The completion was cancelled; the text produced until then is stored.</summary>
    public static readonly ErrorCode CompletionCancelled =
        new("cancelled", ErrorKind.Conflict, "The completion was cancelled");

    /// <summary>The field accepts only its current value.</summary>
    public static readonly ErrorCode Immutable = new("immutable", ErrorKind.Conflict, "The field cannot be changed");

    /// <summary>The row was changed after the client read it, or If-None-Match excludes what exists.</summary>
    public static readonly ErrorCode StaleRevision =
        new("stale_revision", ErrorKind.PreconditionFailed, "If-Match or If-None-Match excludes the revision");

    /// <summary>The body has more bytes than the route accepts.</summary>
    public static readonly ErrorCode BodyTooLarge = new("body_too_large", ErrorKind.TooLarge, "The body is too large");

    /// <summary>
    /// The route does not accept the media type (JSON in UTF-8, or multipart/form-data), or the body is compressed.
    /// </summary>
    public static readonly ErrorCode UnsupportedMediaType =
        new("unsupported_media_type", ErrorKind.UnsupportedMediaType, "The body has another media type");

    /// <summary>Fields, parameters or headers violate rules; the member errors lists all of them.</summary>
    public static readonly ErrorCode InvalidFields =
        new("invalid_fields", ErrorKind.Invalid, "Some fields are not valid");

    /// <summary>The range has too many records for a workbook that is written while the client waits.</summary>
    public static readonly ErrorCode TooManyRecords =
        new("too_many_records", ErrorKind.Invalid, "The range has too many records");

    /// <summary>The key was used before with another path or body.</summary>
    public static readonly ErrorCode IdempotencyKeyReused =
        new("idempotency_key_reused", ErrorKind.Invalid, "The Idempotency-Key belongs to another request");

    /// <summary>
    /// The chatbot's provider refused to reply, or stopped because of its rules; the text produced until then is
    /// stored.
    /// </summary>
    public static readonly ErrorCode ProviderRefused =
        new("refused", ErrorKind.Invalid, "The assistant refuses to answer");

    /// <summary>
    /// The chatbot's provider accepts no more requests now. Retry-After is present if the provider sent it.
    /// </summary>
    public static readonly ErrorCode ProviderRateLimited =
        new("rate_limited", ErrorKind.TooManyRequests, "The assistant has too many requests");

    /// <summary>
    /// A quota of the tenant or of the key is used up, or the tenant has too much work at once; the member
    /// violated-policies names the limits. Retry-After is always present. The type is that of
    /// draft-ietf-httpapi-ratelimit-headers-11, section 5.1.
    /// </summary>
    public static readonly ErrorCode QuotaExceeded =
        new("quota_exceeded", ErrorKind.TooManyRequests, "The quota is used up")
        {
            RegisteredType = "https://iana.org/assignments/http-problem-types#quota-exceeded",
        };

    /// <summary>A defect; logged under the traceId.</summary>
    public static readonly ErrorCode InternalError = new("internal_error", ErrorKind.Internal, "Parley failed");

    /// <summary>
    /// The chatbot's provider cannot be reached, failed, or ended early; the text produced until then is stored.
    /// </summary>
    public static readonly ErrorCode ProviderUnavailable =
        new("unavailable", ErrorKind.ProviderFailed, "The assistant cannot be reached");

    /// <summary>
    /// The chatbot's provider rejected the request: the model, the key or the length of the conversation may be
    /// invalid.
    /// </summary>
    public static readonly ErrorCode ProviderBadRequest =
        new("bad_request", ErrorKind.ProviderFailed, "The assistant's provider refuses the request");

    /// <summary>
    /// The chatbot's provider ended its reply without any text: the model's output limit may have been used up.
    /// </summary>
    public static readonly ErrorCode ProviderReplyEmpty =
        new("empty_reply", ErrorKind.ProviderFailed, "The assistant's reply is empty");

    /// <summary>
    /// The process that ran the completion ended; the text produced until then is stored. A request with the same
    /// Idempotency-Key runs the completion again.
    /// </summary>
    public static readonly ErrorCode CompletionInterrupted =
        new("interrupted", ErrorKind.ProviderFailed, "The completion was interrupted");

    /// <summary>
    /// The chatbot's provider sent nothing for too long, or its reply took too long; the text produced until then is
    /// stored.
    /// </summary>
    public static readonly ErrorCode ProviderTimedOut =
        new("timeout", ErrorKind.ProviderTimeout, "The assistant did not answer in time");

    /// <summary>
    /// Too many concurrent writers; nothing was stored. Retry-After contains the delay before the next attempt.
    /// </summary>
    public static readonly ErrorCode Busy = new("busy", ErrorKind.Unavailable, "Too many writes at once");

    /// <summary>
    /// Storage did not respond in time; a write may have been stored. Retry-After contains the delay before the next
    /// attempt, which should have the same Idempotency-Key.
    /// </summary>
    public static readonly ErrorCode StorageUnavailable =
        new("storage_unavailable", ErrorKind.Unavailable, "Storage does not answer");

    /// <summary>
    /// The issuer of the access token does not answer, and the token's key is not known. Retry-After contains the delay
    /// before the next attempt.
    /// </summary>
    public static readonly ErrorCode IssuerUnavailable =
        new("issuer_unavailable", ErrorKind.Unavailable, "The issuer of the access token does not answer");

    /// <summary>Every code, in the order of the table in docs/api.md.</summary>
    public static IReadOnlyList<ErrorCode> All { get; } =
    [
        MalformedJson, MalformedHeader, MalformedMultipart, InvalidCursor, Unauthenticated, TenantForbidden,
        ScopeMissing, TenantSuspended, UploadLink, RouteNotFound, TenantNotFound, KeyNotFound, ConversationNotFound,
        MessageNotFound, SenderNotFound, TicketNotFound, FollowUpNotFound, ExportNotFound, ChatbotNotFound,
        CompletionNotFound, RecordNotFound, InvalidPage, MethodNotAllowed, TenantStatus, KeyStatus, ConversationFull,
        MessageDeleted, SenderExists, TicketOpen, TicketStatus, FollowUpStatus, FollowUpRefused, TooManyFollowUps,
        ExportStatus, ChatbotDisabled, CompletionCancelled,
        Immutable, StaleRevision, BodyTooLarge, UnsupportedMediaType, InvalidFields, TooManyRecords,
        IdempotencyKeyReused,
        ProviderRefused, ProviderRateLimited, QuotaExceeded, InternalError, ProviderUnavailable,
        ProviderBadRequest, ProviderReplyEmpty, CompletionInterrupted, ProviderTimedOut, Busy,
        StorageUnavailable, IssuerUnavailable,
    ];

    /// <summary>The type of a problem that others have registered; null for Parley's own.</summary>
    public string? RegisteredType { get; private init; }

    /// <summary>
    /// The problem's <c>type</c> (RFC 9457). Parley's own are URNs, because they identify the problem and are no
    /// address.
    /// </summary>
    public string TypeUri => RegisteredType ?? $"urn:parley:problem:{Code}";

    /// <summary>An exception that the HTTP layer returns as this problem.</summary>
    /// <param name="detail">One sentence for the caller, with the next step.</param>
    public ParleyException With(string detail) => new(this, detail);
}
