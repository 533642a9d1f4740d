using Azure;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>Finds the message that an earlier request with the same key has stored.</summary>
public sealed class MessageReplays(ParleyTables tables, Schedule schedule, TimeProvider time)
{
    /// <summary>
    /// Returns the message that was first stored for this key, or for this external id and body: by another request, or
    /// by this one if its response was lost.
    /// </summary>
    /// <param name="ownIds">The write ids of this request's attempts.</param>
    internal async Task<Appended?> FindAsync(
        Conversation head,
        NewMessage draft,
        MessageReferences references,
        IdempotencyKey? key,
        IReadOnlySet<string> ownIds,
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

                return new Appended(
                    head, AsFirstWritten(row, draft, references), Replayed: !ownIds.Contains(row.WriteId));
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
}
