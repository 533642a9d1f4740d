using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>
/// The messages of one conversation from a position backwards, read in blocks that grow.
/// </summary>
/// <param name="key">The conversation.</param>
/// <param name="next">The number of the next message.</param>
/// <param name="at">The time of the next message, in milliseconds since 1970.</param>
internal sealed class RecentSource(ConversationKey key, int next, long at)
{
    /// <summary>By the next messages, empty sources first.</summary>
    public static readonly Comparer<RecentSource> ByNext = Comparer<RecentSource>.Create((one, other) =>
        (!one.IsEmpty, one.At, one.Key.Number).CompareTo((!other.IsEmpty, other.At, other.Key.Number)));

    private const int FirstBlock = 4;

    private readonly Queue<Message> read = new();
    private int unread = next;
    private int block = FirstBlock;

    public ConversationKey Key => key;

    /// <summary>The number of the next message; 0 when there is none.</summary>
    public int Next { get; private set; } = next;

    /// <summary>The time of the next message, in milliseconds since 1970.</summary>
    public long At { get; private set; } = at;

    public bool IsEmpty => Next == 0;

    /// <summary>True when the next message is read, and so is the one after it, if there is one.</summary>
    public bool CanTake => read.Count > 1 || (read.Count == 1 && unread == 0);

    /// <summary>Takes the next message. Requires <see cref="CanTake"/>.</summary>
    public Message Take()
    {
        var message = read.Dequeue();
        Move();
        return message;
    }

    /// <summary>Reads a further block, in one call.</summary>
    public async Task ReadAsync(ParleyTables tables, CancellationToken cancellation)
    {
        var first = Math.Max(1, unread - block + 1);
        var messages = await MessageRow.ReadRangeAsync(tables, key, first, unread, cancellation)
            .ToListAsync(cancellation);
        foreach (var message in messages.AsEnumerable().Reverse())
        {
            read.Enqueue(message);
        }

        // A conversation that is being erased has fewer rows than its head said.
        unread = messages.Count == unread - first + 1 ? first - 1 : 0;
        block *= 2;
        Move();
    }

    private void Move() => (Next, At) = read.TryPeek(out var message)
        ? (message.Key.Sequence, message.CreatedAt.ToUnixTimeMilliseconds())
        : (0, 0);
}
