using Azure;
using Azure.Data.Tables;
using Parley.Assistants.Completions;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Files;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>An edited message, and the text of the message that it quotes, by number.</summary>
public sealed record EditedMessage(Message Message, IReadOnlyDictionary<int, string> QuotedTexts);

/// <summary>
/// Changes messages. The change of the last message also changes the preview in the head, in the same transaction. A
/// deleted message keeps its row, so that the numbers have no gaps, but the row and the head lose its text. Quotes of
/// it become empty, because readers look up the text.
/// </summary>
public sealed class MessageChange(
    ParleyTables tables,
    Schedule schedule,
    ConversationReader conversations,
    ConversationActivity activity,
    QuotedTexts quotes,
    FileStore files,
    OptimisticUpdate edits,
    TimeProvider time)
{
    /// <summary>Replaces a message's text.</summary>
    /// <param name="messageId">The message's id, as the client sent it.</param>
    /// <param name="editor">The name of the editor.</param>
    /// <param name="expected">Returns true for a revision that the client expects; null when it expects none.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ConversationNotFound"/>, <see cref="ErrorCode.MessageNotFound"/>,
    /// <see cref="ErrorCode.MessageDeleted"/>, <see cref="ErrorCode.StaleRevision"/>, <see cref="ErrorCode.Busy"/>,
    /// <see cref="ErrorCode.StorageUnavailable"/> (it is not known whether the change was stored).
    /// </exception>
    public async Task<EditedMessage> EditAsync(
        EntityRef<ConversationKey> id,
        string messageId,
        string text,
        string editor,
        Func<int, bool>? expected,
        CancellationToken cancellation)
    {
        var (_, edited) = await WriteAsync(
            id,
            messageId,
            message => ThrowIfDeleted(message) with { Text = text, EditedBy = editor },
            expected,
            cancellation);
        return new EditedMessage(edited, await quotes.ReadAsync(id.Key, [edited], cancellation));
    }

    /// <summary>Stores a client's rating of a message; null removes it.</summary>
    /// <exception cref="ParleyException">As for an edit.</exception>
    public Task<(Conversation Conversation, Message Message)> GiveFeedbackAsync(
        EntityRef<MessageKey> id, string? feedback, Func<int, bool>? expected, CancellationToken cancellation) =>
        WriteAsync(
            new EntityRef<ConversationKey>(id.Key.Conversation, null),
            id,
            message => ThrowIfDeleted(message) with { Feedback = feedback },
            expected,
            cancellation);

    /// <summary>
    /// Removes a message's text, payloads and file permanently, and the text of the follow-up that was sent as the
    /// message. A message that is already deleted does not change. The file's blob is deleted last. After a crash
    /// before that, the clean-up finds the blob through its schedule row.
    /// </summary>
    /// <param name="messageId">The message's id, as the client sent it.</param>
    /// <param name="deleter">The name of the person who deletes.</param>
    /// <param name="expected">Returns true for a revision that the client expects; null when it expects none.</param>
    /// <exception cref="ParleyException">As for an edit, but not <see cref="ErrorCode.MessageDeleted"/>.</exception>
    public async Task<Message> DeleteAsync(
        EntityRef<ConversationKey> id,
        string messageId,
        string deleter,
        Func<int, bool>? expected,
        CancellationToken cancellation)
    {
        StoredFile? removed = null;
        var (head, deleted) = await WriteAsync(
            id,
            messageId,
            message =>
            {
                removed = OwnFile(message);
                return message.DeletedBy is not null ? null : Emptied(message, deleter);
            },
            expected,
            cancellation);
        if (head.Unread == 0 && deleted.Role == MessageRole.Customer && deleted.Key.Sequence > head.ReadUpTo)
        {
            // The deleted message was the last unread one.
            await activity.DropUnreadAsync(head, raise: null, cancellation);
        }

        if (removed is not null)
        {
            await files.DeleteAsync(id.Key, removed.Id, cancellation);
        }

        return deleted;
    }

    private static Message Emptied(Message message, string deleter) => message with
    {
        Text = "",
        Metadata = null,
        ContentPayload = null,
        QueryMetadata = null,
        Feedback = null,
        Attachments = [],
        Quoted = null,
        DeletedBy = deleter,
    };

    private static Message ThrowIfDeleted(Message message) =>
        message.DeletedBy is null
            ? message
            : throw ErrorCode.MessageDeleted.With("A deleted message cannot be changed.");

    private Task<(Conversation Head, Message Message)> WriteAsync(
        EntityRef<ConversationKey> id,
        string messageId,
        Func<Message, Message?> change,
        Func<int, bool>? expected,
        CancellationToken cancellation) =>
        WriteAsync(
            id,
            MessageKey.TryParseIn(id.Key, messageId, out var reference) ? reference : null,
            change,
            expected,
            cancellation);

    /// <summary>
    /// Writes the result of <paramref name="change"/>. A null result means that the message needs no change.
    /// </summary>
    private async Task<(Conversation Head, Message Message)> WriteAsync(
        EntityRef<ConversationKey> id,
        EntityRef<MessageKey>? messageId,
        Func<Message, Message?> change,
        Func<int, bool>? expected,
        CancellationToken cancellation)
    {
        var at = time.NowInMilliseconds();
        return await edits.WriteAsync(
            tables.Conversations,
            id.Key.PartitionKey,
            token => ReadAsync(id, messageId, token),
            state => new RowVersion(state.Message.Revision, state.Message.EditId, state.Message.ETag),
            async (state, editId, token) =>
            {
                var (head, message) = state;
                if (change(message) is not { } changed)
                {
                    return new Edit<(Conversation, Message)>(state, []);
                }

                Revisions.Require(expected, message.Revision, "message");
                changed = changed with { EditId = editId, Revision = message.Revision + 1, UpdatedAt = at };
                if (LostFile(message, changed) is { } file)
                {
                    await FileRows.WriteScheduleAsync(schedule, head.Key, file.Id, changed.Revision, at, token);
                }

                var headAfter = HeadAfter(head, message, changed);
                var completion = changed.DeletedBy is not null && message.Completion is { } number
                    ? await CompletionRow.FindAsync(tables, new MessageKey(head.Key, number), token)
                    : null;
                return new Edit<(Conversation, Message)>(
                    (headAfter, changed), ChangeOf(head, headAfter, message, changed, completion));
            },
            cancellation);
    }

    private async Task<(Conversation Head, Message Message)> ReadAsync(
        EntityRef<ConversationKey> id,
        EntityRef<MessageKey>? messageId,
        CancellationToken cancellation)
    {
        var reading = messageId is { } known
            ? MessageRow.FindAsync(tables, known.Key, cancellation)
            : Task.FromResult<Message?>(null);
        var head = conversations.GetAsync(id, cancellation);
        await Task.WhenAll(head, reading);
        if (await reading is not { } message || !messageId!.Value.Matches(message.Check))
        {
            throw MessageReader.NotFound();
        }

        // The message may have been appended between the two reads. A second read returns a head that includes it.
        return (
            message.Key.Sequence > (await head).Last ? await conversations.GetAsync(id, cancellation) : await head,
            message);
    }

    /// <summary>Returns the file uploaded with this message, not a file of an earlier message.</summary>
    private static StoredFile? OwnFile(Message message) =>
        message.Attachments.FirstOrDefault(attachment => attachment.Id is null)?.File;

    private static StoredFile? LostFile(Message before, Message after) =>
        OwnFile(after) is null ? OwnFile(before) : null;

    /// <summary>
    /// Updates the preview if the message is the last one, and the unread count if it was deleted unread.
    /// </summary>
    private static Conversation HeadAfter(Conversation head, Message message, Message changed) => head with
    {
        LastMessage = changed.Key.Sequence == head.Last ? ConversationRow.Preview(changed.Text) : head.LastMessage,
        Unread = IsUnread(head, message) && !IsUnread(head, changed) ? head.Unread - 1 : head.Unread,
    };

    private static bool IsUnread(Conversation head, Message message) =>
        message is { Role: MessageRole.Customer, DeletedBy: null } && message.Key.Sequence > head.ReadUpTo;

    private static List<TableTransactionAction> ChangeOf(
        Conversation head,
        Conversation headAfter,
        Message message,
        Message changed,
        Completion? completion)
    {
        // Replace, not merge: a shorter text may need fewer properties than the old one.
        var actions = new List<TableTransactionAction>
        {
            new(TableTransactionActionType.UpdateReplace, MessageRow.Create(changed), message.ETag),
        };
        if (headAfter != head)
        {
            var change = new TableEntity(head.Key.PartitionKey, ConversationRowKeys.Head)
            {
                ["Rev"] = head.Revision + 1,
                ["LastMessage"] = headAfter.LastMessage,
                ["Unread"] = headAfter.Unread,
            };
            actions.Add(new(TableTransactionActionType.UpdateMerge, change, head.ETag));
        }

        if (changed.DeletedBy is not null && message.FollowUp is { } followUp)
        {
            // The follow-up's text is the message's text. A sent follow-up never changes, so no other writer competes.
            var emptied = new TableEntity(head.Key.PartitionKey, FollowUpRowKeys.FollowUp(followUp)) { ["Text"] = "" };
            actions.Add(new(TableTransactionActionType.UpdateMerge, emptied, ETag.All));
        }

        if (completion?.Reply == message.Key.Sequence)
        {
            // The completion's row also contains the text of the reply, but only that of its last attempt.
            actions.Add(new(
                TableTransactionActionType.UpdateMerge, CompletionRow.Forgotten(completion), completion.ETag));
        }

        if (LostFile(message, changed) is { } file)
        {
            actions.Add(new(TableTransactionActionType.Delete, FileRows.Holder(head.Key, file.Id), ETag.All));
        }

        return actions;
    }
}
