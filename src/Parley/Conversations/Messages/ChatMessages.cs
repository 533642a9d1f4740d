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
/// Lists a chat's messages, oldest first. The matching numbers are known before the first message is read: message
/// numbers have no gaps, a ticket covers a range, and a thread has a row for each of its messages. Therefore the total
/// needs no scan, and a cursor is the last number shown.
/// </summary>
public sealed class ChatMessages(
    ParleyTables tables,
    ConversationReader conversations,
    ThreadReader threads,
    TicketReader tickets,
    Cursors cursors)
{
    /// <summary>
    /// Opens a list. It makes one call for the head, one for a thread and for every thousand of its messages, and one
    /// for every fourteen tickets.
    /// </summary>
    /// <param name="cursor">The page's cursor; null for the first page.</param>
    /// <param name="limit">The most messages of the page.</param>
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

        var runs = await MatchingAsync(head, filter, cancellation);
        var page = Take(runs, after, limit).ToList();
        var last = page.Count > 0 ? page[^1].Last : 0;
        var next = runs.Count > 0 && page.Count > 0 && runs[^1].Last > last
            ? await cursors.SealNumberAsync(id.Key.Tenant, query, last, cancellation)
            : null;
        return new ChatMessageList(
            head.Id, runs.Sum(run => run.Count), next, ReadAsync(id.Key, page, CancellationToken.None));
    }

    /// <summary>Returns the matching numbers as runs of consecutive numbers, ascending.</summary>
    private async Task<List<Run>> MatchingAsync(Conversation head, ChatFilter filter, CancellationToken cancellation)
    {
        var runs = filter.Tickets.Count == 0
            ? [new Run(head.First, head.Last)]
            : (await tickets.FindAllAsync(head.Key, filter.Tickets, cancellation))
                .ConvertAll(ticket => new Run(ticket.FirstMessage, ticket.LastMessage ?? head.Last));
        if (filter.Thread is { } id)
        {
            var thread = await threads.FindAsync(head.Key, id, cancellation);
            var numbers = thread is null ? [] : await threads.MessagesAsync(thread, cancellation);
            runs = Run.Of(numbers.Where(number => runs.Exists(run => run.First <= number && number <= run.Last)));
        }

        runs.RemoveAll(run => run.Count == 0);
        return runs;
    }

    private static IEnumerable<Run> Take(IEnumerable<Run> runs, int after, int limit)
    {
        foreach (var run in runs)
        {
            var first = Math.Max(run.First, after + 1);
            var last = Math.Min(run.Last, first + limit - 1);
            if (limit > 0 && first <= last)
            {
                yield return new Run(first, last);
                limit -= last - first + 1;
            }
        }
    }

    /// <summary>Reads long runs as key ranges, and the other messages by their keys, fourteen in a call.</summary>
    private async IAsyncEnumerable<Message> ReadAsync(
        ConversationKey conversation,
        List<Run> runs,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var scattered = new List<int>();
        foreach (var run in runs)
        {
            if (run.Count < Filters.MaxRowKeys)
            {
                scattered.AddRange(Enumerable.Range(run.First, run.Count));
                if (scattered.Count < Filters.MaxRowKeys)
                {
                    continue;
                }
            }

            foreach (var message in await ReadRowsAsync())
            {
                yield return message;
            }

            if (run.Count >= Filters.MaxRowKeys)
            {
                await foreach (var message in MessageRow.ReadRangeAsync(
                    tables, conversation, run.First, run.Last, cancellation))
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

    /// <summary>Consecutive numbers; both ends are included.</summary>
    private readonly record struct Run(int First, int Last)
    {
        public int Count => Math.Max(0, Last - First + 1);

        public static List<Run> Of(IEnumerable<int> ascending)
        {
            var runs = new List<Run>();
            foreach (var number in ascending)
            {
                if (runs.Count > 0 && runs[^1].Last == number - 1)
                {
                    runs[^1] = runs[^1] with { Last = number };
                }
                else
                {
                    runs.Add(new Run(number, number));
                }
            }

            return runs;
        }
    }
}
