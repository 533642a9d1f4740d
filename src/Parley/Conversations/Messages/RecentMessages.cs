using System.Buffers.Binary;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>A page of a tenant's newest messages, newest first.</summary>
/// <param name="Messages">The messages, each with its conversation.</param>
/// <param name="Count">The number of messages on all pages.</param>
/// <param name="Next">The cursor of the next page; null on the last page.</param>
public sealed record RecentPage(
    IReadOnlyList<(Message Message, Conversation Conversation)> Messages, int Count, string? Next);

/// <summary>
/// Lists the newest messages of a tenant: at most a thousand, of the hundred conversations with the latest activity
/// when the first page is read. Messages are stored by conversation, so a list of all would read every conversation.
/// </summary>
/// <remarks>
/// The first page reads those conversations. Its cursor contains the position in each, so that later pages neither
/// repeat nor omit a message, and read only the conversations that they show.
/// </remarks>
public sealed class RecentMessages(
    ParleyTables tables, ConversationList list, ConversationReader reader, Cursors cursors)
{
    /// <summary>The most messages on all pages.</summary>
    public const int MaxMessages = 1_000;

    /// <summary>The most conversations that the messages belong to.</summary>
    public const int MaxConversations = 100;

    private const string Query = "recent messages";

    // In a cursor: the count and the rest, and for each conversation its number, its next message and that one's time.
    private const int CountsLength = 2 * sizeof(int);
    private const int SourceLength = 2 * sizeof(int) + sizeof(long);

    /// <param name="cursor">The page's cursor; null for the newest messages.</param>
    /// <param name="pageSize">Maximum messages of the page.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>.</exception>
    public async Task<RecentPage> ReadAsync(
        TenantId tenant, string? cursor, int pageSize, CancellationToken cancellation)
    {
        if (cursor is not null)
        {
            var position = await cursors.OpenAsync(tenant, Query, cursor, cancellation);
            var (count, rest) = (Number(position, 0), Number(position, sizeof(int)));
            return await ReadAsync(tenant, Sources(tenant, position), [], count, rest, pageSize, cancellation);
        }

        var page = await list.ReadAsync(
            tenant, new ConversationFilter(null, null), cursor: null, MaxConversations, cancellation);
        var heads = page.Conversations.Where(head => head.Last >= head.First).ToList();
        var all = (int)Math.Min(MaxMessages, heads.Sum(head => (long)head.Last - head.First + 1));
        var sources = heads.Select(head => new RecentSource(
            head.Key, head.Last, head.LastMessageAt!.Value.ToUnixTimeMilliseconds()));
        return await ReadAsync(tenant, [.. sources], heads, all, all, pageSize, cancellation);
    }

    private async Task<RecentPage> ReadAsync(
        TenantId tenant,
        List<RecentSource> sources,
        IReadOnlyList<Conversation> known,
        int count,
        int rest,
        int pageSize,
        CancellationToken cancellation)
    {
        var messages = await TakeAsync(sources, Math.Min(pageSize, rest), cancellation);
        var heads = known.ToDictionary(head => head.Key);
        var missing = messages
            .Select(message => message.Key.Conversation)
            .Distinct()
            .Where(key => !heads.ContainsKey(key));
        foreach (var head in await Workers.RunAsync(
            [.. missing], TableReads.Width, key => reader.FindAsync(key, cancellation)))
        {
            if (head is not null)
            {
                heads.Add(head.Key, head);
            }
        }

        var left = rest - messages.Count;
        var next = left > 0 && sources.Exists(source => !source.IsEmpty)
            ? await cursors.SealAsync(tenant, Query, Position(sources, count, left), cancellation)
            : null;
        return new RecentPage(
            [
                .. messages
                    .Where(message => heads.ContainsKey(message.Key.Conversation))
                    .Select(message => (message, heads[message.Key.Conversation])),
            ],
            count,
            next);
    }

    /// <summary>
    /// Takes the newest messages of all sources: rounds of one concurrent call for each source that they can be from.
    /// </summary>
    private async Task<List<Message>> TakeAsync(
        List<RecentSource> sources, int count, CancellationToken cancellation)
    {
        var taken = new List<Message>(count);
        while (taken.Count < count && sources.Exists(source => !source.IsEmpty))
        {
            // Each source has a message, so the next n messages are from the n sources with the newest ones.
            var due = sources
                .Where(source => !source.IsEmpty)
                .OrderDescending(RecentSource.ByNext)
                .Take(count - taken.Count)
                .Where(source => !source.CanTake)
                .ToList();
            await Workers.RunAsync(due, TableReads.Width, source => source.ReadAsync(tables, cancellation));
            while (taken.Count < count && sources.Max(RecentSource.ByNext) is { CanTake: true } newest)
            {
                taken.Add(newest.Take());
            }
        }

        return taken;
    }

    private static byte[] Position(List<RecentSource> sources, int count, int rest)
    {
        var left = sources.Where(source => !source.IsEmpty).ToList();
        var position = new byte[CountsLength + left.Count * SourceLength];
        BinaryPrimitives.WriteInt32BigEndian(position, count);
        BinaryPrimitives.WriteInt32BigEndian(position.AsSpan(sizeof(int)), rest);
        for (var i = 0; i < left.Count; i++)
        {
            var place = position.AsSpan(CountsLength + i * SourceLength);
            BinaryPrimitives.WriteInt32BigEndian(place, left[i].Key.Number);
            BinaryPrimitives.WriteInt32BigEndian(place[sizeof(int)..], left[i].Next);
            BinaryPrimitives.WriteInt64BigEndian(place[CountsLength..], left[i].At);
        }

        return position;
    }

    private static List<RecentSource> Sources(TenantId tenant, byte[] position) =>
    [
        .. Enumerable.Range(0, (position.Length - CountsLength) / SourceLength).Select(i =>
        {
            var at = CountsLength + i * SourceLength;
            return new RecentSource(
                new ConversationKey(tenant, Number(position, at)),
                Number(position, at + sizeof(int)),
                BinaryPrimitives.ReadInt64BigEndian(position.AsSpan(at + CountsLength)));
        }),
    ];

    private static int Number(byte[] position, int at) => BinaryPrimitives.ReadInt32BigEndian(position.AsSpan(at));
}
