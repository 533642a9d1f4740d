using System.Globalization;
using Parley.Messages;

namespace Parley.Functions.Messages;

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
    System.Text.Json.JsonElement? File,
    string? FileTemporaryUrl)
{
    /// <summary>Shapes a stored message. Files come with media messages.</summary>
    public static ConversationMessage Of(Message message, IReadOnlyDictionary<int, string> quotedTexts) => new(
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
        File: null,
        FileTemporaryUrl: null);
}

/// <summary>What Flextell's clients read after a post.</summary>
/// <param name="Status">Always <c>sent</c>.</param>
/// <param name="MessageId">The message's integer id, as text.</param>
/// <param name="ConversationId">The conversation's number, as text.</param>
public sealed record SentMessage(string Status, string MessageId, string ConversationId)
{
    /// <summary>Shapes a stored message's key.</summary>
    public static SentMessage Of(Parley.Storage.MessageKey key) => new(
        "sent", key.IntegerId.ToString(CultureInfo.InvariantCulture), key.Conversation.Number.ToString(CultureInfo.InvariantCulture));
}

/// <summary>What Flextell's clients read after a deletion, the first and every later one.</summary>
/// <param name="Message">Says that it is deleted.</param>
public sealed record DeletedMessage(string Message);
