using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Assistants.Chatbots;

/// <summary>Creates, edits and deletes chatbots, each in one transaction in the tenant's partition.</summary>
public sealed class ChatbotWriter(
    ParleyTables tables,
    ChatbotReader reader,
    WebChats webChats,
    OptimisticUpdate edits,
    TenantCounters counters,
    ObjectLog log,
    TimeProvider time,
    RandomSource random)
{
    /// <summary>Creates a chatbot.</summary>
    /// <param name="tenant">The chatbot's tenant.</param>
    /// <param name="draft">Sets the properties of a new chatbot that has only its key.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (the chatbot may have been stored), or
    /// <see cref="ErrorCode.InvalidFields"/> for a web chat of another chatbot.
    /// </exception>
    public Task<Chatbot> CreateAsync(
        TenantId tenant, Func<Chatbot, Chatbot> draft, CancellationToken cancellation) => counters.CreateAsync(
        tenant,
        async (chatbot, writeId, token) =>
            await reader.FindEvenDeletedAsync(chatbot.Key, token) is { } stored && stored.WriteId == writeId
                ? stored
                : null,
        async (counterRow, writeId, _, token) =>
        {
            var chatbot = draft(NewChatbot(tenant, counterRow, writeId));
            return new NumberedInsert<Chatbot>(
                chatbot,
                [
                    new(TableTransactionActionType.Add, ChatbotRow.Create(chatbot)),
                    Entry(chatbot, ChangeType.ChatbotCreated),
                    .. await webChats.ChangeAsync(chatbot.Key, [], chatbot.WebChats, token),
                ],
                new TableEntity(tenant.PartitionKey, TenantRowKeys.Counter)
                {
                    [ChatbotReader.Counter] = chatbot.Key.Number,
                });
        },
        cancellation);

    /// <summary>Edits a chatbot.</summary>
    /// <param name="id">The chatbot's id.</param>
    /// <param name="change">Returns the changed chatbot. Nothing is written when it is equal to the given one.</param>
    /// <param name="expected">Tests the revision against the client's If-Match; null accepts every revision.</param>
    /// <exception cref="ParleyException">
    /// The errors of a creation, <see cref="ErrorCode.ChatbotNotFound"/> and <see cref="ErrorCode.StaleRevision"/>.
    /// </exception>
    public Task<Chatbot> ChangeAsync(
        EntityRef<ChatbotKey> id,
        Func<Chatbot, Chatbot> change,
        Func<int, bool>? expected,
        CancellationToken cancellation)
    {
        var at = time.NowInMilliseconds();
        return EditAsync(
            id,
            chatbot => change(chatbot) is var changed && changed == chatbot
                ? chatbot
                : changed with { UpdatedAt = at },
            expected,
            cancellation);
    }

    /// <summary>Deletes a chatbot.</summary>
    /// <param name="id">The chatbot's id.</param>
    /// <param name="expected">Tests the revision against the client's If-Match; null accepts every revision.</param>
    /// <returns>The chatbot, changed only in its revision and in <see cref="Chatbot.DeletedAt"/>.</returns>
    /// <exception cref="ParleyException">The errors of an edit.</exception>
    public Task<Chatbot> DeleteAsync(
        EntityRef<ChatbotKey> id, Func<int, bool>? expected, CancellationToken cancellation)
    {
        var at = time.NowInMilliseconds();
        return EditAsync(id, chatbot => chatbot with { DeletedAt = at }, expected, cancellation);
    }

    private Task<Chatbot> EditAsync(
        EntityRef<ChatbotKey> id,
        Func<Chatbot, Chatbot> change,
        Func<int, bool>? expected,
        CancellationToken cancellation) => edits.WriteAsync(
        tables.Tenants,
        $"{id.Key.Tenant.PartitionKey}|{ChatbotRowKeys.Chatbot(id.Key.Number)}",

        // A deleted chatbot is read too: after a lost response from storage its row shows whether this call deleted it.
        async token => await reader.FindEvenDeletedAsync(id, token) ?? throw ChatbotReader.NotFound(),
        chatbot => new RowVersion(chatbot.Revision, chatbot.EditId, chatbot.ETag),
        async (chatbot, editId, token) =>
        {
            if (chatbot.DeletedAt is not null)
            {
                throw ChatbotReader.NotFound();
            }

            Revisions.Require(expected, chatbot.Revision, "chatbot");
            var changed = change(chatbot);
            if (changed == chatbot)
            {
                return new Edit<Chatbot>(chatbot, []);
            }

            changed = changed with { Revision = chatbot.Revision + 1, EditId = editId };

            // Replace, not merge: a cleared field must lose its property in the row.
            return new Edit<Chatbot>(
                changed,
                [
                    new(TableTransactionActionType.UpdateReplace, ChatbotRow.Create(changed), chatbot.ETag),
                    Entry(
                        changed,
                        changed.DeletedAt is null ? ChangeType.ChatbotUpdated : ChangeType.ChatbotDeleted),
                    .. await webChats.ChangeAsync(chatbot.Key, chatbot.WebChats, changed.WebChats, token),
                ]);
        },
        cancellation);

    private TableTransactionAction Entry(Chatbot chatbot, ChangeType type) =>
        log.Entry(chatbot.Key.Tenant, chatbot.Key.Number, type, chatbot.Id, chatbot.Revision);

    /// <summary>Returns a chatbot that has the tenant's next number and no content.</summary>
    private Chatbot NewChatbot(TenantId tenant, TableEntity? counterRow, string writeId)
    {
        var at = time.NowInMilliseconds();
        return new Chatbot
        {
            Key = new ChatbotKey(tenant, checked((counterRow?.GetInt32(ChatbotReader.Counter) ?? 0) + 1)),
            Check = random.NextBits(EntityId.CheckBits),
            Revision = 1,
            Name = "",
            CreatedAt = at,
            UpdatedAt = at,
            WriteId = writeId,
        };
    }
}
