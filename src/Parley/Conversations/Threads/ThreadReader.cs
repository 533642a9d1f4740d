using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Threads;

/// <summary>A page of a conversation's threads, in the order of the messages that they start from.</summary>
/// <param name="Next">The cursor of the next page, or null.</param>
public sealed record ThreadPage(IReadOnlyList<ChatThread> Threads, string? Next);

public sealed class ThreadReader(ParleyTables tables, Cursors cursors)
{
    /// <summary>Finds a thread by its id, as the client sent it: one point read.</summary>
    public async Task<ChatThread?> FindAsync(ConversationKey conversation, string id, CancellationToken cancellation) =>
        EntityId.TryParse(id, EntityKind.Thread, conversation.Tenant, out var entity)
            && entity.Conversation == conversation
            && await FindAsync(conversation, entity.Sequence, cancellation) is { } thread
            && thread.Check == entity.Check
            ? thread
            : null;

    /// <summary>Reads a page of at most 1,000 threads: one call, and a second one for a page of 1,000.</summary>
    /// <exception cref="Core.ParleyException"><see cref="Core.ErrorCode.InvalidCursor"/>.</exception>
    public async Task<ThreadPage> ListAsync(
        ConversationKey conversation,
        string? cursor,
        int limit,
        CancellationToken cancellation)
    {
        var (tenant, query) = (conversation.Tenant, $"threads|{conversation.Number}");
        var after = await cursors.OpenNumberAsync(tenant, query, cursor, cancellation) ?? 0;
        var threads = new List<ChatThread>();
        var filter = Filters.Between(
            conversation.PartitionKey, ThreadRowKeys.Thread(after), ThreadRowKeys.Thread(int.MaxValue));
        await foreach (var row in tables.Conversations.QueryAsync<TableEntity>(
            filter, Math.Min(limit + 1, Filters.MaxPerCall), cancellationToken: cancellation))
        {
            if (threads.Count == limit)
            {
                return new ThreadPage(
                    threads, await cursors.SealNumberAsync(tenant, query, threads[^1].Sequence, cancellation));
            }

            threads.Add(ThreadRow.Read(row, conversation));
        }

        return new ThreadPage(threads, null);
    }

    /// <summary>The most threads that the pages of one list cover.</summary>
    public const int MaxReach = 10_000;

    /// <summary>
    /// Reads a page by its number: one call for every thousand threads up to its end. Threads have the numbers of
    /// their messages, so that the place of a page in the list is not known.
    /// </summary>
    /// <param name="page">From 1. Its product with <paramref name="size"/> must not exceed MaxReach.</param>
    public async Task<IReadOnlyList<ChatThread>> ReadPageAsync(
        ConversationKey conversation, int page, int size, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)page * size, MaxReach);
        var filter = Filters.Between(
            conversation.PartitionKey, ThreadRowKeys.Thread(0), ThreadRowKeys.Thread(int.MaxValue));
        return await tables.Conversations
            .QueryAsync<TableEntity>(filter, Math.Min(page * size, Filters.MaxPerCall), cancellationToken: cancellation)
            .Skip((page - 1) * size)
            .Take(size)
            .Select(row => ThreadRow.Read(row, conversation))
            .ToListAsync(cancellation);
    }

    internal async Task<ChatThread?> FindAsync(
        ConversationKey conversation,
        int sequence,
        CancellationToken cancellation) =>
        await tables.Conversations.FindAsync(
            conversation.PartitionKey, ThreadRowKeys.Thread(sequence), cancellation) is { } row
            ? ThreadRow.Read(row, conversation)
            : null;
}
