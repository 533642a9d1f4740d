using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Senders;

namespace Parley.Functions.Api;

/// <summary>
/// Parses ids of the caller's tenant in paths and bodies. A malformed id gives the same error as an unknown id.
/// </summary>
internal static class CallIds
{
    /// <exception cref="ParleyException"><see cref="ErrorCode.ConversationNotFound"/>.</exception>
    public static EntityRef<ConversationKey> Conversation(this Call call, string id) =>
        call.ConversationOrNull(id) ?? throw ConversationReader.NotFound();

    /// <summary>For filters: null for a malformed id, which matches no conversation.</summary>
    public static EntityRef<ConversationKey>? ConversationOrNull(this Call call, string id) =>
        EntityRef.TryParse<ConversationKey>(id, call.Caller.Tenant, out var reference) ? reference : null;

    /// <exception cref="ParleyException"><see cref="ErrorCode.MessageNotFound"/>.</exception>
    public static EntityRef<MessageKey> Message(this Call call, string id) =>
        EntityRef.TryParse<MessageKey>(id, call.Caller.Tenant, out var reference)
            ? reference
            : throw MessageReader.NotFound();

    /// <exception cref="ParleyException"><see cref="ErrorCode.SenderNotFound"/>.</exception>
    public static EntityRef<SenderKey> Sender(this Call call, string id) =>
        EntityRef.TryParse<SenderKey>(id, call.Caller.Tenant, out var reference)
            ? reference
            : throw SenderReader.NotFound();

    /// <exception cref="ParleyException"><see cref="ErrorCode.ChatbotNotFound"/>.</exception>
    public static EntityRef<ChatbotKey> Chatbot(this Call call, string id) =>
        EntityRef.TryParse<ChatbotKey>(id, call.Caller.Tenant, out var reference)
            ? reference
            : throw ChatbotReader.NotFound();
}
