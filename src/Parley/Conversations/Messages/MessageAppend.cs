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

/// <summary>A message to be written.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Text">What is said.</param>
/// <param name="UserNumber">The staff member's number.</param>
/// <param name="UserName">The writer's name.</param>
/// <param name="Quoted">The id of the quoted message, as the client sent it.</param>
public sealed record NewMessage(MessageRole Role, string Text, int? UserNumber, string? UserName, string? Quoted)
{
    /// <summary>Who is named as speaking.</summary>
    public Sender? Sender { get; init; }

    /// <summary>Who is named as speaking, where that is no sender.</summary>
    public MessageSender? Speaker { get; init; }

    /// <summary>The id of the thread, as the client sent it.</summary>
    public string? Thread { get; init; }

    /// <summary>The client's own id of the message.</summary>
    public string? ExternalId { get; init; }

    /// <summary>The external id with the body that it came with: the same again gets the first message.</summary>
    public IdempotencyKey? ExternalKey { get; init; }

    /// <summary>Links, and files of earlier messages by those messages' ids.</summary>
    public IReadOnlyList<Attachment> Attachments { get; init; } = [];

    /// <summary>The file that comes with it; its blob is there already.</summary>
    public StoredFile? File { get; init; }

    /// <summary>The follow-up that becomes this message; the message is written only while that is pending, at this revision.</summary>
    public FollowUp? FollowUp { get; init; }

    /// <summary>Where in the request's body its fields are, for errors: ends in a dot, or is empty.</summary>
    public string Path { get; init; } = "";

    /// <summary>Why it is not to be written, unless its key says that it has been.</summary>
    public ParleyException? Refusal { get; init; }

    /// <summary>
    /// The assistant's turn that it begins, from the conversation as it is then and the message as it is to be; null, also from it, for none. It is inserted with the
    /// message.
    /// </summary>
    internal Func<Conversation, Message, CancellationToken, Task<Completion?>>? Begins { get; init; }

    /// <summary>The assistant's turn that it ends, as the reply; the message is written only as long as that turn is not ended otherwise.</summary>
    internal CompletionEnding? Ends { get; init; }

    /// <summary>JSON text of the client's own object.</summary>
    public string? Metadata { get; init; }

    /// <summary>JSON text of an object for assistants.</summary>
    public string? ContentPayload { get; init; }

    /// <summary>JSON text of an object for assistants.</summary>
    public string? QueryMetadata { get; init; }
}

/// <summary>A message that is stored.</summary>
/// <param name="Conversation">Its conversation, as it was before.</param>
/// <param name="Message">The message, as it was first written.</param>
/// <param name="Replayed">Whether an earlier request with the same idempotency key or external id had written it.</param>
public sealed record Appended(Conversation Conversation, Message Message, bool Replayed)
{
    /// <summary>The turn that was inserted with it; null when it begins none, and when it is replayed. Without its ETag when the answer was lost.</summary>
    public Completion? Completion { get; init; }
}

