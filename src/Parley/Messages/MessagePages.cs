using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Storage;

namespace Parley.Messages;

/// <summary>One page of a conversation.</summary>
/// <param name="Conversation">The conversation.</param>
/// <param name="Messages">In the order asked for.</param>
/// <param name="QuotedTexts">The text of every quoted message by number; none for deleted ones.</param>
/// <param name="Total">All messages of the conversation.</param>
public sealed record MessagePage(
    Conversation Conversation, IReadOnlyList<Message> Messages, IReadOnlyDictionary<int, string> QuotedTexts, int Total);

/// <summary>
/// Reads pages by page number. Numbers are dense, so a page is one range of keys: page 1 and page 600 cost the same two calls,
/// head and range, and one more for every fourteen quoted messages outside the page.
/// </summary>
public sealed class MessagePages(ParleyTables tables, ConversationReader conversations, QuotedTexts quotes)
{
    /// <summary>One page.</summary>
    /// <param name="id">The conversation.</param>
    /// <param name="page">From 1; past the end is an empty page.</param>
    /// <param name="perPage">How many messages make a page.</param>
    /// <param name="newestFirst">The order.</param>
    /// <param name="cancellation">Ends the read.</param>
    /// <exception cref="Problems.ParleyException"><see cref="Problems.ErrorCode.ConversationNotFound"/>.</exception>
    public async Task<MessagePage> ReadAsync(ConversationRef id, int page, int perPage, bool newestFirst, CancellationToken cancellation)
    {
        var head = await conversations.GetAsync(id, cancellation);
        var skipped = (long)(page - 1) * perPage;
        var (first, last) = newestFirst
            ? (Math.Max(head.First, head.Last - skipped - perPage + 1), head.Last - skipped)
            : (head.First + skipped, Math.Min(head.Last, head.First + skipped + perPage - 1));
        var messages = first > last ? [] : await ReadRangeAsync(head.Key, (int)first, (int)last, cancellation);
        if (newestFirst)
        {
            messages.Reverse();
        }

        return new MessagePage(head, messages, await quotes.ReadAsync(head.Key, messages, cancellation), head.Last - head.First + 1);
    }

    private async Task<List<Message>> ReadRangeAsync(ConversationKey conversation, int first, int last, CancellationToken cancellation)
    {
        var count = last - first + 1;
        var messages = new List<Message>(count);
        var filter = Filters.Range(conversation.PartitionKey, RowKeys.Message(first), RowKeys.Message(last));
        await foreach (var row in tables.Conversations.QueryAsync<TableEntity>(filter, count, cancellationToken: cancellation))
        {
            messages.Add(MessageRow.Read(row, conversation));
            if (messages.Count == count)
            {
                // The service offers a continuation after a full page; there is nothing behind it.
                break;
            }
        }

        return messages;
    }
}
