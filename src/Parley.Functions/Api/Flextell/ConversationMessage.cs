using System.Globalization;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Files;

namespace Parley.Functions.Api.Flextell;

/// <summary>A message, as Flextell's clients read it. Ids are integers; metadata is JSON text.</summary>
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
    /// <summary>Shapes a stored message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="quotedTexts">The texts of quoted messages, by number.</param>
    /// <param name="links">Makes links to stored files; null when no message here has one.</param>
    public static ConversationMessage Of(Message message, IReadOnlyDictionary<int, string> quotedTexts, FileLinks? links)
    {
        var file = message.Attachments.Count > 0 ? MessageFile.Of(message, message.Attachments[0], links) : null;
        return new ConversationMessage(
            message.Key.IntegerId,
            message.Key.Conversation.Number,
            message.UserNumber,
            message.UserName,
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

/// <summary>A file, as Flextell's clients read it. Its id is its message's.</summary>
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
    /// <summary>Shapes an attachment: a stored file with a link to it, or a link of the client's own, of which no more is known.</summary>
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

    /// <summary>A size for people: <c>812 B</c>, <c>1.5 KB</c>, <c>49.9 MB</c>, by 1024.</summary>
    private static string Format(long bytes) => bytes switch
    {
        < 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.#} KB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024.0):0.#} MB"),
    };
}

/// <summary>What Flextell's clients read after a post.</summary>
/// <param name="Status">Always <c>sent</c>.</param>
/// <param name="MessageId">The message's integer id, as text.</param>
/// <param name="ConversationId">The conversation's number, as text.</param>
public sealed record SentMessage(string Status, string MessageId, string ConversationId)
{
    /// <summary>Shapes a stored message's key.</summary>
    public static SentMessage Of(MessageKey key) => new(
        "sent", key.IntegerId.ToString(CultureInfo.InvariantCulture), key.Conversation.Number.ToString(CultureInfo.InvariantCulture));
}

/// <summary>What Flextell's clients read after a deletion, the first and every later one.</summary>
/// <param name="Message">Says that it is deleted.</param>
public sealed record DeletedMessage(string Message);

/// <summary>What a reading did.</summary>
/// <param name="ConversationId">The conversation's number, as text.</param>
/// <param name="MessageId">The last message that has been read, as text; null when there is none.</param>
/// <param name="ReadAt">When the conversation was read last.</param>
/// <param name="UnreadMessagesCount">The customer's messages that are still unread.</param>
public sealed record ReadResponse(string ConversationId, string? MessageId, DateTimeOffset? ReadAt, int UnreadMessagesCount)
{
    /// <summary>Shapes a reading.</summary>
    public static ReadResponse Of(ReadMark mark) => new(
        mark.Conversation.Key.Number.ToString(CultureInfo.InvariantCulture),
        mark.Message?.IntegerId.ToString(CultureInfo.InvariantCulture),
        mark.Conversation.LastReadAt,
        mark.Conversation.Unread);
}
