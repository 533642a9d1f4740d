using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Conversations;
using Parley.Core;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>
/// The contact of a conversation, for MaiAgent's own clients. A conversation without one shows an unnamed visitor with
/// its own id.
/// </summary>
/// <param name="Id">The contact's UUID.</param>
/// <param name="Name">The contact's name; empty for none.</param>
/// <param name="Avatar">The URL of a picture, or null.</param>
/// <param name="CreatedAt">The time of its creation.</param>
public sealed record MaiAgentContact(Guid Id, string Name, string? Avatar, DateTimeOffset CreatedAt)
{
    /// <summary>The name of a contact whose name is not known.</summary>
    public const string Visitor = "Visitor";

    public static MaiAgentContact Of(Conversation conversation) => conversation.Contact is { } contact
        ? new MaiAgentContact(contact.Id, contact.Name ?? "", contact.Avatar, contact.CreatedAt)
        : new MaiAgentContact(conversation.Id, Visitor, null, conversation.CreatedAt);
}

/// <summary>
/// A conversation, for MaiAgent's own clients, with Parley's additional members at the end. HandedOffUntil keeps the
/// form in which it is sent.
/// </summary>
public sealed record MaiAgentConversation(
    Guid Id,
    MaiAgentContact Contact,
    InboxResponse? Inbox,
    string Title,
    MaiAgentMessage? LastMessage,
    DateTimeOffset LastMessageCreatedAt,
    int UnreadMessagesCount,
    bool AutoReplyEnabled,
    bool IsAutoReplyNow,
    DateTimeOffset? LastReadAt,
    DateTimeOffset CreatedAt,
    bool IsGroupChat,
    bool EnableGroupMention,
    int Number,
    JsonElement? Metadata,
    Guid? Chatbot,
    [property: JsonConverter(typeof(IsoTime))] DateTimeOffset? HandedOffUntil)
{
    /// <param name="conversation">A stored conversation. It has one contact, so it is never a group chat.</param>
    /// <param name="last">Its last message; null when it has none.</param>
    /// <param name="unread">Numbers of unread conversations by inbox, including the inbox of this conversation.</param>
    /// <param name="now">Determines whether the conversation is handed off.</param>
    public static MaiAgentConversation Of(
        Conversation conversation,
        MaiAgentMessage? last,
        IReadOnlyDictionary<Guid, int> unread,
        DateTimeOffset now)
    {
        var contact = MaiAgentContact.Of(conversation);
        return new MaiAgentConversation(
            conversation.Id,
            contact,
            InboxResponse.Of(conversation, unread),
            conversation.Title ?? contact.Name,
            last,
            conversation.LastMessageAt ?? conversation.CreatedAt,
            conversation.Unread,
            conversation.AutoReplyEnabled,
            conversation.IsAutoReplyAt(now),
            conversation.LastReadAt,
            conversation.CreatedAt,
            IsGroupChat: false,
            EnableGroupMention: false,
            conversation.Key.Number,
            JsonText.Parse(conversation.Metadata),
            conversation.Chatbot,
            conversation.HandedOffUntil);
    }
}
