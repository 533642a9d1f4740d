using System.Text.Json;
using Parley.Conversations;

namespace Parley.Functions.Conversations;

/// <summary>The person on the other side, as MaiAgent's clients read it.</summary>
public sealed record ContactAnswer(Guid Id, string? Name, string? Avatar, DateTimeOffset CreatedAt);

/// <summary>An inbox, as MaiAgent's clients read it.</summary>
public sealed record InboxAnswer(Guid Id, string Name, string ChannelType, int? UnreadConversationsCount);

/// <summary>A conversation.</summary>
public sealed record ConversationAnswer(
    Guid Id,
    int Number,
    string? Title,
    ContactAnswer? Contact,
    InboxAnswer? Inbox,
    string? LastMessage,
    DateTimeOffset? LastMessageCreatedAt,
    int UnreadMessagesCount,
    bool AutoReplyEnabled,
    bool IsAutoReplyNow,
    DateTimeOffset? LastReadAt,
    DateTimeOffset CreatedAt,
    bool IsGroupChat,
    bool EnableGroupMention,
    JsonElement? Metadata,
    Guid? Chatbot,
    DateTimeOffset? HandedOffUntil)
{
    /// <summary>Shapes a stored conversation. What later features fill (avatars, unread inboxes, reading, chatbots, hand-off) is null or false.</summary>
    public static ConversationAnswer Of(Conversation conversation) => new(
        conversation.Id,
        conversation.Key.Number,
        conversation.Title,
        conversation.Contact is { } contact ? new ContactAnswer(contact.Id, contact.Name, Avatar: null, contact.CreatedAt) : null,
        conversation.Inbox is { } inbox ? new InboxAnswer(inbox.Id, inbox.Name, inbox.ChannelType, UnreadConversationsCount: null) : null,
        conversation.LastMessage,
        conversation.LastMessageAt,
        conversation.Unread,
        conversation.AutoReplyEnabled,
        IsAutoReplyNow: conversation.AutoReplyEnabled,
        LastReadAt: null,
        conversation.CreatedAt,
        IsGroupChat: false,
        EnableGroupMention: false,
        conversation.Metadata is { } metadata ? JsonElement.Parse(metadata) : null,
        Chatbot: null,
        HandedOffUntil: null);
}
