using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Threads;

/// <summary>A page of a thread's messages.</summary>
/// <param name="Total">The number of matching messages on all pages.</param>
/// <param name="Numbers">The message numbers, ascending, and one more when another page follows.</param>
internal sealed record ThreadMessagePage(int Total, IReadOnlyList<int> Numbers);

/// <summary>
/// Counts and pages the messages of a thread by their rows <c>tm|thread|n</c>, whose number never falls. The thread's
/// row has their count, and most of them their position.
/// </summary>
/// <remarks>
/// Every append to the thread writes count and position in its own transaction. A version before 0.3.0 writes neither,
/// so the count is used only if the head shows that no such version may have written since
/// (<see cref="Conversation.EarlierVersionsUpTo"/>). A position that was written stays right: later rows come after it.
/// </remarks>
public sealed partial class ThreadMessages(ParleyTables tables, ILogger<ThreadMessages> logger)
{
    /// <summary>
    /// Returns the number of a thread's messages up to the head's last one: no call if the thread's row has it, one if
    /// the row is newer than the head, else one for every thousand messages.
    /// </summary>
    /// <param name="head">The conversation.</param>
    /// <param name="thread">The thread, read after the head.</param>
    internal async Task<int> CountAsync(Conversation head, ChatThread thread, CancellationToken cancellation)
    {
        if (thread.IsCountedFor(head))
        {
            if (thread.CountedAt <= head.Revision)
            {
                return thread.Messages;
            }

            // The row was written after the head was read, perhaps with a later message.
            var later = new MessageRange(head.Last + 1, MessageKey.MaxSequence);
            var next = await PositionAsync(thread, later, cancellation);
            if (next != Position.Unknown)
            {
                return next == Position.None ? thread.Messages : next.Number - 1;
            }
        }

        return await NumbersAsync(thread, new MessageRange(1, head.Last), MessageKey.MaxSequence, cancellation)
            .CountAsync(cancellation);
    }

    /// <summary>
    /// Reads a page behind a number: the keys of the page and one more, and two of one row each for every range, unless
    /// it ends where the conversation does. Where a version before 0.3.0 wrote a row at the border of a range, it reads
    /// the keys of the whole thread.
    /// </summary>
    /// <param name="head">The conversation.</param>
    /// <param name="thread">The thread, read after the head.</param>
    /// <param name="ranges">The message numbers that match, ascending and without overlaps.</param>
    /// <param name="after">The last number of the previous page, or 0.</param>
    /// <param name="limit">The most messages of the page, from 1.</param>
    internal async Task<ThreadMessagePage> ReadAsync(
        Conversation head,
        ChatThread thread,
        IReadOnlyList<MessageRange> ranges,
        int after,
        int limit,
        CancellationToken cancellation)
    {
        if (await CountInAsync(head, thread, ranges, cancellation) is not { } counts)
        {
            var all = await NumbersAsync(
                thread, new MessageRange(1, head.Last), MessageKey.MaxSequence, cancellation)
                .Where(number => ranges.Any(range => range.Contains(number)))
                .ToListAsync(cancellation);
            return new ThreadMessagePage(all.Count, [.. all.Where(number => number > after).Take(limit + 1)]);
        }

        var page = new List<int>();
        foreach (var range in ranges.Where((range, i) => counts[i] > 0 && range.Last > after))
        {
            if (page.Count <= limit)
            {
                var rest = range with { First = Math.Max(range.First, after + 1) };
                page.AddRange(await NumbersAsync(thread, rest, limit + 1 - page.Count, cancellation)
                    .ToListAsync(cancellation));
            }
        }

        return new ThreadMessagePage(counts.Sum(), page);
    }

    /// <summary>The number of the thread's messages in each range; null if positions are missing.</summary>
    private async Task<List<int>?> CountInAsync(
        Conversation head, ChatThread thread, IReadOnlyList<MessageRange> ranges, CancellationToken cancellation)
    {
        var borders = ranges.SelectMany(range => new[] { range.First, range.Last + 1 }).Distinct().ToList();
        var within = borders.Where(border => border > 1 && border <= head.Last).ToList();
        var positions = await Workers.RunAsync(
            within, TableReads.Width, border => PositionAsync(thread, new MessageRange(border, head.Last), cancellation));
        if (positions.Any(position => position == Position.Unknown))
        {
            return null;
        }

        var known = within.Zip(positions).ToDictionary(one => one.First, one => one.Second);
        var needsTotal = borders.Exists(border => border > head.Last)
            || positions.Any(position => position == Position.None);
        var total = needsTotal ? await CountAndStoreAsync(head, thread, cancellation) : 0;
        return [.. ranges.Select(range => Before(range.Last + 1) - Before(range.First))];

        int Before(int border) =>
            border <= 1 ? 0
            : border > head.Last || known[border] == Position.None ? total
            : known[border].Number - 1;
    }

    /// <summary>Returns the position of the first message of the thread in a range.</summary>
    private async Task<Position> PositionAsync(
        ChatThread thread, MessageRange range, CancellationToken cancellation)
    {
        var row = await tables.Conversations
            .QueryAsync<TableEntity>(RangeOf(thread, range), 1, ["RowKey", "Position"], cancellation)
            .FirstOrDefaultAsync(cancellation);
        return row is null ? Position.None : new Position(row.GetInt32("Position") ?? 0);
    }

    /// <summary>Counts, and stores a count that the thread's row lacked for the next reader.</summary>
    private async Task<int> CountAndStoreAsync(Conversation head, ChatThread thread, CancellationToken cancellation)
    {
        var count = await CountAsync(head, thread, cancellation);
        if (!thread.IsCountedFor(head))
        {
            try
            {
                // Every append of this version changes the row, so under its ETag the count is still right for the
                // head's revision. Appends of earlier versions show in the head.
                await tables.Conversations.UpdateEntityAsync(
                    ThreadRow.Counted(thread, count, head.Revision), thread.ETag, TableUpdateMode.Merge, cancellation);
            }
            catch (Exception e) when (StorageErrors.IsFailure(e, cancellation))
            {
                // The answer does not depend on it: the next reader counts again.
                LogNotStored(logger, thread.Id, e.GetType().Name);
            }
        }

        return count;
    }

    /// <summary>Reads message numbers of a range, ascending: one call for every thousand.</summary>
    private IAsyncEnumerable<int> NumbersAsync(
        ChatThread thread, MessageRange range, int limit, CancellationToken cancellation) =>
        range.Count == 0
            ? AsyncEnumerable.Empty<int>()
            : tables.Conversations
                .QueryAsync<TableEntity>(
                    RangeOf(thread, range), Math.Min(limit, Filters.MaxPerCall), ["RowKey"], cancellation)
                .Take(limit)
                .Select(row => KeyParts.LastNumber(row.RowKey));

    private static string RangeOf(ChatThread thread, MessageRange range) => Filters.Range(
        thread.Conversation.PartitionKey,
        ThreadRowKeys.ThreadMessage(thread.Sequence, range.First),
        ThreadRowKeys.ThreadMessage(thread.Sequence, range.Last));

    [LoggerMessage(1110, LogLevel.Debug, "The count of thread {Thread} was not stored: {Why}")]
    private static partial void LogNotStored(ILogger logger, Guid thread, string why);

    /// <param name="Number">From 1.</param>
    private readonly record struct Position(int Number)
    {
        /// <summary>A version before 0.3.0 wrote the row.</summary>
        public static Position Unknown { get; } = new(0);

        /// <summary>The range has no message of the thread.</summary>
        public static Position None { get; } = new(int.MaxValue);
    }
}
