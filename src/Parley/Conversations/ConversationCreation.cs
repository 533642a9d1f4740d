using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Senders;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Conversations;

/// <summary>Creates conversations.</summary>
/// <remarks>
/// One transaction in the tenant's partition takes the number, inserts <c>c|C</c> and a new contact; then follow the
/// rows of the lists by activity, whose partition and keys depend on the number, and then the head. A crash in between
/// leaves a number without a head. Lists skip it, and the client's retry writes the missing rows under the idempotency
/// key that the transaction stored.
/// </remarks>
public sealed class ConversationCreation(
    ParleyTables tables,
    Schedule schedule,
    ConversationReader reader,
    ConversationActivity activity,
    SenderReader senders,
    SenderWriter senderWriter,
    KeyedLock writers,
    WriteBudget budget,
    StorageClock clock,
    TimeProvider time,
    RandomSource random)
{
    /// <returns>The conversation; <c>Replayed</c> is true when the idempotency key had created it before.</returns>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.InvalidFields"/> for an unknown contact, <see cref="ErrorCode.Busy"/>,
    /// <see cref="ErrorCode.StorageUnavailable"/> (it is not known whether the conversation was stored),
    /// <see cref="ErrorCode.IdempotencyKeyReused"/>, or the draft's refusal.
    /// </exception>
    public async Task<(Conversation Conversation, bool Replayed)> CreateAsync(
        TenantId tenant, NewConversation draft, IdempotencyKey? key, CancellationToken cancellation)
    {
        var named = await senders.GetReferencedAsync(tenant, draft.Contact, "contact", cancellation);
        var (conversation, replayed) = await WriteListRowAsync(tenant, draft, named, key, cancellation);
        if (!replayed)
        {
            return (await InsertHeadAsync(conversation, cancellation), false);
        }

        if (await reader.FindAsync(conversation.Key, cancellation) is { } there)
        {
            // The response repeats the first one: the same fields created the conversation. Later changes do not show.
            return (conversation with { Contact = there.Contact }, true);
        }

        // The first request crashed before it inserted the head, perhaps minutes ago.
        await InsertHeadAsync(await MoveAsync(conversation, cancellation), cancellation);
        return (conversation, true);
    }

    private async Task<(Conversation Conversation, bool Replayed)> WriteListRowAsync(
        TenantId tenant, NewConversation draft, Sender? named, IdempotencyKey? key, CancellationToken cancellation)
    {
        var running = budget.Start();
        using var slot = await writers.EnterAsync(tenant.PartitionKey, cancellation);
        var (writeId, check) = (random.NextWriteId(), random.NextBits(EntityId.CheckBits));
        (Conversation Conversation, ETag? Counter)? tried = null;
        for (var isRetry = false; ; isRetry = true)
        {
            await running.WaitAsync(cancellation);
            var counter = await tables.Tenants.FindAsync(tenant.PartitionKey, TenantRowKeys.Counter, cancellation);

            // When the counter's ETag has changed, the previous attempt can no longer land. The list row shows if it
            // did.
            if (tried is { } before && before.Counter != counter?.ETag)
            {
                if (await ConversationIndexRow.FindAsync(tables, before.Conversation.Key, cancellation) is { } mine
                    && mine.WriteId == writeId)
                {
                    return await ListedAsync(before.Conversation.Key, mine, draft, writeId, cancellation);
                }

                running.NothingLanded();
            }

            // A new contact takes its number from the same counter, under the same ETag.
            var known = named ?? (draft.Address is { } address
                ? await senders.FindByIdentifierAsync(tenant, address, cancellation)
                : null);
            var refusal = RefusalOf(draft, named, known);
            if ((isRetry || refusal is not null) && key is not null
                && await key.FindResultAsync(tables.Tenants, tenant.PartitionKey, cancellation) is { } first)
            {
                var listed = await ConversationIndexRow.FindAsync(
                        tables, new ConversationKey(tenant, first), cancellation)
                    ?? throw new InvalidOperationException(
                        $"Conversation {first} of tenant {tenant} has an idempotency key "
                        + "but no row in its tenant's list.");
                return await ListedAsync(new ConversationKey(tenant, first), listed, draft, writeId, cancellation);
            }

            if (refusal is not null)
            {
                // Not before the key is looked up: on the first request the sender may have been an external user, and
                // the chatbot may have existed.
                throw refusal;
            }

            running.ThrowIfUsedUp();
            var newContact = known is null ? NewContact(draft, senderWriter.NewSender(tenant, counter, writeId)) : null;
            var at = time.NowInMilliseconds();
            var minute = at.Minute();
            var conversation = new Conversation
            {
                Key = new ConversationKey(tenant, checked((counter?.GetInt32(NumberedConversations.Counter) ?? 0) + 1)),
                Check = check,
                WriteId = writeId,
                Revision = 1,
                CreatedAt = at,
                Title = draft.Title,
                Contact = ContactOf(known ?? newContact, draft),
                Inbox = draft.InboxOf(tenant),
                Metadata = draft.Metadata,
                Chatbot = draft.Chatbot,
                ActivityMinute = minute,
                ListMinute = minute,
                ListedUntil = ConversationIndexRow.UntilOf(minute),
            };
            try
            {
                var keyHour = counter?.GetInt64("KeyHour") ?? 0;
                if (key is not null && keyHour < at.Hour())
                {
                    await IdempotencyKey.WriteScheduleRowAsync(schedule, tenant, 0, at.Hour(), cancellation);
                }

                var actions = ListingOf(
                    conversation,
                    known ?? newContact,
                    isNewContact: known is null,
                    counter,
                    key is null ? null : Math.Max(keyHour, at.Hour()),
                    key);
                var responses = await running.SendAsync(
                    token => tables.Tenants.SubmitAsync(actions, token), cancellation);
                return (conversation with { ListETag = responses[^1].Headers.ETag!.Value }, false);
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                tried = running.MayHaveLanded ? (conversation, counter?.ETag) : null;
            }
        }
    }

    /// <summary>
    /// Returns the conversation as its list row was first written: by another request with this key, or by an earlier
    /// attempt of this one.
    /// </summary>
    private async Task<(Conversation Conversation, bool Replayed)> ListedAsync(
        ConversationKey key,
        ConversationIndexRow listed,
        NewConversation draft,
        string writeId,
        CancellationToken cancellation)
    {
        var contact = listed.Contact is { } number
            ? await senders.FindAsync(new SenderKey(key.Tenant, number), cancellation)
            : null;
        var conversation = new Conversation
        {
            Key = key,
            Check = listed.Check,
            WriteId = listed.WriteId,
            Revision = 1,
            CreatedAt = listed.CreatedAt,
            Title = draft.Title,
            Contact = ContactOf(contact, draft),
            Inbox = draft.InboxOf(key.Tenant),
            Metadata = draft.Metadata,
            Chatbot = draft.Chatbot,
            ActivityMinute = listed.FirstMinute,
            ListMinute = listed.FirstMinute,
            ListedUntil = listed.Until,
            ListETag = listed.ETag,
        };
        return (conversation, listed.WriteId != writeId);
    }

    /// <summary>
    /// Returns the operations of one transaction. The conversation's list row is the last one: its response has the
    /// ETag.
    /// </summary>
    private List<TableTransactionAction> ListingOf(
        Conversation conversation,
        Sender? contact,
        bool isNewContact,
        TableEntity? counter,
        long? keyHour,
        IdempotencyKey? key)
    {
        var partition = conversation.Key.Tenant.PartitionKey;
        var actions = new List<TableTransactionAction>();
        var counterUpdate = new TableEntity(partition, TenantRowKeys.Counter)
        {
            [NumberedConversations.Counter] = conversation.Key.Number,
        };
        counterUpdate.SetIfAny("KeyHour", keyHour);
        if (key is not null)
        {
            // The key comes first, so that the transaction reports a repeated key before any other failure.
            actions.Add(new(TableTransactionActionType.Add, key.ToRow(partition, conversation.Key.Number)));
        }

        if (contact is not null && isNewContact)
        {
            counterUpdate[SenderReader.Counter] = contact.Key.Number;
            actions.AddRange(senderWriter.InsertionOf(contact));
        }

        actions.Add(counter is null
            ? new(TableTransactionActionType.Add, counterUpdate)
            : new(TableTransactionActionType.UpdateMerge, counterUpdate, counter.ETag));
        if (conversation.Inbox is { } inbox)
        {
            actions.Add(new(
                TableTransactionActionType.UpsertReplace, InboxList.Row(conversation.Key.Tenant, inbox)));
        }

        actions.Add(new(TableTransactionActionType.Add, ConversationIndexRow.Create(conversation, contact?.Identifier)));
        return actions;
    }

    /// <summary>Writes the rows of the lists by activity, which a crash may have left out, and then the head.</summary>
    private async Task<Conversation> InsertHeadAsync(Conversation conversation, CancellationToken cancellation)
    {
        var running = budget.Start();
        var (isListed, now) = (false, clock.Now);
        conversation = conversation with { LogMinute = now.Minute() };
        TableTransactionAction[] insertion =
        [
            new(TableTransactionActionType.Add, ConversationRow.Create(conversation)),
            new(TableTransactionActionType.Add, LogRowOf(conversation, now)),
        ];
        while (true)
        {
            await running.WaitAsync(cancellation);
            try
            {
                var responses = await running.SendAsync(InsertAsync, cancellation);
                return conversation with { ETag = responses[0].Headers.ETag!.Value };
            }
            catch (RequestFailedException e) when (e.IsAlreadyExists())
            {
                // Only this request and its retries write this head, so an earlier attempt has inserted it.
                return await reader.FindAsync(conversation.Key, cancellation)
                    ?? throw new InvalidOperationException(
                        $"The head of {conversation.Key.PartitionKey} no longer exists.", e);
            }
            catch (Exception e) when (StorageErrors.IsOutcomeUnknown(e, cancellation))
            {
                // The loop sends the insert again until the head exists, inserted by this or an earlier attempt.
            }
        }

        async Task<IReadOnlyList<Response>> InsertAsync(CancellationToken token)
        {
            if (!isListed)
            {
                await activity.ListAsync(
                    conversation,
                    ConversationRowKeys.LogIndexRow(conversation.Key, conversation.LogMinute),
                    token);
                isListed = true;
            }

            return await tables.Conversations.SubmitAsync(insertion, token);
        }
    }

    private static TableEntity LogRowOf(Conversation conversation, DateTimeOffset now) => ChangeRow.Create(
        conversation.Key.PartitionKey,
        new ConversationChanges(
            conversation.LogMinute,
            conversation.Revision,
            now,
            conversation.Id,
            ChangeActor.Current,
            [new Change(ChangeType.ConversationCreated, conversation.Id, conversation.Revision)]));

    private async Task<Conversation> MoveAsync(Conversation conversation, CancellationToken cancellation)
    {
        var running = budget.Start();
        while (true)
        {
            await running.WaitAsync(cancellation);
            try
            {
                return await running.SendAsync(
                    token => activity.PrepareAsync(
                        conversation, time.NowInMilliseconds().Minute(), unread: false, logIndexRow: null, token),
                    cancellation);
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                // Another retry of the same request moves the conversation too; the loop tries again.
            }
        }
    }

    /// <summary>The validation error of the request at this moment; null when it is valid.</summary>
    private static ParleyException? RefusalOf(NewConversation draft, Sender? named, Sender? known) =>
        draft.Refusal ?? (known is { Entity: not SenderEntity.ExternalUser }
            ? named is null
                ? ParleyException.Field(
                    "address", "Must be the address of an external_user; another kind of sender has it.")
                : ParleyException.Field("contact", "Must be an external_user; this sender is of another kind.")
            : null);

    /// <summary>The sender to create; null when the request has no data of a contact.</summary>
    private static Sender? NewContact(NewConversation draft, Sender empty) => draft.ContactName is { } name
        ? empty with { Entity = SenderEntity.ExternalUser, Name = name, Identifier = draft.Address }
        : null;

    private static Contact? ContactOf(Sender? sender, NewConversation draft) => sender is null
        ? null
        : new Contact(sender.Key.Number, sender.Id, sender.Name ?? draft.ContactName, sender.Avatar, sender.CreatedAt);
}