/// <summary>Appends messages to conversations.</summary>
/// <remarks>
/// <para>An append is one transaction under the head's ETag: {the client's idempotency key, its external id, the row that finds the file, the
/// message at the next number, its row in the thread, the follow-ups that it ends, the assistant's turn that it begins or ends, the head}. So numbers are dense, and of two writers at one
/// number one fails.</para>
/// <para>A failed or lost answer is decided by the data: once the head has reached the number that was tried, the row there is this
/// append's (same write id) or another one's. While it has not, the try may still arrive late; it carries the old ETag, so it can
/// only land if the next try, at the same number, does not.</para>
/// </remarks>
public sealed class MessageAppend(
    ParleyTables tables,
    ConversationReader conversations,
    ConversationActivity activity,
    MessageReferenceFinder finder,
    FollowUpIndex followUps,
    CompletionIndex completions,
    KeyedLock writers,
    WriteBudget budget,
    TimeProvider time,
    RandomSource random)
{
    /// <summary>Appends one.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ConversationNotFound"/>, <see cref="ErrorCode.ConversationFull"/>, <see cref="ErrorCode.Busy"/>,
    /// <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was stored), <see cref="ErrorCode.IdempotencyKeyReused"/>, or
    /// <see cref="ErrorCode.InvalidFields"/> for an unknown quoted message or thread, <see cref="ErrorCode.FollowUpStatus"/> for a follow-up
    /// that is not pending any more, <see cref="ErrorCode.FollowUpRefused"/> for one of a conversation that is handed off, or the draft's refusal.
    /// </exception>
    /// <exception cref="CompletionConflictException">The turn that it is to end has been ended otherwise.</exception>
    public async Task<Appended> AppendAsync(EntityRef<ConversationKey> id, NewMessage draft, IdempotencyKey? key, CancellationToken cancellation)
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

    private async Task<Appended> WriteAsync(EntityRef<ConversationKey> id, NewMessage draft, IdempotencyKey? key, PendingIndexRows pendingRows, CancellationToken cancellation)
    {
        var running = budget.Start();
        using var entered = await writers.EnterAsync(id.Key.PartitionKey, cancellation);
        var (writeId, check) = (random.NextWriteId(), random.NextBits(EntityId.CheckBits));
        (Conversation Head, FollowUpMutation? Mutation, Completion? Completion)? tried = null;
        while (true)
        {
            await running.WaitAsync(cancellation);
            if (tried is not null && draft.Ends is { } ends)
            {
                // Before the head: so an earlier try that lands meanwhile is seen by the head that it has written, and not taken for somebody else's end.
                await ends.ReadAgainAsync(cancellation);
            }

            var head = await conversations.GetAsync(id, cancellation);
            if (tried is { } before && head.ETag != before.Head.ETag)
            {
                if (head.Last > before.Head.Last
                    && await MessageRow.FindAsync(tables, NextKey(before.Head), cancellation) is { } there && there.WriteId == writeId)
                {
                    await DropReplacedAsync(before.Head, head, before.Mutation, cancellation);
                    return new Appended(head, there, Replayed: false) { Completion = before.Completion };
                }

                running.NothingLanded();
            }

            draft.Ends?.EnsureStillOpen(head, time.GetUtcNow());
            pendingRows.Begin();
            var references = await finder.FindAsync(head, draft, cancellation);
            var refusal = draft.Refusal ?? Refuse(head, references);
            if (refusal is not null)
            {
                // What forbids it now may not have when this key came first.
                return await FindFirstAsync(head, draft, references, key, writeId, tried?.Completion, cancellation) ?? throw refusal;
            }

            var message = MessageOf(head, draft, references, NotBefore(head), writeId, check);
            var mutation = MutationOf(head, draft, message);
            var completion = draft.Begins is { } begins ? await begins(head, message, cancellation) : null;
            if ((completion is not null || ConversationActivity.BecomesUnread(head, draft.Role == MessageRole.Customer))
                && await FindFirstAsync(head, draft, references, key, writeId, tried?.Completion, cancellation) is { } known)
            {
                // Looked for before rows are written that find it: a retry must not make a conversation unread that has been read since, nor list a second turn.
                return known;
            }

            running.ThrowIfUsedUp();
            try
            {
                var prepared = await PrepareAsync(head, message, mutation, completion, key, pendingRows, cancellation);
                var actions = AppendOf(prepared, message, mutation, completion, references, draft, key);
                var responses = await running.SendAsync(token => tables.Conversations.SubmitAsync(actions, token), cancellation);
                await DropReplacedAsync(head, prepared, mutation, cancellation);
                return new Appended(head, message, Replayed: false) { Completion = completion is null ? null : completion with { ETag = responses[0].Headers.ETag!.Value } };
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
    /// One try to append a message that becomes of a follow-up, whose rows in lists are there already: those of the follow-up as sent and, in
    /// <paramref name="prepared"/>, those of the conversation's activity. The caller drops those of before.
    /// </summary>
    /// <param name="head">The conversation, as just read.</param>
    /// <param name="prepared">What <see cref="ConversationActivity"/> made of it.</param>
    /// <param name="preparedAt">When that began (<see cref="TimeProvider.GetTimestamp"/>).</param>
    /// <param name="draft">The message; it refers to nothing.</param>
    /// <param name="cancellation">Ends the try.</param>
    /// <returns>The message; null when what was prepared is too old, or of an earlier minute.</returns>
    /// <exception cref="Exception">As storage throws; see <see cref="StorageErrors.IsLostRaceOrUnknown"/>: <see cref="AppendAsync"/> finds out.</exception>
    internal async Task<Message?> TryAppendAsync(
        Conversation head, Conversation prepared, long preparedAt, NewMessage draft, CancellationToken cancellation)
    {
        var running = budget.Start();
        using var completion = await writers.EnterAsync(head.Key.PartitionKey, cancellation);
        var createdAt = NotBefore(head);
        if (createdAt.Minute() > prepared.ActivityMinute || time.GetElapsedTime(preparedAt) > WriteBudget.MaxAge || head.Last == MessageKey.MaxSequence)
        {
            return null;
        }

        var message = MessageOf(head, draft, MessageReferences.None, createdAt, random.NextWriteId(), random.NextBits(EntityId.CheckBits));
        var actions = AppendOf(prepared, message, MutationOf(head, draft, message), completion: null, MessageReferences.None, draft, key: null);
        await running.SendAsync(token => tables.Conversations.SubmitAsync(actions, token), cancellation);
        return message;
    }

    /// <summary>What the first request with this key, or this external id and body, wrote: another one, or this one when its answer was lost.</summary>
    private async Task<Appended?> FindFirstAsync(
        Conversation head, NewMessage draft, MessageReferences references, IdempotencyKey? key, string writeId, Completion? completion, CancellationToken cancellation)
    {
        var conversation = head.Key;
        foreach (var sent in new[] { key, draft.ExternalKey }.OfType<IdempotencyKey>())
        {
            if (await sent.FindResultAsync(tables.Conversations, conversation.PartitionKey, cancellation) is { } sequence)
            {
                var row = await MessageRow.FindAsync(tables, new MessageKey(conversation, sequence), cancellation)
                    ?? throw new InvalidOperationException($"Message {sequence} of {conversation.PartitionKey} has an idempotency key but no row.");
                if (key is not null && sent != key)
                {
                    await RememberAsync(conversation, key, sequence, cancellation);
                }

                var isOwn = row.WriteId == writeId;
                return new Appended(head, AsFirstWritten(row, draft, references), Replayed: !isOwn) { Completion = isOwn ? completion : null };
            }
        }

        return null;
    }

    /// <summary>A key whose request was answered by an earlier message belongs to that request from now on, like any other.</summary>
    private async Task RememberAsync(ConversationKey conversation, IdempotencyKey key, int sequence, CancellationToken cancellation)
    {
        await IdempotencyKey.WriteScheduleRowAsync(tables.Schedule, conversation.Tenant, conversation.Number, time.GetUtcNow().Hour(), cancellation);
        try
        {
            await tables.Conversations.AddEntityAsync(key.ToRow(conversation.PartitionKey, sequence), cancellation);
        }
        catch (RequestFailedException e) when (e.IsAlreadyExists())
        {
            // The same request twice at once; or another one, whose answer it then gets.
            await key.FindResultAsync(tables.Conversations, conversation.PartitionKey, cancellation);
        }
    }

    /// <summary>The first answer again, whatever has become of the message since: the same fields made it.</summary>
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

    /// <summary>What the message does to follow-ups: the customer's ends them all, and one that is due becomes this message.</summary>
    private FollowUpMutation? MutationOf(Conversation head, NewMessage draft, Message message) => draft switch
    {
        { FollowUp: { } due } => FollowUpMutation.Send(head, due, message, time.GetUtcNow()),
        { Role: MessageRole.Customer } when head.Pending.Count > 0 =>
            FollowUpMutation.EndAll(head, FollowUpReasons.CustomerReplied, message.UserName ?? "customer", message.CreatedAt),
        _ => null,
    };

    private Task DropReplacedAsync(Conversation before, Conversation after, FollowUpMutation? mutation, CancellationToken cancellation) => Task.WhenAll(
        activity.DropReplacedAsync(before, after, cancellation),
        mutation is null ? Task.CompletedTask : followUps.DropAsync(mutation.RemovedIndexRows, cancellation));

    private static MessageKey NextKey(Conversation head) => new(head.Key, head.Last + 1);

    private static ParleyException? Refuse(Conversation head, MessageReferences references) =>
        head.Last == MessageKey.MaxSequence
            ? ErrorCode.ConversationFull.With($"A conversation takes {MessageKey.MaxSequence} messages. Start a new one.")
            : references.Missing.Count > 0
                ? new ParleyException(references.Missing.ToDictionary(field => field, IReadOnlyList<string> (_) => ["Names nothing in this conversation."]))
                : null;

    private static Message MessageOf(
        Conversation head, NewMessage draft, MessageReferences references, DateTimeOffset createdAt, string writeId, long check)
    {
        IReadOnlyList<Attachment> attachments = draft.File is null ? references.Attachments : [Attachment.Of(draft.File), .. references.Attachments];
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

    /// <summary>Now, but never before the message before: readers page by number and by time alike.</summary>
    private DateTimeOffset NotBefore(Conversation head)
    {
        var (now, previous) = (time.NowInMilliseconds(), head.LastMessageAt ?? head.CreatedAt);
        return now < previous ? previous : now;
    }

    /// <summary>Finder before fact: the index rows that the append needs, in a minute's or an hour's first or when it makes the conversation unread.</summary>
    private async Task<Conversation> PrepareAsync(
        Conversation head, Message message, FollowUpMutation? mutation, Completion? completion, IdempotencyKey? key, PendingIndexRows pendingRows, CancellationToken cancellation)
    {
        var hour = message.CreatedAt.Hour();
        var scheduleRow = key is not null && head.KeyHour < hour
            ? IdempotencyKey.WriteScheduleRowAsync(tables.Schedule, head.Key.Tenant, head.Key.Number, hour, cancellation)
            : Task.CompletedTask;
        var listed = activity.PrepareAsync(head, message.CreatedAt.Minute(), message.Role == MessageRole.Customer, cancellation);
        var indexed = mutation is null ? Task.CompletedTask : pendingRows.WriteAsync(mutation.AddedIndexRows, cancellation);
        var found = completion is null ? Task.CompletedTask : completions.WriteAsync(completion, cancellation);
        await Task.WhenAll(scheduleRow, listed, indexed, found);
        return await listed with { KeyHour = key is null ? head.KeyHour : Math.Max(hour, head.KeyHour) };
    }

    private static List<TableTransactionAction> AppendOf(
        Conversation head, Message message, FollowUpMutation? mutation, Completion? completion, MessageReferences references, NewMessage draft, IdempotencyKey? key)
    {
        var (partition, sequence) = (head.Key.PartitionKey, message.Key.Sequence);
        var rows = new List<TableEntity>();
        if (completion is not null)
        {
            // First, so that its ETag is the first answer's.
            rows.Add(CompletionRow.Create(completion));
        }

        foreach (var sent in new[] { key, draft.ExternalKey }.OfType<IdempotencyKey>())
        {
            rows.Add(sent.ToRow(partition, sequence));
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
