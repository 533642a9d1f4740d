using Azure;
using Azure.Data.Tables;
using Parley.Assistants.Completions;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Threads;
using Parley.Core;
using Parley.Files;
using Parley.Senders;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>A message to append.</summary>
/// <param name="UserNumber">The number of the staff member's API key; null for other roles.</param>
/// <param name="UserName">The writer's name.</param>
/// <param name="Quoted">The id of the quoted message, as the client sent it.</param>
public sealed record NewMessage(MessageRole Role, string Text, int? UserNumber, string? UserName, string? Quoted)
{
    /// <summary>The sender that the client named.</summary>
    public Sender? Sender { get; init; }

    /// <summary>The name to show when it belongs to no sender, such as a chatbot's.</summary>
    public MessageSender? Speaker { get; init; }

    /// <summary>The id of the thread, as the client sent it.</summary>
    public string? Thread { get; init; }

    /// <summary>The client's own id of the message.</summary>
    public string? ExternalId { get; init; }

    /// <summary>
    /// The external id and the body that it came with. A repetition of both returns the first message.
    /// </summary>
    public IdempotencyKey? ExternalKey { get; init; }

    /// <summary>Links, and files of earlier messages by the ids of those messages.</summary>
    public IReadOnlyList<Attachment> Attachments { get; init; } = [];

    /// <summary>The file uploaded with the message. Its blob is already stored.</summary>
    public StoredFile? File { get; init; }

    /// <summary>
    /// The follow-up to send as this message. The message is written only while the follow-up is pending at this
    /// revision.
    /// </summary>
    public FollowUp? FollowUp { get; init; }

    /// <summary>The path of the message's fields in the request body, for errors: ends in a dot, or is empty.</summary>
    public string Path { get; init; } = "";

    /// <summary>
    /// The validation error to return, unless the idempotency key shows that the message is already stored.
    /// </summary>
    public ParleyException? Refusal { get; init; }

    /// <summary>
    /// Creates the completion that the message starts, from the conversation before the message and the message to
    /// store. It is inserted with the message. Null, or a null result, starts none.
    /// </summary>
    internal Func<Conversation, Message, CancellationToken, Task<Completion?>>? Begins { get; init; }

    /// <summary>
    /// The completion that the message ends as its reply. The message is written only while the completion has not
    /// ended otherwise.
    /// </summary>
    internal CompletionEnding? Ends { get; init; }

    /// <summary>The client's own JSON object, as text.</summary>
    public string? Metadata { get; init; }

    /// <summary>A JSON object for assistants, as text.</summary>
    public string? ContentPayload { get; init; }

    /// <summary>A JSON object for assistants, as text.</summary>
    public string? QueryMetadata { get; init; }
}

/// <summary>A stored message.</summary>
/// <param name="Conversation">The conversation, as it was before the message.</param>
/// <param name="Message">The message, as it was first written.</param>
/// <param name="Replayed">
/// True when an earlier request with the same idempotency key or external id had stored it.
/// </param>
public sealed record Appended(Conversation Conversation, Message Message, bool Replayed)
{
    /// <summary>
    /// The completion inserted with the message; null when there is none and for a replay. It has no ETag when the
    /// response of storage was lost.
    /// </summary>
    public Completion? Completion { get; init; }
}

