using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Chatbots;

/// <summary>A page of chatbots, newest first.</summary>
/// <param name="Chatbots">The chatbots; fewer than asked for where some have been deleted.</param>
/// <param name="Next">The cursor of the next page, or null.</param>
/// <param name="Previous">The cursor of the page before, or null.</param>
public sealed record ChatbotPage(IReadOnlyList<Chatbot> Chatbots, string? Next, string? Previous);

/// <summary>Reads chatbots. One that has been deleted is not there, except where a name says otherwise.</summary>
public sealed class ChatbotReader(ParleyTables tables, Cursors cursors)
{
    /// <summary>The counter of a tenant's chatbots.</summary>
    internal const string Counter = "LastChatbot";

    /// <summary>What is answered for every id that names no chatbot of the caller's tenant.</summary>
    public static ParleyException NotFound() => ErrorCode.ChatbotNotFound.With("There is no such chatbot.");

    /// <summary>One chatbot: one point read.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.ChatbotNotFound"/>: also for a wrong check and another tenant's id.</exception>
    public async Task<Chatbot> GetAsync(ChatbotRef id, CancellationToken cancellation) => await FindAsync(id, cancellation) ?? throw NotFound();

    /// <summary>One chatbot, or null.</summary>
    public async Task<Chatbot?> FindAsync(ChatbotRef id, CancellationToken cancellation) =>
        await FindEvenDeletedAsync(id, cancellation) is { DeletedAt: null } chatbot ? chatbot : null;

    /// <summary>One chatbot, also when it has been deleted, or null.</summary>
    public async Task<Chatbot?> FindEvenDeletedAsync(ChatbotRef id, CancellationToken cancellation) =>
        await FindEvenDeletedAsync(id.Key, cancellation) is { } chatbot && id.Matches(chatbot.Check) ? chatbot : null;

    /// <summary>The chatbot that a request's body names, also when it has been deleted: a repeated request may have named it in time.</summary>
    /// <param name="tenant">The caller's.</param>
    /// <param name="id">As the client sent it; null when it names none.</param>
    /// <param name="cancellation">Ends the read.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.ChatbotNotFound"/> when there is none and never was.</exception>
    public async Task<Chatbot?> GetReferencedEvenDeletedAsync(TenantId tenant, string? id, CancellationToken cancellation) => id is null
        ? null
        : (ChatbotRef.TryParse(id, tenant, out var reference) ? await FindEvenDeletedAsync(reference, cancellation) : null) ?? throw NotFound();

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
    public async Task<ChatbotPage> ListAsync(TenantId tenant, string? cursor, int pageSize, CancellationToken cancellation)
    {
        const string Query = "chatbots";
        var position = await cursors.OpenNumberAsync(tenant, Query, cursor, cancellation);
        var counters = await tables.Tenants.FindAsync(tenant.PartitionKey, TenantRowKeys.Counter, cancellation);
        var page = NumberPage.NewestFirst(1, counters?.GetInt32(Counter) ?? 0, position, pageSize);
        var rows = await tables.Tenants.ReadPageAsync(tenant.PartitionKey, ChatbotRowKeys.Chatbot, page, cancellation);
        return new ChatbotPage(
            [.. rows.Select(row => ChatbotRow.Read(row, tenant)).Where(chatbot => chatbot.DeletedAt is null)],
            page.Next is { } next ? await cursors.SealNumberAsync(tenant, Query, next, cancellation) : null,
            page.Previous is { } previous ? await cursors.SealNumberAsync(tenant, Query, previous, cancellation) : null);
    }

    internal async Task<Chatbot?> FindEvenDeletedAsync(ChatbotKey key, CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(key.Tenant.PartitionKey, ChatbotRowKeys.Chatbot(key.Number), cancellation) is { } row ? ChatbotRow.Read(row, key.Tenant) : null;
}
