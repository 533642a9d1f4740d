using Azure.Data.Tables;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>
/// The rows <c>t|n|…</c> beside a completion: the text of a running attempt, in chunks of some events. An event writes
/// its chunk only, so the bytes of an event do not depend on the length of the text.
/// </summary>
internal static class CompletionChunk
{
    /// <summary>Maximum number of events in a chunk.</summary>
    public const int MaxEvents = 64;

    /// <summary>
    /// A chunk of this many UTF-16 units is not extended. It is longer only by the part that reached the limit.
    /// </summary>
    public const int FullLength = 4_096;

    /// <summary>Adds a part as one more event, to the last chunk or to a new one.</summary>
    public static Completion Extend(Completion completion, string part)
    {
        var isFull = completion.Chunks == 0
            || completion.Parts.Count - completion.ChunkStart >= MaxEvents
            || Last(completion).Sum(one => one.Length) >= FullLength;
        return completion with
        {
            Parts = completion.Parts.Add(part),
            Chunks = completion.Chunks + (isFull ? 1 : 0),
            ChunkStart = isFull ? completion.Parts.Count : completion.ChunkStart,
        };
    }

    /// <summary>The row of the last chunk. To be inserted or replaced.</summary>
    public static TableEntity Create(Completion completion)
    {
        List<string> parts = [.. Last(completion)];
        var row = new TableEntity(
            completion.Key.Conversation.PartitionKey,
            CompletionRowKeys.Chunk(completion.Key.Sequence, completion.Attempt, completion.Chunks - 1));
        LongText.Write(row, "Text", string.Concat(parts));
        row["Parts"] = PartLengths.Write(parts);
        return row;
    }

    /// <summary>The parts of a chunk, and the numbers of its attempt and of the chunk, from 0.</summary>
    public static (int Attempt, int Number, IReadOnlyList<string> Parts) Read(TableEntity row)
    {
        var (attempt, number) = CompletionRowKeys.ReadChunk(row.RowKey);
        return (attempt, number, [.. PartLengths.Read(LongText.Read(row, "Text")!, row.GetBinary("Parts"))]);
    }

    private static IEnumerable<string> Last(Completion completion)
    {
        for (var i = completion.ChunkStart; i < completion.Parts.Count; i++)
        {
            yield return completion.Parts[i];
        }
    }
}
