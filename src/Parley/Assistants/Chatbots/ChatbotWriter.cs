using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Chatbots;

/// <summary>Creates, edits and deletes chatbots: one transaction each, in the tenant's partition.</summary>
public sealed class ChatbotWriter(
    ParleyTables tables, ChatbotReader reader, OptimisticUpdate edits, TenantCounters counters, TimeProvider time, RandomSource random)
{
    /// <summary>Creates one.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="draft">Makes the chatbot from one that has nothing but its key.</param>
    /// <param name="cancellation">Ends the creation.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was stored).</exception>
    public Task<Chatbot> CreateAsync(TenantId tenant, Func<Chatbot, Chatbot> draft, CancellationToken cancellation) => counters.MakeAsync(
        tenant,
        async (chatbot, writeId, token) => await reader.FindEvenDeletedAsync(chatbot.Key, token) is { } there && there.WriteId == writeId ? there : null,
        (counted, writeId, _, _) =>
        {
            var chatbot = draft(NewChatbot(tenant, counted, writeId));
            return Task.FromResult(new NumberedInsert<Chatbot>(
                chatbot,
                [new(TableTransactionActionType.Add, ChatbotRow.Create(chatbot))],
                new TableEntity(tenant.PartitionKey, TenantRowKeys.Counter) { [ChatbotReader.Counter] = chatbot.Key.Number }));
        },
        cancellation);

    /// <summary>Edits one.</summary>
    /// <param name="id">Which.</param>
    /// <param name="change">Makes the chatbot what it is to be.</param>
    /// <param name="expected">Whether a revision is one that the client expects; null when it expects none.</param>
    /// <param name="cancellation">Ends the edit.</param>
    /// <exception cref="ParleyException">As for creation, and <see cref="ErrorCode.ChatbotNotFound"/>, <see cref="ErrorCode.StaleRevision"/>.</exception>
    public Task<Chatbot> ChangeAsync(EntityRef<ChatbotKey> id, Func<Chatbot, Chatbot> change, Func<int, bool>? expected, CancellationToken cancellation)
    {
        var at = time.NowInMilliseconds();
        return EditAsync(
            id,
            chatbot => change(chatbot) is var changed && changed == chatbot ? chatbot : changed with { UpdatedAt = at },
            expected,
            cancellation);
    }

    /// <summary>Deletes one.</summary>
    /// <param name="id">Which.</param>
    /// <param name="expected">Whether a revision is one that the client expects; null when it expects none.</param>
    /// <param name="cancellation">Ends the deletion.</param>
    /// <returns>The chatbot as it was, but for its revision and <see cref="Chatbot.DeletedAt"/>.</returns>
    /// <exception cref="ParleyException">As for an edit.</exception>
    public Task<Chatbot> DeleteAsync(EntityRef<ChatbotKey> id, Func<int, bool>? expected, CancellationToken cancellation)
    {
        var at = time.NowInMilliseconds();
        return EditAsync(id, chatbot => chatbot with { DeletedAt = at }, expected, cancellation);
    }

    private Task<Chatbot> EditAsync(EntityRef<ChatbotKey> id, Func<Chatbot, Chatbot> change, Func<int, bool>? expected, CancellationToken cancellation) => edits.WriteAsync(
        tables.Tenants,
        id.Key.Tenant.PartitionKey,

        // Also a deleted one: after a lost answer its row tells whether it was this very call that deleted it.
        async token => await reader.FindEvenDeletedAsync(id, token) ?? throw ChatbotReader.NotFound(),
        chatbot => new RowVersion(chatbot.Revision, chatbot.EditId, chatbot.ETag),
        (chatbot, editId, _) =>
        {
            if (chatbot.DeletedAt is not null)
            {
                throw ChatbotReader.NotFound();
            }

            Revisions.Require(expected, chatbot.Revision, "chatbot");
            var changed = change(chatbot);
            if (changed == chatbot)
            {
                return Task.FromResult(new Edit<Chatbot>(chatbot, []));
            }

            changed = changed with { Revision = chatbot.Revision + 1, EditId = editId };

            // Replace, not merge: what is cleared has no property any more.
            return Task.FromResult(new Edit<Chatbot>(changed, [new(TableTransactionActionType.UpdateReplace, ChatbotRow.Create(changed), chatbot.ETag)]));
        },
        cancellation);

    /// <summary>A chatbot with the next number and nothing else.</summary>
    private Chatbot NewChatbot(TenantId tenant, TableEntity? counted, string writeId)
    {
        var at = time.NowInMilliseconds();
        return new Chatbot
        {
            Key = new ChatbotKey(tenant, checked((counted?.GetInt32(ChatbotReader.Counter) ?? 0) + 1)),
            Check = random.NextBits(EntityId.CheckBits),
            Revision = 1,
            Name = "",
            CreatedAt = at,
            UpdatedAt = at,
            WriteId = writeId,
        };
    }
}
