using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Chatbots;

/// <summary>A page of chatbots, by page number.</summary>
/// <param name="Items">The chatbots that are not deleted.</param>
/// <param name="Count">The number of chatbots ever created.</param>
public sealed record ChatbotPage(IReadOnlyList<Chatbot> Items, int Count);

/// <summary>Reads chatbots. Only the methods with EvenDeleted in their names return deleted ones.</summary>
public sealed class ChatbotReader(ParleyTables tables, Cursors cursors)
{
    /// <summary>The tenant's counter with the number of its last chatbot.</summary>
    internal const string Counter = "LastChatbot";

    /// <summary>The same error for every id that is not one of a chatbot of the caller's tenant.</summary>
    public static ParleyException NotFound() => ErrorCode.ChatbotNotFound.With("There is no such chatbot.");

    /// <summary>Reads one chatbot: one point read.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ChatbotNotFound"/>: also for an id with another check or of another tenant.
    /// </exception>
    public async Task<Chatbot> GetAsync(EntityRef<ChatbotKey> id, CancellationToken cancellation) =>
        await FindAsync(id, cancellation) ?? throw NotFound();

    public async Task<Chatbot?> FindAsync(EntityRef<ChatbotKey> id, CancellationToken cancellation) =>
        await FindEvenDeletedAsync(id, cancellation) is { DeletedAt: null } chatbot ? chatbot : null;

    public async Task<Chatbot?> FindEvenDeletedAsync(EntityRef<ChatbotKey> id, CancellationToken cancellation) =>
        await FindEvenDeletedAsync(id.Key, cancellation) is { } chatbot && id.Matches(chatbot.Check) ? chatbot : null;

    /// <summary>
    /// Reads the chatbot with an id from a request's body. A deleted one is returned too, because the request may
    /// repeat one that was sent before the deletion.
    /// </summary>
    /// <param name="tenant">The caller's tenant.</param>
    /// <param name="id">The id as the client sent it; null when it sent none.</param>
    /// <returns>The chatbot; null only when <paramref name="id"/> is null.</returns>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ChatbotNotFound"/>: there is no such chatbot and there never was.
    /// </exception>
    public async Task<Chatbot?> GetReferencedEvenDeletedAsync(
        TenantId tenant, string? id, CancellationToken cancellation)
    {
        if (id is null)
        {
            return null;
        }

        return EntityRef.TryParse<ChatbotKey>(id, tenant, out var reference)
            ? await FindEvenDeletedAsync(reference, cancellation) ?? throw NotFound()
            : throw NotFound();
    }

    /// <summary>Reads the chatbot with an id from a request's body.</summary>
    /// <param name="tenant">The caller's tenant.</param>
    /// <param name="id">The id as the client sent it; null when it sent none.</param>
    /// <returns>The chatbot; null only when <paramref name="id"/> is null.</returns>
    /// <exception cref="ParleyException"><see cref="ErrorCode.ChatbotNotFound"/>.</exception>
    public async Task<Chatbot?> GetReferencedAsync(TenantId tenant, string? id, CancellationToken cancellation)
    {
        var chatbot = await GetReferencedEvenDeletedAsync(tenant, id, cancellation);
        return chatbot?.DeletedAt is null ? chatbot : throw NotFound();
    }

    /// <summary>
    /// Reads a page of the tenant's chatbots. Numbers are dense, so a page is one range of keys, and each page takes
    /// two calls of storage.
    /// </summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>.</exception>
    public async Task<ListPage<Chatbot>> ListAsync(
        TenantId tenant, string? cursor, int pageSize, CancellationToken cancellation)
    {
        var page = await cursors.ReadPageAsync(
            tables.Tenants,
            tenant,
            "chatbots",
            Counter,
            ChatbotRowKeys.Chatbot,
            ChatbotRow.Read,
            cursor,
            pageSize,
            cancellation);
        return page with { Items = [.. page.Items.Where(chatbot => chatbot.DeletedAt is null)] };
    }

    /// <summary>
    /// Reads a page of the tenant's chatbots, newest first, by page number. The count and the pages include the places
    /// of deleted chatbots: a count without them would read all. Each page takes two calls of storage.
    /// </summary>
    /// <param name="page">From 1. A page past the end is empty.</param>
    public async Task<ChatbotPage> ListPageAsync(
        TenantId tenant, int page, int pageSize, CancellationToken cancellation)
    {
        var (found, count) = await tables.Tenants.ReadPageAsync(
            tenant, Counter, ChatbotRowKeys.Chatbot, ChatbotRow.Read, page, pageSize, cancellation);
        return new ChatbotPage([.. found.Where(chatbot => chatbot.DeletedAt is null)], count);
    }

    internal async Task<Chatbot?> FindEvenDeletedAsync(ChatbotKey key, CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(
            key.Tenant.PartitionKey, ChatbotRowKeys.Chatbot(key.Number), cancellation) is { } row
            ? ChatbotRow.Read(row, key.Tenant)
            : null;
}
