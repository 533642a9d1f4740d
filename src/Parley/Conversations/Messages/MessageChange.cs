using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Files;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Conversations.Messages;

/// <summary>An edited message, and the text of the message that it quotes, by number.</summary>
public sealed record EditedMessage(
    Conversation Conversation, Message Message, IReadOnlyDictionary<int, string> QuotedTexts);

/// <summary>
/// Changes messages. The change of the last message also changes the preview in the head, in the same transaction. A
/// deleted message keeps its row, so that the numbers have no gaps, but the row and the head lose its text. Quotes of
/// it become empty, because readers look up the text.
/// </summary>
public sealed class MessageChange
{
    private readonly ParleyTables tables;
    private readonly Schedule schedule;
    private readonly ConversationReader conversations;
    private readonly ConversationTransaction transaction;
    private readonly ConversationActivity activity;
    private readonly IReadOnlyList<IMessageDeletionPart> deletionParts;
    private readonly QuotedTexts quotes;
    private readonly FileStore files;
    private readonly TimeProvider time;

    internal MessageChange(
        ParleyTables tables,
        Schedule schedule,
        ConversationReader conversations,
        ConversationTransaction transaction,
        ConversationActivity activity,
        IEnumerable<IMessageDeletionPart> deletionParts,
        QuotedTexts quotes,
        FileStore files,
        TimeProvider time)
    {
        (this.tables, this.schedule, this.conversations) = (tables, schedule, conversations);
        (this.transaction, this.activity, this.deletionParts) = (transaction, activity, [.. deletionParts]);
        (this.quotes, this.files, this.time) = (quotes, files, time);
    }

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
        var edited = await WriteAsync(
            id,
            messageId,
            ChangeType.MessageUpdated,
            message => ThrowIfDeleted(message) with { Text = text, EditedBy = editor },
            expected,
            cancellation);
        return new EditedMessage(
            edited.Head, edited.After, await quotes.ReadAsync(id.Key, [edited.After], cancellation));
    }

    /// <summary>Stores a client's rating of a message; null removes it.</summary>
    /// <exception cref="ParleyException">As for an edit.</exception>
    public async Task<(Conversation Conversation, Message Message)> GiveFeedbackAsync(
        EntityRef<MessageKey> id, string? feedback, Func<int, bool>? expected, CancellationToken cancellation)
    {
        var rated = await WriteAsync(
            id.Key.Conversation,
            token => ReadOwnAsync(id, token),
            ChangeType.MessageFeedback,
            message => ThrowIfDeleted(message) with { Feedback = feedback },
            expected,
            cancellation);
        return (rated.Head, rated.After);
    }

    /// <summary>
    /// Removes a message's text, payloads and files permanently, and the text of the follow-up that was sent as the
    /// message. A message that is already deleted does not change. Its blobs are deleted last. After a crash before
    /// that, the clean-up finds them through their schedule rows.
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
        var deleted = await WriteAsync(
            id,
            messageId,
            ChangeType.MessageDeleted,
            message => message.DeletedBy is not null ? message : Emptied(message, deleter),
            expected,
            cancellation);
        var (head, message) = (deleted.Head, deleted.After);
        if (head.Unread == 0 && message.Role == MessageRole.Customer && message.Key.Sequence > head.ReadUpTo)
        {
            // The deleted message was the last unread one.
            await activity.DropUnreadAsync(head, raise: null, cancellation);
        }

        foreach (var removed in deleted.Before.OwnFiles)
        {
            await files.DeleteAsync(id.Key, removed.Id, cancellation);
        }

        return message;
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

    private Task<Change> WriteAsync(
        EntityRef<ConversationKey> id,
        string messageId,
        ChangeType type,
        Func<Message, Message> change,
        Func<int, bool>? expected,
        CancellationToken cancellation) =>
        WriteAsync(
            id.Key,
            token => ReadAsync(id, MessageKey.TryParseIn(id.Key, messageId, out var parsed) ? parsed : null, token),
            type,
            change,
            expected,
            cancellation);

    /// <summary>Writes the result of <paramref name="change"/>, unless it is the same message.</summary>
    private Task<Change> WriteAsync(
        ConversationKey conversation,
        Func<CancellationToken, Task<(Conversation Head, Message Message)>> read,
        ChangeType type,
        Func<Message, Message> change,
        Func<int, bool>? expected,
        CancellationToken cancellation)
    {
        var at = time.NowInMilliseconds();
        return transaction.EditAsync(
            conversation,
            read,
            state => new RowVersion(state.Message.Revision, state.Message.EditId, state.Message.ETag),
            async (state, plan, token) =>
            {
                var (head, message) = state;
                var changed = change(message);
                if (ReferenceEquals(changed, message))
                {
                    return new Change(head, message, message);
                }

                Revisions.Require(expected, message.Revision, "message");
                changed = changed with { EditId = plan.WriteId, Revision = message.Revision + 1, UpdatedAt = at };
                var headAfter = HeadAfter(head, message, changed);
                plan.SetHead(head, headAfter, HeadOperation);
                plan.Log(type, changed.Id, changed.Revision);

                // Replace, not merge: a shorter text may need fewer properties than the old one.
                plan.Add(new TableTransactionAction(
                    TableTransactionActionType.UpdateReplace, MessageRow.Create(changed), message.ETag));
                await AddDeletionAsync(plan, message, changed, at, token);
                return new Change(headAfter, message, changed);
            },
            cancellation);
    }

    private async Task AddDeletionAsync(
        ConversationPlan plan, Message before, Message after, DateTimeOffset at, CancellationToken cancellation)
    {
        if (after.DeletedBy is null)
        {
            return;
        }

        foreach (var part in deletionParts)
        {
            await part.AddAsync(plan, before, cancellation);
        }

        foreach (var file in before.OwnFiles)
        {
            var conversation = before.Key.Conversation;
            plan.Add(new IndexRowChange(token => FileRows.WriteScheduleAsync(
                schedule, conversation, file.Id, after.Revision, at + FileRows.CheckAfter, token)));
            plan.Add(new TableTransactionAction(
                TableTransactionActionType.Delete, FileRows.Holder(conversation, file.Id), ETag.All));
        }
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

    /// <summary>Reads a message whose conversation the client did not name, so it is not what is missing.</summary>
    private async Task<(Conversation Head, Message Message)> ReadOwnAsync(
        EntityRef<MessageKey> id, CancellationToken cancellation)
    {
        try
        {
            return await ReadAsync(new EntityRef<ConversationKey>(id.Key.Conversation, null), id, cancellation);
        }
        catch (ParleyException e) when (e.Code == ErrorCode.ConversationNotFound)
        {
            throw MessageReader.NotFound();
        }
    }

    /// <summary>
    /// Updates the preview if the message is the last one, and the unread count if it was deleted unread.
    /// </summary>
    private static Conversation HeadAfter(Conversation head, Message message, Message changed)
    {
        var after = head with
        {
            LastMessage = changed.Key.Sequence == head.Last ? ConversationRow.Preview(changed.Text) : head.LastMessage,
            Unread = IsUnread(head, message) && !IsUnread(head, changed) ? head.Unread - 1 : head.Unread,
        };
        return after == head ? head : after with { Revision = head.Revision + 1 };
    }

    private static bool IsUnread(Conversation head, Message message) =>
        message is { Role: MessageRole.Customer, DeletedBy: null } && message.Key.Sequence > head.ReadUpTo;

    private static TableTransactionAction HeadOperation(Conversation next) =>
        new(TableTransactionActionType.UpdateMerge, ConversationRow.MessageChanged(next), next.ETag);

    /// <param name="Head">The conversation after the change.</param>
    private sealed record Change(Conversation Head, Message Before, Message After);
}
