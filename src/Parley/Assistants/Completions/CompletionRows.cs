using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>Reads a completion with the chunks of its text, and writes and deletes chunks.</summary>
/// <remarks>
/// The row <c>t|n</c> and its chunks are one range of keys, the newest chunk first. So one call reads the row and the
/// chunks from any number on.
/// </remarks>
internal static class CompletionRows
{
    /// <summary>Reads a completion with its text so far: one call, rarely two or three.</summary>
    /// <param name="known">
    /// A stored state of the completion, or null. Chunks whose text it contains are not read again.
    /// </param>
    public static async Task<Completion?> FindAsync(
        ParleyTables tables, MessageKey key, Completion? known, CancellationToken cancellation)
    {
        var torn = default(ETag);
        while (true)
        {
            var rows = await ReadAsync(tables, key, known, cancellation);
            if (rows is not [var first, ..] || first.RowKey != CompletionRowKeys.Completion(key.Sequence))
            {
                return null;
            }

            var stored = CompletionRow.Read(first, key.Conversation);
            if (!stored.IsTextInChunks)
            {
                return stored;
            }

            var events = CompletionRow.EventsOf(first);
            var state = WithChunks(stored, rows.Skip(1), known?.Attempt == stored.Attempt ? known : null, events);
            if (state.Parts.Count == events)
            {
                return state;
            }

            if (stored.ETag == torn)
            {
                // Chunks that are missing twice beside the same row are lost: a back-up read them after their deletion.
                // Their events stay, without text, so that an event number is never used for another event.
                var lost = Enumerable.Repeat("", events - state.Parts.Count);
                return state with { Parts = state.Parts.AddRange(lost), ChunkStart = events };
            }

            // The known state is of no use, or storage returned the range in pages, and the completion ended in
            // between. Chunks are deleted only after that, so the row has changed too.
            (known, torn) = (null, known is null ? stored.ETag : default);
        }
    }

    /// <summary>
    /// Writes the last chunk, and counts its events in the completion's row, in one transaction under the row's ETag.
    /// </summary>
    /// <returns>The response with the row's new ETag.</returns>
    public static async Task<Response> AddEventAsync(
        ParleyTables tables, Completion extended, ETag etag, CancellationToken cancellation)
    {
        TableTransactionAction[] actions =
        [
            new(TableTransactionActionType.UpsertReplace, CompletionChunk.Create(extended)),
            new(TableTransactionActionType.UpdateMerge, CompletionRow.EventAdded(extended), etag),
        ];
        return (await tables.Conversations.SubmitAsync(actions, cancellation))[^1];
    }

    /// <summary>
    /// Deletes the chunks of an attempt that has ended, and of earlier ones. A call reads their keys; another one
    /// deletes up to a hundred.
    /// </summary>
    /// <remarks>
    /// No chunk is written any more: chunks are written under the ETag of the row <c>t|n</c>, which the end has changed.
    /// </remarks>
    public static async Task DeleteChunksAsync(
        ParleyTables tables, MessageKey key, int attempt, CancellationToken cancellation)
    {
        var filter = Filters.Range(
            key.Conversation.PartitionKey,
            CompletionRowKeys.Chunk(key.Sequence, attempt, CompletionRowKeys.MaxChunk),
            CompletionRowKeys.Chunk(key.Sequence, attempt: 0, number: 0));
        var rows = await tables.Conversations.QueryAsync<TableEntity>(
                filter, select: ["PartitionKey", "RowKey"], cancellationToken: cancellation)
            .ToListAsync(cancellation);
        await tables.Conversations.DeleteAllAsync(rows, cancellation);
    }

    private static async Task<List<TableEntity>> ReadAsync(
        ParleyTables tables, MessageKey key, Completion? known, CancellationToken cancellation)
    {
        var last = known is { Chunks: > 0 }
            ? CompletionRowKeys.Chunk(key.Sequence, known.Attempt, known.Chunks - 1)
            : CompletionRowKeys.Chunk(key.Sequence, attempt: 0, number: 0);
        var filter = Filters.Range(
            key.Conversation.PartitionKey, CompletionRowKeys.Completion(key.Sequence), last);
        return await tables.Conversations.QueryAsync<TableEntity>(filter, cancellationToken: cancellation)
            .ToListAsync(cancellation);
    }

    /// <summary>
    /// Adds the text of the chunks, up to the events that the row counts: a chunk may have been read later than the
    /// row. Stops at a missing chunk.
    /// </summary>
    /// <param name="stored">The completion as its row contains it.</param>
    /// <param name="rows">The chunks, in the order of their keys.</param>
    /// <param name="known">An earlier state of the same attempt, with its text.</param>
    private static Completion WithChunks(
        Completion stored, IEnumerable<TableEntity> rows, Completion? known, int events)
    {
        var parts = known?.Parts ?? [];
        var (number, start) = (Math.Max(0, (known?.Chunks ?? 0) - 1), known?.ChunkStart ?? 0);
        foreach (var row in rows.Reverse())
        {
            var chunk = CompletionChunk.Read(row);
            if (chunk.Attempt == stored.Attempt && chunk.Number == number && number < stored.Chunks)
            {
                parts = parts.AddRange(chunk.Parts.Take(events - start).Skip(parts.Count - start));
                (number, start) = number == stored.Chunks - 1
                    ? (stored.Chunks, start)
                    : (number + 1, start + chunk.Parts.Count);
            }
        }

        return stored with { Parts = parts, ChunkStart = start };
    }
}
