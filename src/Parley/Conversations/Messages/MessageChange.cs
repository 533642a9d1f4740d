using Azure;
using Azure.Data.Tables;
using Parley.Assistants.Completions;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Files;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>An edited message, with the text of the message that it quotes.</summary>
public sealed record EditedMessage(Message Message, IReadOnlyDictionary<int, string> QuotedTexts);

/// <summary>
/// Changes a message, and with the last message the preview in the head, in one transaction. A deleted message keeps its row, so that
/// numbers stay dense, but its text is gone from the row and from the head; quotes of it show nothing, for they look it up.
/// </summary>
public sealed class MessageChange(
    ParleyTables tables, ConversationReader conversations, ConversationActivity activity, QuotedTexts quotes, FileStore files, OptimisticUpdate edits, TimeProvider time)
{
    /// <summary>Gives a message another text.</summary>
    /// <param name="id">The conversation.</param>
    /// <param name="messageId">The message's id as the client sent it.</param>
    /// <param name="text">The new text.</param>
    /// <param name="editor">Who edits.</param>
    /// <param name="expected">Whether a revision is one that the client expects; null when it expects none.</param>
    /// <param name="cancellation">Ends the edit.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ConversationNotFound"/>, <see cref="ErrorCode.MessageNotFound"/>, <see cref="ErrorCode.MessageDeleted"/>,
    /// <see cref="ErrorCode.StaleRevision"/>, <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was stored).
    /// </exception>
    public async Task<EditedMessage> EditAsync(
        EntityRef<ConversationKey> id, string messageId, string text, string editor, Func<int, bool>? expected, CancellationToken cancellation)
    {
        var (_, edited) = await WriteAsync(
            id, messageId, message => ThrowIfDeleted(message) with { Text = text, EditedBy = editor }, expected, cancellation);
        return new EditedMessage(edited, await quotes.ReadAsync(id.Key, [edited], cancellation));
    }

    /// <summary>Says what somebody thinks of a message, or takes it back with null.</summary>
    /// <exception cref="ParleyException">As for an edit.</exception>
    /// <returns>The message and its conversation.</returns>
    public Task<(Conversation Conversation, Message Message)> GiveFeedbackAsync(
        EntityRef<MessageKey> id, string? feedback, Func<int, bool>? expected, CancellationToken cancellation) => WriteAsync(
        new EntityRef<ConversationKey>(id.Key.Conversation, null), id, message => ThrowIfDeleted(message) with { Feedback = feedback }, expected, cancellation);

    /// <summary>
    /// Removes a message's text, payloads and file for good, and the text of the follow-up that became it; one that is deleted already stays as it is. The file's blob goes last, found again
    /// by its row in Due if this dies before.
    /// </summary>
    /// <param name="id">The conversation.</param>
    /// <param name="messageId">The message's id as the client sent it.</param>
    /// <param name="deleter">Who deletes.</param>
    /// <param name="expected">Whether a revision is one that the client expects; null when it expects none.</param>
    /// <param name="cancellation">Ends the deletion.</param>
    /// <exception cref="ParleyException">As for an edit, but for <see cref="ErrorCode.MessageDeleted"/>.</exception>
    public async Task<Message> DeleteAsync(EntityRef<ConversationKey> id, string messageId, string deleter, Func<int, bool>? expected, CancellationToken cancellation)
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
            // It was the last unread one.
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
        message.DeletedBy is null ? message : throw ErrorCode.MessageDeleted.With("A deleted message cannot be changed.");

    private Task<(Conversation Head, Message Message)> WriteAsync(
        EntityRef<ConversationKey> id, string messageId, Func<Message, Message?> change, Func<int, bool>? expected, CancellationToken cancellation) =>
        WriteAsync(id, MessageKey.TryParseIn(id.Key, messageId, out var reference) ? reference : null, change, expected, cancellation);

    /// <summary>Makes a message what <paramref name="change"/> says; null from it means that the message is that already.</summary>
    private async Task<(Conversation Head, Message Message)> WriteAsync(
        EntityRef<ConversationKey> id, EntityRef<MessageKey>? messageId, Func<Message, Message?> change, Func<int, bool>? expected, CancellationToken cancellation)
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
                    await FileRows.WriteScheduleAsync(tables, head.Key, file.Id, at, token);
                }

                var headAfter = HeadAfter(head, message, changed);
                var completion = changed.DeletedBy is not null && message.Completion is { } number
                    ? await CompletionRow.FindAsync(tables, new MessageKey(head.Key, number), token)
                    : null;
                return new Edit<(Conversation, Message)>((headAfter, changed), ChangeOf(head, headAfter, message, changed, completion));
            },
            cancellation);
    }

    private async Task<(Conversation Head, Message Message)> ReadAsync(EntityRef<ConversationKey> id, EntityRef<MessageKey>? messageId, CancellationToken cancellation)
    {
        var reading = messageId is { } known ? MessageRow.FindAsync(tables, known.Key, cancellation) : Task.FromResult<Message?>(null);
        var head = conversations.GetAsync(id, cancellation);
        await Task.WhenAll(head, reading);
        if (await reading is not { } message || !messageId!.Value.Matches(message.Check))
        {
            throw MessageReader.NotFound();
        }

        // A message that came in between the two reads has a head that knows it.
        return (message.Key.Sequence > (await head).Last ? await conversations.GetAsync(id, cancellation) : await head, message);
    }

    /// <summary>The file that came with this message; not one that it refers to.</summary>
    private static StoredFile? OwnFile(Message message) => message.Attachments.FirstOrDefault(attachment => attachment.Id is null)?.File;

    private static StoredFile? LostFile(Message before, Message after) => OwnFile(after) is null ? OwnFile(before) : null;

    /// <summary>The head as it is to be: of the last message it repeats the text, and a deleted message is not unread any more.</summary>
    private static Conversation HeadAfter(Conversation head, Message message, Message changed) => head with
    {
        LastMessage = changed.Key.Sequence == head.Last ? ConversationRow.Preview(changed.Text) : head.LastMessage,
        Unread = IsUnread(head, message) && !IsUnread(head, changed) ? head.Unread - 1 : head.Unread,
    };

    private static bool IsUnread(Conversation head, Message message) =>
        message is { Role: MessageRole.Customer, DeletedBy: null } && message.Key.Sequence > head.ReadUpTo;

    private static List<TableTransactionAction> ChangeOf(Conversation head, Conversation headAfter, Message message, Message changed, Completion? completion)
    {
        // Replace, not merge: a shorter text may need fewer properties than the old one.
        var actions = new List<TableTransactionAction> { new(TableTransactionActionType.UpdateReplace, MessageRow.Create(changed), message.ETag) };
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
            // Its text is the message's. What is sent never changes, so there is nobody to race with.
            var emptied = new TableEntity(head.Key.PartitionKey, FollowUpRowKeys.FollowUp(followUp)) { ["Text"] = "" };
            actions.Add(new(TableTransactionActionType.UpdateMerge, emptied, ETag.All));
        }

        if (completion?.Reply == message.Key.Sequence)
        {
            // The turn, which is the record too, holds what was said; but only that of its last attempt.
            actions.Add(new(TableTransactionActionType.UpdateMerge, CompletionRow.Forgotten(completion), completion.ETag));
        }

        if (LostFile(message, changed) is { } file)
        {
            actions.Add(new(TableTransactionActionType.Delete, FileRows.Holder(head.Key, file.Id), ETag.All));
        }

        return actions;
    }
}
