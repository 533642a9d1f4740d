using System.Runtime.CompilerServices;
using Parley.Conversations.Threads;
using Parley.Conversations.Tickets;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>Selects the messages of a chat's list.</summary>
/// <param name="Thread">A thread's id, as the client sent it; null for all messages.</param>
/// <param name="Tickets">Ticket ids, as the client sent them; empty for all messages.</param>
public sealed record ChatFilter(string? Thread, IReadOnlyList<string> Tickets);

/// <summary>A page of the messages of a chat that match a filter, oldest first.</summary>
/// <param name="Chat">The chat's UUID.</param>
/// <param name="Total">The number of matching messages on all pages.</param>
/// <param name="Next">The cursor of the next page, or null.</param>
/// <param name="Messages">The messages of this page. They are read during the enumeration.</param>
public sealed record ChatMessageList(Guid Chat, int Total, string? Next, IAsyncEnumerable<Message> Messages)
{
    /// <summary>The list of a chat that does not exist.</summary>
    public static ChatMessageList Empty { get; } = new(Guid.Empty, 0, null, AsyncEnumerable.Empty<Message>());
}

/// <summary>
/// Lists a chat's messages, oldest first. Message numbers have no gaps, a ticket covers a range, and a thread has a row
/// for each of its messages. Therefore the total needs no scan, and a cursor is the last number shown.
/// </summary>
public sealed class ChatMessages(
    ParleyTables tables,
    ConversationReader conversations,
    ThreadReader threads,
    ThreadMessages threadMessages,
    TicketReader tickets,
    Cursors cursors)
{
    /// <summary>
    /// Opens a list. It makes one call for the head, one for each ticket, one for a thread, one for every
    /// thousand of the page's messages in it, and two for each ticket with a thread.
    /// </summary>
    /// <param name="cursor">The page's cursor; null for the first page.</param>
    /// <param name="limit">The most messages of the page, from 1.</param>
    /// <exception cref="Core.ParleyException"><see cref="Core.ErrorCode.InvalidCursor"/>.</exception>
    public async Task<ChatMessageList> OpenAsync(
        EntityRef<ConversationKey> id,
        ChatFilter filter,
        string? cursor,
        int limit,
        CancellationToken cancellation)
    {
        var query = $"chat|{id.Key.Number}|{filter.Thread}|{string.Join(',', filter.Tickets)}";
        var after = await cursors.OpenNumberAsync(id.Key.Tenant, query, cursor, cancellation) ?? 0;
        if (await conversations.FindAsync(id, cancellation) is not { } head)
        {
            return ChatMessageList.Empty;
        }

        var ranges = await RangesAsync(head, filter.Tickets, cancellation);
        var page = filter.Thread is { } thread
            ? await OfThreadAsync(head, thread, ranges, after, limit, cancellation)
            : OfRanges(ranges, after, limit);
        var next = page.HasMore
            ? await cursors.SealNumberAsync(id.Key.Tenant, query, page.Ranges[^1].Last, cancellation)
            : null;
        return new ChatMessageList(
            head.Id, page.Total, next, ReadAsync(id.Key, page.Ranges, CancellationToken.None));
    }

    /// <summary>Returns the numbers of the tickets' messages, ascending; without tickets, all.</summary>
    private async Task<List<MessageRange>> RangesAsync(
        Conversation head, IReadOnlyList<string> ids, CancellationToken cancellation)
    {
        var ranges = ids.Count == 0
            ? [new MessageRange(head.First, head.Last)]
            : (await tickets.FindAllAsync(head.Key, ids, cancellation)).ConvertAll(
                ticket => new MessageRange(ticket.FirstMessage, Math.Min(ticket.LastMessage ?? head.Last, head.Last)));
        ranges.RemoveAll(range => range.Count == 0);
        return ranges;
    }

    private async Task<Page> OfThreadAsync(
        Conversation head,
        string id,
        List<MessageRange> ranges,
        int after,
        int limit,
        CancellationToken cancellation)
    {
        if (await threads.FindAsync(head.Key, id, cancellation) is not { } thread)
        {
            return new Page(0, [], HasMore: false);
        }

        var page = await threadMessages.ReadAsync(head, thread, ranges, after, limit, cancellation);
        return new Page(
            page.Total, MessageRange.Of(page.Numbers.Take(limit)), HasMore: page.Numbers.Count > limit);
    }

    private static Page OfRanges(List<MessageRange> ranges, int after, int limit)
    {
        var taken = new List<MessageRange>();
        var left = limit;
        foreach (var range in ranges)
        {
            var first = Math.Max(range.First, after + 1);
            var last = Math.Min(range.Last, first + left - 1);
            if (left > 0 && first <= last)
            {
                taken.Add(new MessageRange(first, last));
                left -= last - first + 1;
            }
        }

        return new Page(
            ranges.Sum(range => range.Count), taken, HasMore: taken.Count > 0 && ranges[^1].Last > taken[^1].Last);
    }

    /// <summary>Reads long ranges as key ranges, and the other messages by their keys, in parallel.</summary>
    private async IAsyncEnumerable<Message> ReadAsync(
        ConversationKey conversation,
        List<MessageRange> ranges,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var scattered = new List<int>();
        foreach (var range in ranges)
        {
            if (range.Count < TableReads.Width)
            {
                scattered.AddRange(Enumerable.Range(range.First, range.Count));
                if (scattered.Count < TableReads.Width)
                {
                    continue;
                }
            }

            foreach (var message in await ReadRowsAsync())
            {
                yield return message;
            }

            if (range.Count >= TableReads.Width)
            {
                await foreach (var message in MessageRow.ReadRangeAsync(
                    tables, conversation, range.First, range.Last, cancellation))
                {
                    yield return message;
                }
            }
        }

        foreach (var message in await ReadRowsAsync())
        {
            yield return message;
        }

        async Task<IEnumerable<Message>> ReadRowsAsync()
        {
            var found = await MessageRow.FindAllAsync(tables, conversation, scattered, cancellation);
            scattered.Clear();
            return found.OrderBy(message => message.Key.Sequence);
        }
    }

    /// <param name="Total">The number of matching messages on all pages.</param>
    /// <param name="Ranges">The numbers of the page.</param>
    private sealed record Page(int Total, List<MessageRange> Ranges, bool HasMore);
}
