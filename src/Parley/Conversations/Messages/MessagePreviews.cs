using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>The start of a message, for lists of conversations.</summary>
/// <param name="Type">As <see cref="Message.Type"/>.</param>
/// <param name="Text">The first 500 characters.</param>
public sealed record MessagePreview(MessageRole Role, string Type, string Text, DateTimeOffset CreatedAt);

/// <summary>Reads the last messages of conversations, without the properties that lists do not show.</summary>
public sealed class MessagePreviews(ParleyTables tables)
{
    private static readonly string[] Properties = ["Role", "Type", "Text", "CreatedAt"];

    /// <summary>Reads one message of each conversation, with one concurrent call each.</summary>
    /// <param name="conversations">Conversations of one tenant.</param>
    /// <param name="before">0 for the last message, 1 for the one before it.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>Previews by the conversation's number. A conversation without such a message is missing.</returns>
    public async Task<IReadOnlyDictionary<int, MessagePreview>> ReadAsync(
        IEnumerable<Conversation> conversations, int before, CancellationToken cancellation)
    {
        var keys = conversations
            .Where(conversation => conversation.Last - before >= conversation.First)
            .Select(conversation => new MessageKey(conversation.Key, conversation.Last - before))
            .ToList();
        var found = await Workers.RunAsync(keys, TableReads.Width, async key =>
        {
            var row = await tables.Conversations.GetEntityIfExistsAsync<TableEntity>(
                key.Conversation.PartitionKey, MessageRowKeys.Message(key.Sequence), Properties, cancellation);
            return (key.Conversation.Number, Preview: row.HasValue ? PreviewOf(row.Value!) : null);
        });
        return found.Where(one => one.Preview is not null).ToDictionary(one => one.Number, one => one.Preview!);
    }

    private static MessagePreview PreviewOf(TableEntity row) => new(
        (MessageRole)row.GetInt32("Role")!.Value,
        row.GetString("Type"),
        ConversationRow.Preview(row.GetString("Text")),
        row.GetDateTimeOffset("CreatedAt")!.Value);
}
