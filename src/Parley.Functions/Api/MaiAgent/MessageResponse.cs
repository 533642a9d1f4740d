using System.Text.Json;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Files;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>The sender at the time of the message, in the format of MaiAgent.</summary>
public sealed record MessageSenderResponse(Guid Id, string? Name, string? Avatar);

/// <summary>An attachment, in the format of MaiAgent.</summary>
/// <param name="Id">
/// For a stored file the id of its upload, or the UUID of the message that it was sent with; for a link the id that the
/// client assigned.
/// </param>
/// <param name="Type">image, video, audio, sticker or other.</param>
/// <param name="Filename">The name of the file.</param>
/// <param name="File">The URL of the file.</param>
public sealed record AttachmentResponse(string? Id, string Type, string Filename, string? File)
{
    /// <summary>MaiAgent has no type <c>document</c>, so documents become <c>other</c>.</summary>
    public static AttachmentResponse Of(Message message, Attachment attachment, FileLinks? links) => new(
        attachment.Id ?? (attachment.File is null ? null : $"{attachment.UploadId ?? message.Id}"),
        attachment.Type is "document" ? "other" : attachment.Type,
        attachment.Name,
        AttachmentLinks.Of(message, attachment, links));

    /// <summary>An attachment that no message has yet.</summary>
    public static AttachmentResponse Of(Upload upload, Uri link) => new(
        $"{upload.Id}",
        upload.File.Type is "document" ? "other" : upload.File.Type,
        upload.File.Name,
        link.AbsoluteUri);
}

/// <summary>A message, in the format of MaiAgent.</summary>
public sealed record MessageResponse(
    Guid Id,
    Guid Conversation,
    MessageSenderResponse? Sender,
    string Type,
    string Content,
    JsonElement? ContentPayload,
    JsonElement? QueryMetadata,
    string? Feedback,
    DateTimeOffset CreatedAt,
    IReadOnlyList<AttachmentResponse> Attachments,
    IReadOnlyList<JsonElement> Citations,
    IReadOnlyList<JsonElement> CitationNodes)
{
    /// <param name="message">The stored message. Parley stores no citations.</param>
    /// <param name="conversation">The UUID of its conversation.</param>
    /// <param name="links">Creates links to stored files; null when the message has none.</param>
    public static MessageResponse Of(Message message, Guid conversation, FileLinks? links) => new(
        message.Id,
        conversation,
        message.Sender is { } sender ? new MessageSenderResponse(sender.Id, sender.Name, sender.Avatar) : null,
        message.Role == MessageRole.Customer ? "incoming" : "outgoing",
        message.Text,
        JsonText.Parse(message.ContentPayload),
        JsonText.Parse(message.QueryMetadata),
        message.Feedback,
        message.CreatedAt,
        [.. message.Attachments.Select(attachment => AttachmentResponse.Of(message, attachment, links))],
        Citations: [],
        CitationNodes: []);
}
