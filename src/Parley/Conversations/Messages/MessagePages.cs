using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>One page of a conversation.</summary>
/// <param name="Conversation">The conversation.</param>
/// <param name="Messages">In the order asked for.</param>
/// <param name="QuotedTexts">The text of every quoted message by number; none for deleted ones.</param>
/// <param name="Total">All messages of the conversation.</param>
public sealed record MessagePage(
    Conversation Conversation, IReadOnlyList<Message> Messages, IReadOnlyDictionary<int, string> QuotedTexts, int Total);

/// <summary>One page of a conversation, newest first.</summary>
/// <param name="Conversation">The conversation.</param>
/// <param name="Messages">The messages.</param>
/// <param name="Next">The cursor of the next page, or null.</param>
/// <param name="Previous">The cursor of the page before, or null.</param>
public sealed record CursorPage(Conversation Conversation, IReadOnlyList<Message> Messages, string? Next, string? Previous);

/// <summary>
/// Reads pages by page number. Numbers are dense, so a page is one range of keys: page 1 and page 600 cost the same two calls,
/// head and range, and one more for every fourteen quoted messages outside the page.
/// </summary>
public sealed class MessagePages(ParleyTables tables, ConversationReader conversations, QuotedTexts quotes, Cursors cursors)
{
    /// <summary>One page.</summary>
    /// <param name="id">The conversation.</param>
    /// <param name="page">From 1; past the end is an empty page.</param>
    /// <param name="perPage">How many messages make a page.</param>
    /// <param name="newestFirst">The order.</param>
    /// <param name="cancellation">Ends the read.</param>
    /// <exception cref="Core.ParleyException"><see cref="Core.ErrorCode.ConversationNotFound"/>.</exception>
    public async Task<MessagePage> ReadAsync(EntityRef<ConversationKey> id, int page, int perPage, bool newestFirst, CancellationToken cancellation)
    {
        var head = await conversations.GetAsync(id, cancellation);
        var skipped = (long)(page - 1) * perPage;
        var (first, last) = newestFirst
            ? (Math.Max(head.First, head.Last - skipped - perPage + 1), head.Last - skipped)
            : (head.First + skipped, Math.Min(head.Last, head.First + skipped + perPage - 1));
        var messages = first > last ? [] : await MessageRow.ReadRangeAsync(tables, head.Key, (int)first, (int)last, cancellation).ToListAsync(cancellation);
        if (newestFirst)
        {
            messages.Reverse();
        }

        return new MessagePage(head, messages, await quotes.ReadAsync(head.Key, messages, cancellation), head.Last - head.First + 1);
    }

    /// <summary>One page of the list that begins with the newest message: head and range.</summary>
    /// <param name="id">The conversation.</param>
    /// <param name="cursor">The page's cursor; null for the newest.</param>
    /// <param name="pageSize">How many messages make a page.</param>
    /// <param name="cancellation">Ends the read.</param>
    /// <returns>Null when there is no such conversation: as a filter its id matches nothing.</returns>
    /// <exception cref="Core.ParleyException"><see cref="Core.ErrorCode.InvalidCursor"/>.</exception>
    public async Task<CursorPage?> ReadNewestAsync(EntityRef<ConversationKey> id, string? cursor, int pageSize, CancellationToken cancellation)
    {
        var (tenant, query) = (id.Key.Tenant, $"messages|{id.Key.Number}");
        var position = await cursors.OpenNumberAsync(tenant, query, cursor, cancellation);
        if (await conversations.FindAsync(id, cancellation) is not { } head)
        {
            return null;
        }

        var page = NumberPage.NewestFirst(head.First, head.Last, position, pageSize);
        var messages = page.Count == 0
            ? []
            : await MessageRow.ReadRangeAsync(tables, head.Key, page.First, page.Last, cancellation).ToListAsync(cancellation);
        messages.Reverse();
        return new CursorPage(
            head,
            messages,
            page.Next is { } next ? await cursors.SealNumberAsync(tenant, query, next, cancellation) : null,
            page.Previous is { } previous ? await cursors.SealNumberAsync(tenant, query, previous, cancellation) : null);
    }
}
