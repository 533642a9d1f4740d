using System.Text.Json;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Files;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>The sender at the time of the message, for MaiAgent's own clients: no member is null.</summary>
/// <param name="Id">
/// The number of the sender; of a chatbot the negated number; 0 for any other, such as an API key.
/// </param>
/// <param name="Name">The name; empty for none.</param>
/// <param name="Avatar">The URL of a picture; empty for none.</param>
public sealed record MaiAgentSender(int Id, string Name, string Avatar)
{
    public static MaiAgentSender Of(Message message, Conversation conversation)
    {
        if (message.Sender is { } sender)
        {
            return new MaiAgentSender(NumberOf(sender.Id), sender.Name ?? "", sender.Avatar ?? "");
        }

        if (message.Role != MessageRole.Customer)
        {
            return new MaiAgentSender(0, message.UserName ?? "", "");
        }

        var contact = MaiAgentContact.Of(conversation);
        return new MaiAgentSender(conversation.Contact?.Number ?? 0, contact.Name, contact.Avatar ?? "");
    }

    private static int NumberOf(Guid id) =>
        EntityId.TryFromGuid(id, EntityKind.Sender, out var sender) ? sender.Conversation.Number
        : EntityId.TryFromGuid(id, EntityKind.Chatbot, out var chatbot) ? -chatbot.Conversation.Number
        : 0;
}

/// <summary>A message, for MaiAgent's own clients.</summary>
public sealed record MaiAgentMessage(
    Guid Id,
    Guid Conversation,
    MaiAgentSender Sender,
    string Type,
    string Content,
    string? Feedback,
    DateTimeOffset CreatedAt,
    IReadOnlyList<AttachmentResponse> Attachments,
    IReadOnlyList<JsonElement> Citations,
    IReadOnlyList<JsonElement> CitationNodes,
    JsonElement? ContentPayload,
    JsonElement? QueryMetadata)
{
    /// <param name="message">The stored message. Parley stores no citations.</param>
    /// <param name="conversation">Its conversation.</param>
    /// <param name="links">Creates links to stored files; null when the message has none.</param>
    public static MaiAgentMessage Of(Message message, Conversation conversation, FileLinks? links) => new(
        message.Id,
        conversation.Id,
        MaiAgentSender.Of(message, conversation),
        message.Role == MessageRole.Customer ? "incoming" : "outgoing",
        message.Text,
        message.Feedback,
        message.CreatedAt,
        [.. message.Attachments.Select(attachment => AttachmentResponse.Of(message, attachment, links))],
        Citations: [],
        CitationNodes: [],
        JsonText.Parse(message.ContentPayload),
        JsonText.Parse(message.QueryMetadata));
}
