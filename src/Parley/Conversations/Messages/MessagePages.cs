using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>A page of a conversation's messages, by page number.</summary>
/// <param name="Messages">The messages, in the requested order.</param>
/// <param name="QuotedTexts">The texts of the quoted messages by number, without deleted ones.</param>
/// <param name="Total">The number of all messages of the conversation.</param>
public sealed record MessagePage(
    Conversation Conversation,
    IReadOnlyList<Message> Messages,
    IReadOnlyDictionary<int, string> QuotedTexts,
    int Total);

/// <summary>A page of a conversation's messages, newest first, by cursor.</summary>
/// <param name="Next">The cursor of the next page, or null.</param>
/// <param name="Previous">The cursor of the previous page, or null.</param>
public sealed record CursorPage(
    Conversation Conversation,
    IReadOnlyList<Message> Messages,
    string? Next,
    string? Previous);

/// <summary>
/// Reads pages of messages. Message numbers have no gaps, so a page is one range of keys: page 1 and page 600 cost the
/// same two calls, for head and range, and one more for each quoted message outside the page.
/// </summary>
public sealed class MessagePages(
    ParleyTables tables,
    ConversationReader conversations,
    QuotedTexts quotes,
    Cursors cursors)
{
    /// <param name="page">From 1. A page past the end is empty.</param>
    /// <exception cref="Core.ParleyException"><see cref="Core.ErrorCode.ConversationNotFound"/>.</exception>
    public async Task<MessagePage> ReadAsync(
        EntityRef<ConversationKey> id,
        int page,
        int perPage,
        bool newestFirst,
        CancellationToken cancellation)
    {
        var head = await conversations.GetAsync(id, cancellation);
        var skipped = (long)(page - 1) * perPage;
        var (first, last) = newestFirst
            ? (Math.Max(head.First, head.Last - skipped - perPage + 1), head.Last - skipped)
            : (head.First + skipped, Math.Min(head.Last, head.First + skipped + perPage - 1));
        var messages = first > last
            ? []
            : await MessageRow.ReadRangeAsync(tables, head.Key, (int)first, (int)last, cancellation)
                .ToListAsync(cancellation);
        if (newestFirst)
        {
            messages.Reverse();
        }

        return new MessagePage(
            head,
            messages,
            await quotes.ReadAsync(head.Key, messages, cancellation),
            head.Last - head.First + 1);
    }

    /// <summary>
    /// Reads a page of the list that starts with the newest message: one call for the head, one for the range.
    /// </summary>
    /// <param name="cursor">The page's cursor; null for the newest messages.</param>
    /// <returns>Null for an unknown conversation, because an unknown id is a filter without matches.</returns>
    /// <exception cref="Core.ParleyException"><see cref="Core.ErrorCode.InvalidCursor"/>.</exception>
    public async Task<CursorPage?> ReadNewestAsync(
        EntityRef<ConversationKey> id,
        string? cursor,
        int pageSize,
        CancellationToken cancellation)
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
            : await MessageRow.ReadRangeAsync(tables, head.Key, page.First, page.Last, cancellation)
                .ToListAsync(cancellation);
        messages.Reverse();
        return new CursorPage(
            head,
            messages,
            page.Next is { } next ? await cursors.SealNumberAsync(tenant, query, next, cancellation) : null,
            page.Previous is { } previous
                ? await cursors.SealNumberAsync(tenant, query, previous, cancellation)
                : null);
    }
}