/// <summary>Appends messages to conversations.</summary>
/// <remarks>
/// <para>An append is one transaction under the head's ETag. It contains the idempotency key, the external id, the row
/// that refers to the file, the message at the next number, its row in the thread, the follow-ups that it ends, the
/// completion that it starts or ends, and the head. Therefore message numbers have no gaps, and of two writers of one
/// number one fails.</para>
/// <para>After a failed or lost response, the stored rows decide. Once the head has reached the attempted number, the
/// row there is either this append's (same write id) or another writer's. Until then the attempt may still land late.
/// It carries the old ETag, so it can land only if the next attempt, at the same number, does not.</para>
/// </remarks>
public sealed class MessageAppend(
    ParleyTables tables,
    Schedule schedule,
    ConversationReader conversations,
    ConversationActivity activity,
    MessageReferenceFinder finder,
    FollowUpIndex followUps,
    CompletionStore completions,
    KeyedLock writers,
    WriteBudget budget,
    TimeProvider time,
    RandomSource random)
{
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ConversationNotFound"/>, <see cref="ErrorCode.ConversationFull"/>,
    /// <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (it is not known whether the message
    /// was stored), <see cref="ErrorCode.IdempotencyKeyReused"/>, <see cref="ErrorCode.InvalidFields"/> for an unknown
    /// quoted message or thread, <see cref="ErrorCode.FollowUpStatus"/> for a follow-up that is no longer pending,
    /// <see cref="ErrorCode.FollowUpRefused"/> for a follow-up of a conversation that is handed off, or the draft's
    /// refusal.
    /// </exception>
    /// <exception cref="CompletionConflictException">The completion to end has ended otherwise.</exception>
    public async Task<Appended> AppendAsync(
        EntityRef<ConversationKey> id,
        NewMessage draft,
        IdempotencyKey? key,
        CancellationToken cancellation)
    {
        var pendingRows = new PendingIndexRows(followUps);
        try
        {
            var appended = await WriteAsync(id, draft, key, pendingRows, cancellation);
            pendingRows.IsStored = !appended.Replayed;
            return appended;
        }
        finally
        {
            await pendingRows.EndAsync();
        }
    }

    private async Task<Appended> WriteAsync(
        EntityRef<ConversationKey> id,
        NewMessage draft,
        IdempotencyKey? key,
        PendingIndexRows pendingRows,
        CancellationToken cancellation)
    {
        var running = budget.Start();
        using var slot = await writers.EnterAsync(id.Key.PartitionKey, cancellation);
        var (writeId, check) = (random.NextWriteId(), random.NextBits(EntityId.CheckBits));
        (Conversation Head, FollowUpMutation? Mutation, Completion? Completion)? tried = null;
        while (true)
        {
            await running.WaitAsync(cancellation);
            if (tried is not null && draft.Ends is { } ends)
            {
                // Read before the head: if an earlier attempt lands between the two reads, the head contains it, and it
                // is not mistaken for another writer's end of the completion.
                await ends.ReadAgainAsync(cancellation);
            }

            var head = await conversations.GetAsync(id, cancellation);
            if (tried is { } before && head.ETag != before.Head.ETag)
            {
                if (head.Last > before.Head.Last
                    && await MessageRow.FindAsync(tables, NextKey(before.Head), cancellation) is { } stored
                    && stored.WriteId == writeId)
                {
                    await DropReplacedAsync(before.Head, head, before.Mutation, cancellation);
                    return new Appended(head, stored, Replayed: false) { Completion = before.Completion };
                }

                running.NothingLanded();
            }

            draft.Ends?.EnsureStillOpen(head, time.GetUtcNow());
            pendingRows.Begin();
            var references = await finder.FindAsync(head, draft, cancellation);
            var refusal = draft.Refusal ?? Refuse(head, references);
            if (refusal is not null)
            {
                // When the first request with this key came, the reason for the refusal may not have existed.
                return await FindFirstAsync(
                    head, draft, references, key, writeId, tried?.Completion, cancellation) ?? throw refusal;
            }

            var message = MessageOf(head, draft, references, NotBefore(head), writeId, check);
            var mutation = MutationOf(head, draft, message);
            var completion = draft.Begins is { } begins ? await begins(head, message, cancellation) : null;
            if ((completion is not null || ConversationActivity.BecomesUnread(head, draft.Role == MessageRole.Customer))
                && await FindFirstAsync(
                    head, draft, references, key, writeId, tried?.Completion, cancellation) is { } known)
            {
                // Looked up before the index rows are written: a retry must not make a conversation unread that has
                // been read since, nor list a second completion.
                return known;
            }

            running.ThrowIfUsedUp();
            try
            {
                var prepared = await PrepareAsync(head, message, mutation, completion, key, pendingRows, cancellation);
                var actions = AppendOf(prepared, message, mutation, completion, references, draft, key);
                var responses = await running.SendAsync(
                    token => tables.Conversations.SubmitAsync(actions, token), cancellation);
                await DropReplacedAsync(head, prepared, mutation, cancellation);
                return new Appended(head, message, Replayed: false)
                {
                    Completion = completion is null
                        ? null
                        : completion with { ETag = responses[0].Headers.ETag!.Value },
                };
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                tried = (head, mutation, completion);
            }

            if (await FindFirstAsync(head, draft, references, key, writeId, completion, cancellation) is { } first)
            {
                return first;
            }
        }
    }

    /// <summary>
    /// Makes one attempt to append the message of a due follow-up. Its index rows must already be written: those of the
    /// sent follow-up and, in <paramref name="prepared"/>, those of the conversation's activity. The caller deletes the
    /// rows that they replace.
    /// </summary>
    /// <param name="head">The conversation, as just read.</param>
    /// <param name="prepared">The conversation, as <see cref="ConversationActivity"/> prepared it.</param>
    /// <param name="preparedAt">The start of the preparation (<see cref="TimeProvider.GetTimestamp"/>).</param>
    /// <param name="draft">A message without quote, thread, attachments and keys.</param>
    /// <returns>
    /// The message; null when the preparation is too old or for an earlier minute, or the conversation is full.
    /// </returns>
    /// <exception cref="Exception">
    /// Storage failed. After a lost race or an unknown outcome (<see cref="StorageErrors.IsLostRaceOrUnknown"/>),
    /// <see cref="AppendAsync"/> finds out if the message is stored.
    /// </exception>
    internal async Task<Message?> TryAppendAsync(
        Conversation head, Conversation prepared, long preparedAt, NewMessage draft, CancellationToken cancellation)
    {
        var running = budget.Start();
        using var slot = await writers.EnterAsync(head.Key.PartitionKey, cancellation);
        var createdAt = NotBefore(head);
        if (createdAt.Minute() > prepared.ActivityMinute
            || time.GetElapsedTime(preparedAt) > WriteBudget.MaxAge
            || head.Last == MessageKey.MaxSequence)
        {
            return null;
        }

        var message = MessageOf(
            head,
            draft,
            MessageReferences.None,
            createdAt,
            random.NextWriteId(),
            random.NextBits(EntityId.CheckBits));
        var actions = AppendOf(
            prepared,
            message,
            MutationOf(head, draft, message),
            completion: null,
            MessageReferences.None,
            draft,
            key: null);
        await running.SendAsync(token => tables.Conversations.SubmitAsync(actions, token), cancellation);
        return message;
    }

    /// <summary>
    /// Returns the message that was first stored for this key, or for this external id and body: by another request, or
    /// by this one if its response was lost.
    /// </summary>
    private async Task<Appended?> FindFirstAsync(
        Conversation head,
        NewMessage draft,
        MessageReferences references,
        IdempotencyKey? key,
        string writeId,
        Completion? completion,
        CancellationToken cancellation)
    {
        var conversation = head.Key;
        foreach (var clientKey in new[] { key, draft.ExternalKey }.OfType<IdempotencyKey>())
        {
            if (await clientKey.FindResultAsync(
                    tables.Conversations, conversation.PartitionKey, cancellation) is { } sequence)
            {
                var row = await MessageRow.FindAsync(tables, new MessageKey(conversation, sequence), cancellation)
                    ?? throw new InvalidOperationException(
                        $"Message {sequence} of {conversation.PartitionKey} has an idempotency key but no row.");
                if (key is not null && clientKey != key)
                {
                    await RememberAsync(conversation, key, sequence, cancellation);
                }

                var isOwn = row.WriteId == writeId;
                return new Appended(head, AsFirstWritten(row, draft, references), Replayed: !isOwn)
                {
                    Completion = isOwn ? completion : null,
                };
            }
        }

        return null;
    }

    /// <summary>
    /// Stores an idempotency key whose request is answered with an earlier message, so that the key cannot be used for
    /// another request.
    /// </summary>
    private async Task RememberAsync(
        ConversationKey conversation,
        IdempotencyKey key,
        int sequence,
        CancellationToken cancellation)
    {
        await IdempotencyKey.WriteScheduleRowAsync(
            schedule, conversation.Tenant, conversation.Number, time.GetUtcNow().Hour(), cancellation);
        try
        {
            await tables.Conversations.AddEntityAsync(key.ToRow(conversation.PartitionKey, sequence), cancellation);
        }
        catch (RequestFailedException e) when (e.IsAlreadyExists())
        {
            // A concurrent copy of this request has stored the key. If another request has, this lookup throws.
            await key.FindResultAsync(tables.Conversations, conversation.PartitionKey, cancellation);
        }
    }

    /// <summary>Repeats the first response: the same fields created the message. Later changes do not show.</summary>
    private static Message AsFirstWritten(Message row, NewMessage draft, MessageReferences references) => row with
    {
        Revision = 1,
        Text = draft.Text,
        Attachments = row.DeletedBy is null ? row.Attachments : references.Attachments,
        Metadata = draft.Metadata,
        ContentPayload = draft.ContentPayload,
        QueryMetadata = draft.QueryMetadata,
        Feedback = null,
        UpdatedAt = row.CreatedAt,
        EditedBy = null,
        DeletedBy = null,
        ReadAt = null,
    };

    /// <summary>
    /// A customer's message cancels all pending follow-ups. A due follow-up is sent as this message.
    /// </summary>
    private FollowUpMutation? MutationOf(Conversation head, NewMessage draft, Message message) => draft switch
    {
        { FollowUp: { } due } => FollowUpMutation.Send(head, due, message, time.GetUtcNow()),
        { Role: MessageRole.Customer } when head.Pending.Count > 0 =>
            FollowUpMutation.EndAll(
                head, FollowUpReasons.CustomerReplied, message.UserName ?? "customer", message.CreatedAt),
        _ => null,
    };

    private Task DropReplacedAsync(
        Conversation before,
        Conversation after,
        FollowUpMutation? mutation,
        CancellationToken cancellation) => Task.WhenAll(
        activity.DropReplacedAsync(before, after, cancellation),
        mutation is null ? Task.CompletedTask : followUps.DropAsync(mutation.RemovedIndexRows, cancellation));

    private static MessageKey NextKey(Conversation head) => new(head.Key, head.Last + 1);

    private static ParleyException? Refuse(Conversation head, MessageReferences references) =>
        head.Last == MessageKey.MaxSequence
            ? ErrorCode.ConversationFull.With(
                $"A conversation takes {MessageKey.MaxSequence} messages. Start a new one.")
            : references.Missing.Count > 0
                ? new ParleyException(references.Missing.ToDictionary(
                    field => field,
                    IReadOnlyList<string> (_) => ["Names nothing in this conversation."]))
                : null;

    private static Message MessageOf(
        Conversation head,
        NewMessage draft,
        MessageReferences references,
        DateTimeOffset createdAt,
        string writeId,
        long check)
    {
        IReadOnlyList<Attachment> attachments = draft.File is null
            ? references.Attachments
            : [Attachment.Of(draft.File), .. references.Attachments];
        return new Message
        {
            Key = NextKey(head),
            WriteId = writeId,
            Check = check,
            Revision = 1,
            Role = draft.Role,
            UserNumber = draft.UserNumber,
            UserName = draft.UserName,
            Sender = draft.Sender is null ? draft.Speaker : MessageSender.Of(draft.Sender),
            Type = attachments.Count > 0 ? attachments[0].Type : "text",
            Text = draft.Text,
            Quoted = references.Quoted,
            Thread = references.Thread?.ToGuid(),
            Ticket = head.OpenTicket,
            FollowUp = draft.FollowUp?.Number,
            Completion = draft.Ends?.Completion.Key.Sequence,
            ExternalId = draft.ExternalId,
            Attachments = attachments,
            Metadata = draft.Metadata,
            ContentPayload = draft.ContentPayload,
            QueryMetadata = draft.QueryMetadata,
            CreatedAt = createdAt,
            UpdatedAt = createdAt,
        };
    }

    /// <summary>
    /// Returns the current time, but not earlier than the previous message: readers page by number and by time alike.
    /// </summary>
    private DateTimeOffset NotBefore(Conversation head)
    {
        var (now, previous) = (time.NowInMilliseconds(), head.LastMessageAt ?? head.CreatedAt);
        return now < previous ? previous : now;
    }

    /// <summary>
    /// Writes the index rows of the append before the append. Activity rows are written in the first append of a minute
    /// and when the conversation becomes unread, the schedule row of the key in the first append of an hour.
    /// </summary>
    private async Task<Conversation> PrepareAsync(
        Conversation head,
        Message message,
        FollowUpMutation? mutation,
        Completion? completion,
        IdempotencyKey? key,
        PendingIndexRows pendingRows,
        CancellationToken cancellation)
    {
        var hour = message.CreatedAt.Hour();
        var scheduleRow = key is not null && head.KeyHour < hour
            ? IdempotencyKey.WriteScheduleRowAsync(
                schedule, head.Key.Tenant, head.Key.Number, hour, cancellation)
            : Task.CompletedTask;
        var listed = activity.PrepareAsync(
            head, message.CreatedAt.Minute(), message.Role == MessageRole.Customer, cancellation);
        var indexed = mutation is null
            ? Task.CompletedTask
            : pendingRows.WriteAsync(mutation.AddedIndexRows, cancellation);
        var found = completion is null ? Task.CompletedTask : completions.WriteIndexRowsAsync(completion, cancellation);
        await Task.WhenAll(scheduleRow, listed, indexed, found);
        return await listed with { KeyHour = key is null ? head.KeyHour : Math.Max(hour, head.KeyHour) };
    }

    private static List<TableTransactionAction> AppendOf(
        Conversation head,
        Message message,
        FollowUpMutation? mutation,
        Completion? completion,
        MessageReferences references,
        NewMessage draft,
        IdempotencyKey? key)
    {
        var (partition, sequence) = (head.Key.PartitionKey, message.Key.Sequence);
        var rows = new List<TableEntity>();
        if (completion is not null)
        {
            // The completion comes first, so that the first response contains its ETag.
            rows.Add(CompletionRow.Create(completion));
        }

        foreach (var clientKey in new[] { key, draft.ExternalKey }.OfType<IdempotencyKey>())
        {
            rows.Add(clientKey.ToRow(partition, sequence));
        }

        if (draft.File is { } file)
        {
            rows.Add(FileRows.Holder(head.Key, file.Id));
        }

        if (references.Thread is { } thread)
        {
            rows.Add(ThreadRow.Message(thread, message.Key));
        }

        rows.Add(MessageRow.Create(message));
        var headChange = new TableEntity(partition, ConversationRowKeys.Head)
        {
            ["Rev"] = head.Revision + 1,
            ["Last"] = sequence,
            ["LastMessage"] = ConversationRow.Preview(message.Text),
            ["LastMessageAt"] = message.CreatedAt,
            ["LastRole"] = (int)message.Role,
            ["LastId"] = message.Id,
            ["Unread"] = head.Unread + (message.Role == MessageRole.Customer ? 1 : 0),
            ["UnreadRev"] = head.UnreadRevision,
            ["ActivityMinute"] = head.ActivityMinute,
            ["ListETag"] = head.ListETag.ToString(),
            ["KeyHour"] = head.KeyHour,
        };
        if (mutation is not null)
        {
            headChange["Pending"] = PendingFollowUp.Write(mutation.Pending);
        }

        if (completion is { IsAutoReply: false })
        {
            headChange["LastChatbot"] = completion.Chatbot;
        }

        return
        [
            .. rows.Select(row => new TableTransactionAction(TableTransactionActionType.Add, row)),
            .. mutation?.Actions ?? [],
            .. draft.Ends is { } ends ? [ends.Action(message)] : (TableTransactionAction[])[],
            new(TableTransactionActionType.UpdateMerge, headChange, head.ETag),
        ];
    }
}
