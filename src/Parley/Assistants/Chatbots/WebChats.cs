using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Chatbots;

/// <summary>
/// Finds the chatbots of web chats. A web chat belongs to one chatbot: the one that has its UUID, or that lists it.
/// </summary>
/// <remarks>
/// A listed web chat has a row <c>w|uuid</c> with its chatbot, which is written with the chatbot's row. The rows of
/// deleted chatbots stay, and another chatbot may take them over.
/// </remarks>
public sealed class WebChats(ParleyTables tables, ChatbotReader chatbots)
{
    /// <summary>Reads the chatbot of a web chat: one point read for its own UUID, otherwise two.</summary>
    /// <returns>The chatbot, even a deleted one; null for a web chat that belongs to none.</returns>
    public async Task<Chatbot?> FindChatbotAsync(TenantId tenant, Guid webChat, CancellationToken cancellation)
    {
        if (IsChatbots(webChat, tenant, out var id))
        {
            return await chatbots.FindEvenDeletedAsync(
                new EntityRef<ChatbotKey>(new ChatbotKey(tenant, id.Conversation.Number), id.Check), cancellation);
        }

        return await FindRowAsync(tenant, webChat, cancellation) is { } row
            ? await FindOwnerAsync(tenant, webChat, row, cancellation)
            : null;
    }

    /// <summary>
    /// Returns the operations that change the rows of a chatbot's web chats, for the transaction that changes its own.
    /// They are conditional on the rows that this has read.
    /// </summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.InvalidFields"/>: another chatbot has one of the web chats.
    /// </exception>
    internal async Task<IReadOnlyList<TableTransactionAction>> ChangeAsync(
        ChatbotKey key, IReadOnlyList<Guid> before, IReadOnlyList<Guid> after, CancellationToken cancellation)
    {
        var added = after.Except(before).Select(webChat => AddAsync(key, webChat, cancellation));
        var removed = before.Except(after).Select(webChat => RemoveAsync(key, webChat, cancellation));
        return [.. (await Task.WhenAll(added.Concat(removed))).OfType<TableTransactionAction>()];
    }

    private static bool IsChatbots(Guid webChat, TenantId tenant, out EntityId id) =>
        EntityId.TryFromGuid(webChat, EntityKind.Chatbot, out id) && id.Conversation.Tenant == tenant;

    private async Task<TableTransactionAction?> AddAsync(
        ChatbotKey key, Guid webChat, CancellationToken cancellation)
    {
        if (IsChatbots(webChat, key.Tenant, out _))
        {
            throw ParleyException.Field("webChats", $"{webChat} is the id of a chatbot.");
        }

        var row = new TableEntity(key.Tenant.PartitionKey, ChatbotRowKeys.WebChat(webChat))
        {
            ["Chatbot"] = key.Number,
        };
        if (await FindRowAsync(key.Tenant, webChat, cancellation) is not { } stored)
        {
            return new TableTransactionAction(TableTransactionActionType.Add, row);
        }

        var owner = await FindOwnerAsync(key.Tenant, webChat, stored, cancellation);
        return owner is null or { DeletedAt: not null } || owner.Key == key
            ? new TableTransactionAction(TableTransactionActionType.UpdateReplace, row, stored.ETag)
            : throw ParleyException.Field("webChats", $"{webChat} belongs to another chatbot.");
    }

    private async Task<TableTransactionAction?> RemoveAsync(
        ChatbotKey key, Guid webChat, CancellationToken cancellation) =>
        await FindRowAsync(key.Tenant, webChat, cancellation) is { } stored && stored.GetInt32("Chatbot") == key.Number
            ? new TableTransactionAction(TableTransactionActionType.Delete, stored, stored.ETag)
            : null;

    private Task<TableEntity?> FindRowAsync(TenantId tenant, Guid webChat, CancellationToken cancellation) =>
        tables.Tenants.FindAsync(tenant.PartitionKey, ChatbotRowKeys.WebChat(webChat), cancellation);

    /// <summary>The chatbot that a row names, if it lists the web chat.</summary>
    private async Task<Chatbot?> FindOwnerAsync(
        TenantId tenant, Guid webChat, TableEntity row, CancellationToken cancellation)
    {
        var key = new ChatbotKey(tenant, row.GetInt32("Chatbot")!.Value);
        var chatbot = await chatbots.FindEvenDeletedAsync(key, cancellation);
        return chatbot?.WebChats.Contains(webChat) is true ? chatbot : null;
    }
}
