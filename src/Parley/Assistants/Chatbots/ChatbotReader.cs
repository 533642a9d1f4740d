using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Chatbots;

/// <summary>Reads chatbots. One that has been deleted is not there, except where a name says otherwise.</summary>
public sealed class ChatbotReader(ParleyTables tables, Cursors cursors)
{
    /// <summary>The counter of a tenant's chatbots.</summary>
    internal const string Counter = "LastChatbot";

    /// <summary>What is answered for every id that names no chatbot of the caller's tenant.</summary>
    public static ParleyException NotFound() => ErrorCode.ChatbotNotFound.With("There is no such chatbot.");

    /// <summary>One chatbot: one point read.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.ChatbotNotFound"/>: also for a wrong check and another tenant's id.</exception>
    public async Task<Chatbot> GetAsync(EntityRef<ChatbotKey> id, CancellationToken cancellation) => await FindAsync(id, cancellation) ?? throw NotFound();

    /// <summary>One chatbot, or null.</summary>
    public async Task<Chatbot?> FindAsync(EntityRef<ChatbotKey> id, CancellationToken cancellation) =>
        await FindEvenDeletedAsync(id, cancellation) is { DeletedAt: null } chatbot ? chatbot : null;

    /// <summary>One chatbot, also when it has been deleted, or null.</summary>
    public async Task<Chatbot?> FindEvenDeletedAsync(EntityRef<ChatbotKey> id, CancellationToken cancellation) =>
        await FindEvenDeletedAsync(id.Key, cancellation) is { } chatbot && id.Matches(chatbot.Check) ? chatbot : null;

    /// <summary>The chatbot that a request's body names, also when it has been deleted: a repeated request may have named it in time.</summary>
    /// <param name="tenant">The caller's.</param>
    /// <param name="id">As the client sent it; null when it names none.</param>
    /// <param name="cancellation">Ends the read.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.ChatbotNotFound"/> when there is none and never was.</exception>
    public async Task<Chatbot?> GetReferencedEvenDeletedAsync(TenantId tenant, string? id, CancellationToken cancellation) => id is null
        ? null
        : (EntityRef.TryParse<ChatbotKey>(id, tenant, out var reference) ? await FindEvenDeletedAsync(reference, cancellation) : null) ?? throw NotFound();

    /// <summary>The chatbot that a request's body names.</summary>
    /// <param name="tenant">The caller's.</param>
    /// <param name="id">As the client sent it; null when it names none.</param>
    /// <param name="cancellation">Ends the read.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.ChatbotNotFound"/> when there is none.</exception>
    public async Task<Chatbot?> GetReferencedAsync(TenantId tenant, string? id, CancellationToken cancellation)
    {
        var named = await GetReferencedEvenDeletedAsync(tenant, id, cancellation);
        return named?.DeletedAt is null ? named : throw NotFound();
    }

    /// <summary>A page of all chatbots. Numbers are dense, so a page is one range of keys: two calls for each.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>.</exception>
    public async Task<ListPage<Chatbot>> ListAsync(
        TenantId tenant, string? cursor, int pageSize, CancellationToken cancellation)
    {
        var page = await cursors.ReadPageAsync(
            tables.Tenants, tenant, "chatbots", Counter, ChatbotRowKeys.Chatbot, ChatbotRow.Read, cursor, pageSize, cancellation);
        return page with { Items = [.. page.Items.Where(chatbot => chatbot.DeletedAt is null)] };
    }

    internal async Task<Chatbot?> FindEvenDeletedAsync(ChatbotKey key, CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(key.Tenant.PartitionKey, ChatbotRowKeys.Chatbot(key.Number), cancellation) is { } row ? ChatbotRow.Read(row, key.Tenant) : null;
}
