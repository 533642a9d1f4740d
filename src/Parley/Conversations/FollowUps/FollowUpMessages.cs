using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>The messages that a follow-up refers to after a change.</summary>
/// <param name="Sent">The UUID of the message that the follow-up was sent as, or null.</param>
/// <param name="Trigger">The UUID of the message that triggered it.</param>
internal sealed record FollowUpMessages(Guid? Sent, Guid Trigger)
{
    /// <summary>
    /// Reads the messages that a change names, and the sent one when it clears that. A message is never moved or
    /// removed, and the number of its follow-up never changes, so the result holds for the whole transaction.
    /// </summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.InvalidFields"/> for an id that is not of a message of the chat.
    /// <see cref="ErrorCode.Immutable"/>: the change clears the message that Parley sent.
    /// </exception>
    public static async Task<FollowUpMessages> ReadAsync(
        ParleyTables tables, FollowUpChange change, FollowUp before, CancellationToken cancellation)
    {
        var sent = await FindAsync("chatMessageId", change.MessageId);
        if (sent is null && change.ClearsMessageId)
        {
            await EnsureNotSentByParleyAsync();
        }

        return new FollowUpMessages(
            sent ?? (change.ClearsMessageId ? null : before.MessageId),
            await FindAsync("triggerChatMessageId", change.TriggerId) ?? before.TriggerId);

        async Task<Guid?> FindAsync(string field, string? id) =>
            id is null
                ? null
                : (await MessageRow.FindAsync(tables, before.Conversation, id, cancellation))?.Id
                    ?? throw ParleyException.Field(field, "No such message in this chat.");

        async Task EnsureNotSentByParleyAsync()
        {
            if (before.MessageId is { } uuid
                && EntityId.TryFromGuid(uuid, EntityKind.Message, out var id)
                && await MessageRow.FindAsync(
                    tables, new MessageKey(before.Conversation, id.Sequence), cancellation) is { } message
                && message.FollowUp == before.Number)
            {
                throw ErrorCode.Immutable.With(
                    "chatMessageId names the message that Parley sent for this follow-up, so it cannot become null.");
            }
        }
    }

    /// <summary>The numbers of the messages that a follow-up refers to: one or two.</summary>
    public static IReadOnlyCollection<int> NumbersOf(FollowUp followUp)
    {
        var numbers = new HashSet<int>();
        foreach (var message in new[] { followUp.TriggerId, followUp.MessageId })
        {
            if (message is { } uuid && EntityId.TryFromGuid(uuid, EntityKind.Message, out var id))
            {
                numbers.Add(id.Sequence);
            }
        }

        return numbers;
    }
}
