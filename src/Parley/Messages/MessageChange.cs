using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Problems;
using Parley.Storage;

namespace Parley.Messages;

/// <summary>An edited message, with the text of the message that it quotes.</summary>
public sealed record EditedMessage(Message Message, IReadOnlyDictionary<int, string> QuotedTexts);

/// <summary>
/// Changes a message, and with the last message the preview in the head, in one transaction. A deleted message keeps its row, so that
/// numbers stay dense, but its text is gone from the row and from the head; quotes of it show nothing, for they look it up.
/// </summary>
public sealed class MessageChange(
    ParleyTables tables, ConversationReader conversations, QuotedTexts quotes, KeyedLock writers, WriteBudget budget, Entropy entropy)
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
        ConversationRef id, string messageId, string text, string editor, Func<int, bool>? expected, CancellationToken cancellation)
    {
        var edited = await WriteAsync(id, messageId, message => Edited(message, text, editor), expected, cancellation);
        return new EditedMessage(edited, await quotes.ReadAsync(id.Key, [edited], cancellation));
    }

    /// <summary>Removes a message's text and metadata for good; one that is deleted already stays as it is.</summary>
    /// <param name="id">The conversation.</param>
    /// <param name="messageId">The message's id as the client sent it.</param>
    /// <param name="deleter">Who deletes.</param>
    /// <param name="expected">Whether a revision is one that the client expects; null when it expects none.</param>
    /// <param name="cancellation">Ends the deletion.</param>
    /// <exception cref="ParleyException">As for an edit, but for <see cref="ErrorCode.MessageDeleted"/>.</exception>
    public Task<Message> DeleteAsync(ConversationRef id, string messageId, string deleter, Func<int, bool>? expected, CancellationToken cancellation) =>
        WriteAsync(
            id,
            messageId,
            message => message.DeletedBy is not null ? null : message with { Text = "", Metadata = null, Quoted = null, DeletedBy = deleter },
            expected,
            cancellation);

    private static Message Edited(Message message, string text, string editor) => message.DeletedBy is null
        ? message with { Text = text, EditedBy = editor }
        : throw ErrorCode.MessageDeleted.With("A deleted message cannot be edited.");

    /// <summary>Makes a message what <paramref name="change"/> says; null from it means that the message is that already.</summary>
    private async Task<Message> WriteAsync(
        ConversationRef id, string messageId, Func<Message, Message?> change, Func<int, bool>? expected, CancellationToken cancellation)
    {
        var running = budget.Start();
        using var turn = await writers.EnterAsync(id.Key.PartitionKey, cancellation);
        var editId = entropy.NextWriteId();
        int? tried = null;
        while (true)
        {
            await running.WaitAsync(cancellation);
            var (head, message) = await ReadAsync(id, messageId, cancellation);
            if (message.EditId == editId)
            {
                return message;
            }

            if (message.Revision > tried + 1)
            {
                // This change may have made the revision after the one that it was tried on, and another one the next. To write it
                // again would undo that other one; to refuse it might deny what happened.
                throw ParleyException.OutcomeUnknown();
            }

            if (message.Revision == tried + 1)
            {
                running.NothingLanded();
            }

            var changed = change(message);
            if (changed is null)
            {
                return message;
            }

            if (expected is not null && !expected(message.Revision))
            {
                throw ErrorCode.StaleRevision.With($"The message is at revision {message.Revision}. Read it again and decide anew.");
            }

            running.ThrowIfUsedUp();
            changed = changed with { EditId = editId, Revision = message.Revision + 1 };
            var actions = ChangeOf(head, changed);
            try
            {
                await running.SendAsync(token => tables.Conversations.SubmitAsync(actions, token), cancellation);
                return changed;
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                tried = message.Revision;
            }
        }
    }

    private async Task<(Conversation Head, Message Message)> ReadAsync(ConversationRef id, string messageId, CancellationToken cancellation)
    {
        var known = MessageRef.TryParse(messageId, id.Key, out var reference);
        var reading = known ? MessageRow.FindAsync(tables, reference.Key, cancellation) : Task.FromResult<Message?>(null);
        var head = conversations.GetAsync(id, cancellation);
        await Task.WhenAll(head, reading);
        if (await reading is not { } message || !reference.Matches(message.Check))
        {
            throw ErrorCode.MessageNotFound.With("There is no such message in this conversation.");
        }

        // A message that came in between the two reads has a head that knows it.
        return (message.Key.Sequence > (await head).Last ? await conversations.GetAsync(id, cancellation) : await head, message);
    }

    private static List<TableTransactionAction> ChangeOf(Conversation head, Message changed)
    {
        // Replace, not merge: a shorter text may need fewer properties than the old one.
        var actions = new List<TableTransactionAction> { new(TableTransactionActionType.UpdateReplace, MessageRow.Create(changed), changed.ETag) };
        if (changed.Key.Sequence == head.Last)
        {
            var change = new TableEntity(head.Key.PartitionKey, RowKeys.Head)
            {
                ["Rev"] = head.Revision + 1,
                ["LastMessage"] = HeadRow.Preview(changed.Text),
            };
            actions.Add(new(TableTransactionActionType.UpdateMerge, change, head.ETag));
        }

        return actions;
    }
}
