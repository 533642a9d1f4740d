using Parley.Core;

namespace Parley.Assistants.Chatbots;

/// <summary>
/// Finds the chatbots of web chats. A web chat belongs to one chatbot; every chatbot has one with its own UUID.
/// </summary>
public sealed class WebChats(ChatbotReader chatbots)
{
    /// <returns>The chatbot, even a deleted one; null for a web chat that belongs to none.</returns>
    public async Task<Chatbot?> FindChatbotAsync(TenantId tenant, Guid webChat, CancellationToken cancellation) =>
        EntityId.TryFromGuid(webChat, EntityKind.Chatbot, out var id) && id.Conversation.Tenant == tenant
            ? await chatbots.FindEvenDeletedAsync(
                new EntityRef<ChatbotKey>(new ChatbotKey(tenant, id.Conversation.Number), id.Check), cancellation)
            : null;
}
