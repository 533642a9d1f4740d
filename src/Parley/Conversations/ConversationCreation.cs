using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Data.Tables;
using Parley.Idempotency;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>What a client says of a new conversation; all of it is optional.</summary>
/// <param name="Title">A free title.</param>
/// <param name="Channel">The name of the inbox.</param>
/// <param name="WebChat">The UUID of the web chat that is the inbox.</param>
/// <param name="Address">The contact's phone number, e-mail address or the like.</param>
/// <param name="FirstName">The contact's.</param>
/// <param name="LastName">The contact's.</param>
/// <param name="Metadata">JSON text of an object.</param>
public sealed record NewConversation(
    string? Title, string? Channel, Guid? WebChat, string? Address, string? FirstName, string? LastName, string? Metadata);

/// <summary>Creates conversations.</summary>
/// <remarks>
/// One transaction in the tenant's partition takes the number and lists the conversation, then the head is inserted. A crash in
/// between leaves a listed conversation without a head: lists skip it, and the client's retry under its idempotency key, which
/// that transaction holds, inserts the head.
/// </remarks>
public sealed class ConversationCreation(
    ParleyTables tables,
    ConversationReader reader,
    ConversationActivity activity,
    KeyedLock writers,
    WriteBudget budget,
    TimeProvider time,
    Entropy entropy)
{
    /// <summary>Creates one.</summary>
    /// <returns>The conversation, and whether it is the one that this idempotency key made before.</returns>
    public async Task<(Conversation Conversation, bool Replayed)> CreateAsync(
        TenantId tenant, NewConversation draft, IdempotencyKey? key, CancellationToken cancellation)
    {
        var writeId = entropy.NextWriteId();
        var (number, listed, replayed) = await ListAsync(tenant, draft, writeId, key, cancellation);
        var conversation = HeadOf(new ConversationKey(tenant, number), listed, draft);
        if (!replayed)
        {
            return (await InsertHeadAsync(conversation, listed.WriteId, cancellation), false);
        }

        if (await reader.FindAsync(conversation.Key, cancellation) is null)
        {
            // The first request died before its head. Lists may have dropped its activity row since, so it gets a new one.
            var moved = await MoveAsync(conversation, cancellation);
            await InsertHeadAsync(moved, listed.WriteId, cancellation);
        }

        // The same fields made it, so this is the first answer again, whatever has been written to the conversation since.
        return (conversation, true);
    }

    private async Task<(int Number, ListRow Listed, bool Replayed)> ListAsync(
        TenantId tenant, NewConversation draft, string writeId, IdempotencyKey? key, CancellationToken cancellation)
    {
        var running = budget.Start();
        using var turn = await writers.EnterAsync(tenant.PartitionKey, cancellation);
        var check = entropy.NextBits(EntityId.CheckBits);
        (int Number, ETag? Counter)? tried = null;
        while (true)
        {
            await running.WaitAsync(cancellation);
            var stored = await tables.Tenants.GetEntityIfExistsAsync<TableEntity>(tenant.PartitionKey, RowKeys.Counter, cancellationToken: cancellation);
            var counter = stored.HasValue ? stored.Value! : null;
            var (last, keyHour) = (counter?.GetInt32("LastConversation") ?? 0, counter?.GetInt64("KeyHour") ?? 0);

            // A try is decided once the counter has another ETag: whose the number became, its row tells.
            if (tried is { } before && before.Counter != counter?.ETag)
            {
                if (await ListRow.FindAsync(tables, new ConversationKey(tenant, before.Number), cancellation) is { } mine && mine.WriteId == writeId)
                {
                    return (before.Number, mine, false);
                }

                running.NothingLanded();
            }

            if (tried is not null && key is not null && await key.FindResultAsync(tables.Tenants, tenant.PartitionKey, cancellation) is { } first
                && await ListRow.FindAsync(tables, new ConversationKey(tenant, first), cancellation) is { } row)
            {
                return (first, row, row.WriteId != writeId);
            }

            running.ThrowIfUsedUp();

            var at = time.NowInMilliseconds();
            var listed = new ListRow(writeId, check, at, at.Minute(), at.Minute(), default);
            var number = checked(last + 1);
            try
            {
                if (key is not null && keyHour < at.Hour())
                {
                    await IdempotencyKey.WriteDueRowAsync(tables.Due, tenant, 0, at.Hour(), cancellation);
                }

                var actions = ListingOf(new ConversationKey(tenant, number), listed, counter, Math.Max(keyHour, at.Hour()), draft, key);
                var responses = await running.SendAsync(token => tables.Tenants.SubmitAsync(actions, token), cancellation);
                var etag = responses[actions.FindIndex(action => action.Entity.RowKey == RowKeys.Conversation(number))].Headers.ETag!.Value;
                return (number, listed with { ETag = etag }, false);
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                tried = (number, counter?.ETag);
            }
        }
    }

    private static List<TableTransactionAction> ListingOf(
        ConversationKey key, ListRow listed, TableEntity? counter, long keyHour, NewConversation draft, IdempotencyKey? idempotency)
    {
        var partition = key.Tenant.PartitionKey;
        var actions = new List<TableTransactionAction>();
        var counted = new TableEntity(partition, RowKeys.Counter) { ["LastConversation"] = key.Number };
        if (idempotency is not null)
        {
            // First, so that a repeated key is the failure that the transaction reports.
            actions.Add(new(TableTransactionActionType.Add, idempotency.ToRow(partition, key.Number)));
            counted["KeyHour"] = keyHour;
        }

        actions.Add(counter is null ? new(TableTransactionActionType.Add, counted) : new(TableTransactionActionType.UpdateMerge, counted, counter.ETag));
        actions.Add(new(TableTransactionActionType.Add, listed.ToEntity(key)));
        actions.Add(new(TableTransactionActionType.UpsertReplace, new TableEntity(partition, RowKeys.Activity(listed.LastMinute, key.Number))));
        if (InboxOf(key.Tenant, draft) is { } inbox)
        {
            actions.Add(new(
                TableTransactionActionType.UpsertMerge,
                new TableEntity(partition, RowKeys.Inbox(inbox.Id)) { ["Name"] = inbox.Name, ["ChannelType"] = inbox.ChannelType }));
        }

        return actions;
    }

    private static Conversation HeadOf(ConversationKey key, ListRow listed, NewConversation draft) => new()
    {
        Key = key,
        Check = listed.Check,
        Revision = 1,
        CreatedAt = listed.CreatedAt,
        Title = draft.Title,
        Contact = ContactOf(key, draft, listed.CreatedAt),
        Inbox = InboxOf(key.Tenant, draft),
        Metadata = draft.Metadata,
        ActivityMinute = listed.LastMinute,
        ListETag = listed.ETag,
    };

    private async Task<Conversation> InsertHeadAsync(Conversation conversation, string writeId, CancellationToken cancellation)
    {
        var running = budget.Start();
        while (true)
        {
            await running.WaitAsync(cancellation);
            try
            {
                var response = await running.SendAsync(
                    token => tables.Conversations.AddEntityAsync(HeadRow.Create(conversation, writeId), token), cancellation);
                return conversation with { ETag = response.Headers.ETag!.Value };
            }
            catch (RequestFailedException e) when (e.IsAlreadyExists())
            {
                // Nobody else writes this head: an earlier try of ours, or of the client's, has.
                return await reader.FindAsync(conversation.Key, cancellation)
                    ?? throw new InvalidOperationException($"The head of {conversation.Key.PartitionKey} vanished.", e);
            }
            catch (Exception e) when (StorageErrors.IsOutcomeUnknown(e, cancellation))
            {
                // Sent again until it is there: by this try or an earlier one.
            }
        }
    }

    private async Task<Conversation> MoveAsync(Conversation conversation, CancellationToken cancellation)
    {
        var running = budget.Start();
        while (true)
        {
            await running.WaitAsync(cancellation);
            try
            {
                return await running.SendAsync(
                    token => activity.MoveToAsync(conversation, time.NowInMilliseconds().Minute(), token), cancellation);
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                // Another retry of the same request moves it as well.
            }
        }
    }

    private static Inbox? InboxOf(TenantId tenant, NewConversation draft) => draft switch
    {
        { WebChat: { } webChat } => new Inbox(webChat, draft.Channel ?? "webChat", "web"),
        { Channel: { } channel } => new Inbox(DerivedId(tenant, "inbox", channel), channel, channel),
        _ => null,
    };

    private static Contact? ContactOf(ConversationKey key, NewConversation draft, DateTimeOffset at)
    {
        var name = string.Join(' ', new[] { draft.FirstName, draft.LastName }.Where(part => !string.IsNullOrEmpty(part)));
        if (name.Length == 0 && draft.Address is null)
        {
            return null;
        }

        // An address names one person; a name alone does not, so such a contact is this conversation's own.
        var id = draft.Address is { } address ? DerivedId(key.Tenant, "contact", address) : DerivedId(key.Tenant, "contact of", key.PartitionKey);
        return new Contact(id, name.Length > 0 ? name : draft.Address, draft.Address, at);
    }

    /// <summary>
    /// The same UUID for the same name, so that a retry, or two conversations at once, make one thing. In the form of version 4,
    /// which clients validate.
    /// </summary>
    private static Guid DerivedId(TenantId tenant, string kind, string name)
    {
        Span<byte> hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant.Number}|{kind}|{name}"));
        return Entropy.Version4(hash[..16]);
    }
}
