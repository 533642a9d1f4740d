using Azure;
using Azure.Data.Tables;
using Parley.Conversations.Threads;
using Parley.Core;
using Parley.Files;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Conversations.Messages;

/// <summary>Appends messages to conversations.</summary>
/// <remarks>
/// An append is one <see cref="ConversationTransaction"/> under the head's ETag. It contains the idempotency key, the
/// external id, the row that refers to the file, the message at the next number, its row in the thread, the head, and
/// the parts of other features. Therefore message numbers have no gaps, and of two writers of one number one fails.
/// </remarks>
public sealed class MessageAppend(
    ParleyTables tables,
    Schedule schedule,
    ConversationReader conversations,
    ConversationTransaction transaction,
    ConversationActivity activity,
    MessageReferenceFinder finder,
    UploadCopies uploads,
    ThreadMessages threadMessages,
    MessageReplays replays,
    TimeProvider time,
    RandomSource random)
{
    /// <summary>
    /// The most operations without parts: two keys, the file and those of the attachments, the thread and the message's
    /// row in it, the message, the head and the row of the change log.
    /// </summary>
    internal const int MaxOperations = 8 + Attachment.MaxCount;

    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ConversationNotFound"/>, <see cref="ErrorCode.ConversationFull"/>,
    /// <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (it is not known whether the message
    /// was stored), <see cref="ErrorCode.IdempotencyKeyReused"/>, <see cref="ErrorCode.InvalidFields"/> for an unknown
    /// quoted message or thread, or the draft's refusal.
    /// </exception>
    public Task<Appended> AppendAsync(
        EntityRef<ConversationKey> id,
        NewMessage draft,
        IdempotencyKey? key,
        CancellationToken cancellation) => AppendWithAsync([], id, draft, key, cancellation);

    /// <summary>As above, with parts of other features in the same transaction. They may throw to refuse.</summary>
    internal async Task<Appended> AppendWithAsync(
        IReadOnlyList<IMessagePart> parts,
        EntityRef<ConversationKey> id,
        NewMessage draft,
        IdempotencyKey? key,
        CancellationToken cancellation)
    {
        draft = await uploads.CopyAsync(id.Key, draft, cancellation);
        var check = random.NextBits(EntityId.CheckBits);
        var references = MessageReferences.None;
        return await transaction.RunAsync(
            id.Key,
            new ConversationWrite<Conversation, Appended>(ReadAsync, head => head.ETag, StoredIdAsync, DecideAsync)
            {
                FindEarlier = FindEarlierAsync,
            },
            cancellation);

        async Task<Conversation> ReadAsync(bool isRetry, CancellationToken token)
        {
            foreach (var part in isRetry ? parts : [])
            {
                await part.ReadAgainAsync(token);
            }

            return await conversations.GetAsync(id, token);
        }

        async Task<string?> StoredIdAsync(
            Conversation before, Conversation now, IReadOnlySet<string> ownIds, CancellationToken token) =>
            now.Last > before.Last
                ? (await MessageRow.FindAsync(tables, NextKey(before), token))?.WriteId
                : null;

        Task<Appended?> FindEarlierAsync(Conversation head, ConversationPlan plan, CancellationToken token) =>
            replays.FindAsync(head, draft, references, key, plan.OwnIds, token);

        async Task<Appended> DecideAsync(Conversation head, ConversationPlan plan, CancellationToken token)
        {
            foreach (var part in parts)
            {
                part.EnsureAllowed(head);
            }

            references = await finder.FindAsync(head, draft, token);
            if ((draft.Refusal ?? Refuse(head, references)) is { } refusal)
            {
                // When the first request with this key came, the reason for the refusal may not have existed.
                return await FindEarlierAsync(head, plan, token) ?? throw refusal;
            }

            var message = MessageOf(head, draft, references, NotBefore(head), plan.WriteId, check);
            message = parts.Aggregate(message, (shaped, part) => part.Shape(shaped));
            AddRows(plan, head, head, message, draft, key);
            await AddToThreadAsync(plan, head, references.Thread, token);
            foreach (var part in parts)
            {
                await part.AddAsync(plan, message, token);
            }

            var becomesUnread = ConversationActivity.BecomesUnread(head, draft.Role == MessageRole.Customer);
            if ((becomesUnread || parts.Any(part => part.NeedsEarlierLookup))
                && await FindEarlierAsync(head, plan, token) is { } known)
            {
                // Looked up before the index rows are written: a retry must not make a conversation unread that has
                // been read since, nor list a second completion.
                plan.Clear();
                return known;
            }

            // Written in the first append of a minute, and when the conversation becomes unread.
            plan.Add(activity.ChangeOf(plan, message.CreatedAt.Minute(), message.Role == MessageRole.Customer));
            return new Appended(head, message, Replayed: false);
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
    /// True when the message is stored; false when the preparation is too old or for an earlier minute, or the
    /// conversation is full.
    /// </returns>
    /// <exception cref="Exception">
    /// Storage failed. After a lost race or an unknown outcome (<see cref="StorageErrors.IsLostRaceOrUnknown"/>),
    /// <see cref="AppendWithAsync"/> finds out whether the message is stored.
    /// </exception>
    internal Task<bool> TryAppendAsync(
        Conversation head,
        Conversation prepared,
        long preparedAt,
        NewMessage draft,
        IMessagePart part,
        CancellationToken cancellation) => transaction.SendOnceAsync(
        head.Key,
        async plan =>
        {
            var createdAt = NotBefore(head);
            if (createdAt.Minute() > prepared.ActivityMinute
                || time.GetElapsedTime(preparedAt) > WriteBudget.MaxAge
                || head.Last == MessageKey.MaxSequence)
            {
                return false;
            }

            var check = random.NextBits(EntityId.CheckBits);
            var message = part.Shape(
                MessageOf(head, draft, MessageReferences.None, createdAt, plan.WriteId, check));
            AddRows(plan, head, prepared, message, draft, key: null);
            await part.AddAsync(plan, message, cancellation);

            // Another minute has begun since the preparation: the feed would not find the changes.
            return plan.TakeLogIndexRow() is null;
        },
        cancellation);

    private static MessageKey NextKey(Conversation head) => new(head.Key, head.Last + 1);

    private static ParleyException? Refuse(Conversation head, MessageReferences references) =>
        head.Last == MessageKey.MaxSequence
            ? ErrorCode.ConversationFull.With(
                $"A conversation takes {MessageKey.MaxSequence} messages. Start a new one.")
            : references.Missing.Count > 0
                ? new ParleyException(references.Missing.ToDictionary(
                    field => field,
                    IReadOnlyList<string> (_) => ["No such message or thread in this conversation."]))
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
            Sender = draft.Sender is null ? draft.DisplaySender : MessageSender.Of(draft.Sender),
            Type = attachments.Count > 0 ? attachments[0].Type : "text",
            Text = draft.Text,
            Quoted = references.Quoted,
            Thread = references.Thread?.Id,
            Ticket = head.OpenTicket,
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

    /// <summary>Adds the message to a thread and counts it there. The head's ETag guards the count.</summary>
    private async Task AddToThreadAsync(
        ConversationPlan plan, Conversation head, ChatThread? thread, CancellationToken cancellation)
    {
        if (thread is not null)
        {
            var count = await threadMessages.CountAsync(head, thread, cancellation) + 1;
            plan.Add(ThreadRow.Message(thread, NextKey(head), count));
            plan.Add(new TableTransactionAction(
                TableTransactionActionType.UpdateMerge, ThreadRow.Counted(thread, count, head.Revision + 1), ETag.All));
        }
    }

    /// <param name="prepared">The head with the values that already written index rows require.</param>
    private void AddRows(
        ConversationPlan plan,
        Conversation head,
        Conversation prepared,
        Message message,
        NewMessage draft,
        IdempotencyKey? key)
    {
        var (partition, sequence) = (head.Key.PartitionKey, message.Key.Sequence);
        if (draft.ExternalKey is { } externalKey)
        {
            plan.Add(externalKey.ToRow(partition, sequence));
        }

        foreach (var file in message.OwnFiles)
        {
            plan.Add(FileRows.Holder(head.Key, file.Id));
        }

        plan.Add(MessageRow.Create(message));
        plan.Log(ChangeType.MessageCreated, message.Id, message.Revision);
        var isCustomers = message.Role == MessageRole.Customer;
        var next = prepared with
        {
            Revision = head.Revision + 1,
            Last = sequence,
            LastMessage = ConversationRow.Preview(message.Text),
            LastMessageAt = message.CreatedAt,
            LastRole = message.Role,
            LastId = message.Id,
            Unread = head.Unread + (isCustomers ? 1 : 0),
        };
        plan.SetHead(
            head,
            next,
            changed => new(TableTransactionActionType.UpdateMerge, ConversationRow.Appended(changed), head.ETag));
        if (key is not null)
        {
            plan.AddKey(key, sequence, message.CreatedAt.Hour(), schedule);
        }

        if (isCustomers)
        {
            plan.Raise(new ConversationEvent(
                ConversationEventKind.CustomerMessage, message.UserName ?? "customer", message.CreatedAt));
        }
    }
}
