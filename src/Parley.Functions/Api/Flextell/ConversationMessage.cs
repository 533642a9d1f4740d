using System.Globalization;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Files;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Flextell;

/// <summary>A message, in the format of Flextell. Ids are integers, and metadata is JSON text.</summary>
public sealed record ConversationMessage(
    long Id,
    int ConversationId,
    int? UserId,
    string? UserName,
    bool IsCustomer,
    string MessageType,
    string? Message,
    string? QuotedText,
    bool IsDeleted,
    bool IsEdited,
    string? EditedByUserName,
    string? DeletedByUserName,
    DateTimeOffset? ReadAt,
    string? Metadata,
    DateTimeOffset CreatedAt,
    MessageFile? File,
    string? FileTemporaryUrl)
{
    /// <param name="message">The stored message.</param>
    /// <param name="quotedTexts">The texts of quoted messages, by message number.</param>
    /// <param name="links">Creates links to stored files; null when the message has none.</param>
    /// <param name="customer">The name of customer's messages that have none of their own.</param>
    public static ConversationMessage Of(
        Message message,
        IReadOnlyDictionary<int, string> quotedTexts,
        FileLinks? links,
        string? customer)
    {
        var file = message.Attachments.Count > 0 ? MessageFile.Of(message, message.Attachments[0], links) : null;
        return new ConversationMessage(
            message.Key.IntegerId,
            message.Key.Conversation.Number,
            message.UserNumber,
            message.UserName ?? (message.Role == MessageRole.Customer ? customer : null),
            message.Role == MessageRole.Customer,
            message.Type,
            message.DeletedBy is null ? message.Text : null,
            message.DeletedBy is null && message.Quoted is { } quoted ? quotedTexts.GetValueOrDefault(quoted) : null,
            message.DeletedBy is not null,
            message.EditedBy is not null,
            message.EditedBy,
            message.DeletedBy,
            message.ReadAt,
            message.Metadata,
            message.CreatedAt,
            file,
            file?.TemporaryUrl);
    }
}

/// <summary>A file, in the format of Flextell. It has the id of its message. Size is in bytes.</summary>
public sealed record MessageFile(
    long Id,
    string Name,
    string? Description,
    string Type,
    string? MimeType,
    long? Size,
    string? FormattedSize,
    int? GroupId,
    string FileableType,
    long FileableId,
    string? TemporaryUrl,
    string? TemporaryThumbnailUrl,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    DateTimeOffset? DeletedAt)
{
    /// <summary>For a link that the client sent, the media type and the size are unknown.</summary>
    public static MessageFile Of(Message message, Attachment attachment, FileLinks? links) => new(
        message.Key.IntegerId,
        attachment.Name,
        Description: null,
        attachment.Type,
        attachment.File?.MimeType,
        attachment.File?.Size,
        attachment.File is { } file ? Format(file.Size) : null,
        GroupId: null,
        FileableType: "conversation_message",
        message.Key.IntegerId,
        AttachmentLinks.Of(message, attachment, links),
        TemporaryThumbnailUrl: null,
        message.CreatedAt,
        message.CreatedAt,
        DeletedAt: null);

    /// <summary>A readable size in powers of 1024, such as <c>812 B</c>, <c>1.5 KB</c> or <c>49.9 MB</c>.</summary>
    private static string Format(long bytes) => bytes switch
    {
        < 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.#} KB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024.0):0.#} MB"),
    };
}

/// <summary>The response to a new message, in the format of Flextell.</summary>
/// <param name="Status">Always <c>sent</c>.</param>
/// <param name="MessageId">The integer id of the message, as text.</param>
/// <param name="ConversationId">The number of the conversation, as text.</param>
public sealed record SentMessage(string Status, string MessageId, string ConversationId)
{
    public static SentMessage Of(MessageKey key) => new(
        "sent",
        key.IntegerId.ToString(CultureInfo.InvariantCulture),
        key.Conversation.Number.ToString(CultureInfo.InvariantCulture));
}

/// <summary>The response to the deletion of a message, also when the message was already deleted.</summary>
/// <param name="Message">A sentence for people.</param>
public sealed record DeletedMessage(string Message);

/// <summary>The response to marking messages as read.</summary>
/// <param name="ConversationId">The number of the conversation, as text.</param>
/// <param name="MessageId">The integer id of the last read message, as text; null when no message is read.</param>
/// <param name="ReadAt">The time at which the conversation was last marked as read.</param>
/// <param name="UnreadMessagesCount">The number of the customer's messages that remain unread.</param>
public sealed record ReadResponse(
    string ConversationId,
    string? MessageId,
    DateTimeOffset? ReadAt,
    int UnreadMessagesCount)
{
    public static ReadResponse Of(ReadMark mark) => new(
        mark.Conversation.Key.Number.ToString(CultureInfo.InvariantCulture),
        mark.Message?.IntegerId.ToString(CultureInfo.InvariantCulture),
        mark.Conversation.LastReadAt,
        mark.Conversation.Unread);
}
