using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Senders;

namespace Parley.Functions.Api.Requests;

/// <summary>Ids in paths and bodies, of the caller's tenant.</summary>
internal static class CallIds
{
    /// <summary>The conversation that a path or a body names.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.ConversationNotFound"/>: a malformed id in a path is the same as an unknown one.</exception>
    public static EntityRef<ConversationKey> Conversation(this Call call, string id) => call.ConversationOrNull(id) ?? throw ConversationReader.NotFound();

    /// <summary>The conversation that a filter names; null for an id that can name none, and so matches nothing.</summary>
    public static EntityRef<ConversationKey>? ConversationOrNull(this Call call, string id) =>
        EntityRef.TryParse<ConversationKey>(id, call.Caller.Tenant, out var reference) ? reference : null;

    /// <summary>The message that a path names.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.MessageNotFound"/>.</exception>
    public static EntityRef<MessageKey> Message(this Call call, string id) =>
        EntityRef.TryParse<MessageKey>(id, call.Caller.Tenant, out var reference) ? reference : throw MessageReader.NotFound();

    /// <summary>The sender that a path names.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.SenderNotFound"/>.</exception>
    public static EntityRef<SenderKey> Sender(this Call call, string id) =>
        EntityRef.TryParse<SenderKey>(id, call.Caller.Tenant, out var reference) ? reference : throw SenderReader.NotFound();

    /// <summary>The chatbot that a path names.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.ChatbotNotFound"/>.</exception>
    public static EntityRef<ChatbotKey> Chatbot(this Call call, string id) =>
        EntityRef.TryParse<ChatbotKey>(id, call.Caller.Tenant, out var reference) ? reference : throw ChatbotReader.NotFound();
}
