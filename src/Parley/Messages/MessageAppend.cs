using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Idempotency;
using Parley.Problems;
using Parley.Storage;

namespace Parley.Messages;

/// <summary>A message to be written.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Text">What is said.</param>
/// <param name="UserNumber">The staff member's number.</param>
/// <param name="UserName">The writer's name.</param>
/// <param name="Quoted">The id of the quoted message, as the client sent it.</param>
public sealed record NewMessage(MessageRole Role, string Text, int? UserNumber, string? UserName, string? Quoted);

/// <summary>A message that is stored.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Replayed">Whether an earlier request with the same idempotency key had written it.</param>
public readonly record struct Appended(MessageKey Key, bool Replayed);

/// <summary>Appends messages to conversations.</summary>
/// <remarks>
/// <para>An append is one transaction under the head's ETag: {the client's idempotency key, the message at the next number, the
/// head}. So numbers are dense, and of two writers at one number one fails.</para>
/// <para>A failed or lost answer is decided by the data: once the head has reached the number that was tried, the row there is this
/// append's (same write id) or another one's. While it has not, the try may still arrive late; it carries the old ETag, so it can
/// only land if the next try, at the same number, does not.</para>
/// </remarks>
public sealed class MessageAppend(
    ParleyTables tables,
    ConversationReader conversations,
    ConversationActivity activity,
    KeyedLock writers,
    WriteBudget budget,
    TimeProvider time,
    Entropy entropy)
{
    /// <summary>Appends one.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ConversationNotFound"/>, <see cref="ErrorCode.ConversationFull"/>, <see cref="ErrorCode.Busy"/>,
    /// <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was stored), <see cref="ErrorCode.IdempotencyKeyReused"/>, or <see cref="ErrorCode.InvalidFields"/> for an unknown quoted message.
    /// </exception>
    public async Task<Appended> AppendAsync(ConversationRef id, NewMessage draft, IdempotencyKey? key, CancellationToken cancellation)
    {
        var running = budget.Start();
        using var turn = await writers.EnterAsync(id.Key.PartitionKey, cancellation);
        var (writeId, check) = (entropy.NextWriteId(), entropy.NextBits(EntityId.CheckBits));
        Conversation? tried = null;
        while (true)
        {
            await running.WaitAsync(cancellation);
            var head = await conversations.GetAsync(id, cancellation);
            if (tried is not null && head.ETag != tried.ETag)
            {
                if (head.Last > tried.Last && await MessageRow.FindAsync(tables, NextKey(tried), cancellation) is { } there && there.WriteId == writeId)
                {
                    await activity.DropPassedAsync(tried, head, cancellation);
                    return new Appended(there.Key, Replayed: false);
                }

                running.NothingLanded();
            }

            var quoted = await FindQuotedAsync(head, draft.Quoted, cancellation);
            var refusal = Refuse(head, draft.Quoted, quoted);
            if (refusal is not null)
            {
                // What forbids it now may not have when this key came first.
                return await FindFirstAsync(id.Key, key, writeId, cancellation) ?? throw refusal;
            }

            running.ThrowIfUsedUp();
            try
            {
                var message = new Message
                {
                    Key = NextKey(head),
                    WriteId = writeId,
                    Check = check,
                    Revision = 1,
                    Role = draft.Role,
                    UserNumber = draft.UserNumber,
                    UserName = draft.UserName,
                    Type = "text",
                    Text = draft.Text,
                    Quoted = quoted,
                    CreatedAt = NotBefore(head.LastMessageAt ?? head.CreatedAt),
                };
                var prepared = await PrepareAsync(head, message.CreatedAt, key, cancellation);
                var actions = AppendOf(prepared, message, key);
                await running.SendAsync(token => tables.Conversations.SubmitAsync(actions, token), cancellation);
                await activity.DropPassedAsync(head, prepared, cancellation);
                return new Appended(message.Key, Replayed: false);
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                tried = head;
            }

            if (await FindFirstAsync(id.Key, key, writeId, cancellation) is { } first)
            {
                return first;
            }
        }
    }

    /// <summary>What the first request with this key wrote: another one, or this one when its answer was lost.</summary>
    private async Task<Appended?> FindFirstAsync(ConversationKey conversation, IdempotencyKey? key, string writeId, CancellationToken cancellation)
    {
        if (key is null || await key.FindResultAsync(tables.Conversations, conversation.PartitionKey, cancellation) is not { } sequence)
        {
            return null;
        }

        var first = new MessageKey(conversation, sequence);
        var row = await MessageRow.FindAsync(tables, first, cancellation);
        return new Appended(first, Replayed: row?.WriteId != writeId);
    }

    private static MessageKey NextKey(Conversation head) => new(head.Key, head.Last + 1);

    private static ParleyException? Refuse(Conversation head, string? quotedId, int? quoted) =>
        head.Last == MessageKey.MaxSequence
            ? ErrorCode.ConversationFull.With($"A conversation takes {MessageKey.MaxSequence} messages. Start a new one.")
            : quotedId is not null && quoted is null ? ParleyException.Field("quoted_message_id", "No such message in this conversation.") : null;

    private async Task<int?> FindQuotedAsync(Conversation head, string? quotedId, CancellationToken cancellation)
    {
        if (quotedId is null || !MessageRef.TryParse(quotedId, head.Key, out var id) || id.Key.Sequence < head.First || id.Key.Sequence > head.Last)
        {
            return null;
        }

        // Numbers are dense, so an integer id in range exists; a UUID has a check to compare.
        var exists = id.Check is null || await MessageRow.FindAsync(tables, id.Key, cancellation) is { } row && id.Matches(row.Check);
        return exists ? id.Key.Sequence : null;
    }

    /// <summary>Now, but never before the message before: readers page by number and by time alike.</summary>
    private DateTimeOffset NotBefore(DateTimeOffset previous)
    {
        var now = time.NowInMilliseconds();
        return now < previous ? previous : now;
    }

    /// <summary>Finder before fact: the index rows that the append needs, in a minute's or an hour's first.</summary>
    private async Task<Conversation> PrepareAsync(Conversation head, DateTimeOffset createdAt, IdempotencyKey? key, CancellationToken cancellation)
    {
        var hour = createdAt.Hour();
        var dueRow = key is not null && head.KeyHour < hour
            ? IdempotencyKey.WriteDueRowAsync(tables.Due, head.Key.Tenant, head.Key.Number, hour, cancellation)
            : Task.CompletedTask;
        var moved = activity.MoveToAsync(head, createdAt.Minute(), cancellation);
        await Task.WhenAll(dueRow, moved);
        return await moved with { KeyHour = key is null ? head.KeyHour : Math.Max(hour, head.KeyHour) };
    }

    private static List<TableTransactionAction> AppendOf(Conversation head, Message message, IdempotencyKey? key)
    {
        var partition = head.Key.PartitionKey;
        var actions = new List<TableTransactionAction>(3);
        if (key is not null)
        {
            actions.Add(new(TableTransactionActionType.Add, key.ToRow(partition, message.Key.Sequence)));
        }

        actions.Add(new(TableTransactionActionType.Add, MessageRow.Create(message)));
        var headChange = new TableEntity(partition, RowKeys.Head)
        {
            ["Rev"] = head.Revision + 1,
            ["Last"] = message.Key.Sequence,
            ["LastMessage"] = HeadRow.Preview(message.Text),
            ["LastMessageAt"] = message.CreatedAt,
            ["Unread"] = head.Unread + (message.Role == MessageRole.Customer ? 1 : 0),
            ["ActivityMinute"] = head.ActivityMinute,
            ["ListETag"] = head.ListETag.ToString(),
            ["KeyHour"] = head.KeyHour,
        };
        actions.Add(new(TableTransactionActionType.UpdateMerge, headChange, head.ETag));
        return actions;
    }
}
