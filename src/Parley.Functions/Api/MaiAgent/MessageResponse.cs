using System.Text.Json;
using Parley.Conversations.Messages;
using Parley.Files;
using Parley.Functions.Api.Flextell;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Who speaks, as MaiAgent's clients read it: as the sender was when the message was written.</summary>
public sealed record MessageSenderResponse(Guid Id, string? Name, string? Avatar);

/// <summary>What came with a message, as MaiAgent's clients read it.</summary>
/// <param name="Id">The UUID of the message that brought the file; of a link, the client's own id.</param>
/// <param name="Type">image, video, audio, sticker or other.</param>
/// <param name="Filename">Its name.</param>
/// <param name="File">A link to it.</param>
public sealed record AttachmentResponse(string? Id, string Type, string Filename, string? File)
{
    /// <summary>Shapes an attachment; documents are <c>other</c> here.</summary>
    public static AttachmentResponse Of(Message message, Attachment attachment, FileLinks? links) => new(
        attachment.Id ?? (attachment.File is null ? null : $"{message.Id}"),
        attachment.Type is "document" ? "other" : attachment.Type,
        attachment.Name,
        AttachmentLinks.Of(message, attachment, links));
}

/// <summary>A message, as MaiAgent's clients read it.</summary>
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
    /// <summary>Shapes a stored message. Citations are the assistants'.</summary>
    /// <param name="message">The message.</param>
    /// <param name="conversation">Its conversation's UUID.</param>
    /// <param name="links">Makes links to stored files; null when no message here has one.</param>
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
