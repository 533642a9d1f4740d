using System.Text.Json;
using Parley.Conversations;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>The contact of a conversation, in the format of MaiAgent.</summary>
public sealed record ContactResponse(Guid Id, string? Name, string? Avatar, DateTimeOffset CreatedAt);

/// <summary>An inbox, in the format of MaiAgent.</summary>
public sealed record InboxResponse(Guid Id, string Name, string ChannelType, int UnreadConversationsCount)
{
    /// <summary>The inbox of a conversation; null for a conversation without one.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="unread">Numbers of unread conversations by inbox, including this one.</param>
    public static InboxResponse? Of(Conversation conversation, IReadOnlyDictionary<Guid, int> unread) =>
        conversation.Inbox is { } inbox
            ? new InboxResponse(inbox.Id, inbox.Name, inbox.ChannelType, unread[inbox.Id])
            : null;
}

/// <summary>A conversation, in the format of MaiAgent with additional members.</summary>
public sealed record ConversationResponse(
    Guid Id,
    int Number,
    string? Title,
    ContactResponse? Contact,
    InboxResponse? Inbox,
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
    /// <param name="conversation">A stored conversation. It has one contact, so it is never a group chat.</param>
    /// <param name="unread">Numbers of unread conversations by inbox, including the inbox of this conversation.</param>
    /// <param name="now">Determines whether the conversation is handed off.</param>
    public static ConversationResponse Of(
        Conversation conversation,
        IReadOnlyDictionary<Guid, int> unread,
        DateTimeOffset now) => new(
        conversation.Id,
        conversation.Key.Number,
        conversation.Title,
        conversation.Contact is { } contact
            ? new ContactResponse(contact.Id, contact.Name, contact.Avatar, contact.CreatedAt)
            : null,
        InboxResponse.Of(conversation, unread),
        conversation.LastMessage,
        conversation.LastMessageAt,
        conversation.Unread,
        conversation.AutoReplyEnabled,
        conversation.IsAutoReplyAt(now),
        conversation.LastReadAt,
        conversation.CreatedAt,
        IsGroupChat: false,
        EnableGroupMention: false,
        JsonText.Parse(conversation.Metadata),
        conversation.Chatbot,
        conversation.HandedOffUntil);
}
