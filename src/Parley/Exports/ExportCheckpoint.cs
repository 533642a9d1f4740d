using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Files;
using Parley.Spreadsheets;

namespace Parley.Exports;

/// <summary>
/// The part of a file that is stored, behind which another attempt goes on. It ends between two rows, and its last
/// block may be short.
/// </summary>
/// <param name="Blocks">The blocks of each attempt, in order. They are numbered through: 0 is the file's first.</param>
/// <param name="Position">The position of the last row (<see cref="IExportContent"/>).</param>
/// <param name="Digest">The state of the digest (<see cref="Core.ResumableSha256.Export"/>).</param>
internal sealed record ExportCheckpoint(
    IReadOnlyList<BlockRange> Blocks,
    TableCounts Counts,
    string Position,
    byte[] Digest)
{
    /// <summary>The ids of all blocks, in order.</summary>
    public IReadOnlyList<string> BlockIds()
    {
        var ids = new List<string>();
        foreach (var range in Blocks)
        {
            var end = ids.Count + range.Count;
            while (ids.Count < end)
            {
                ids.Add(BlockWriter.BlockId(range.Writer, ids.Count));
            }
        }

        return ids;
    }

    /// <summary>The blocks before those of a new attempt, and its own.</summary>
    /// <param name="before">The blocks of earlier attempts.</param>
    /// <param name="writer">Identifies the attempt.</param>
    /// <param name="count">All blocks, with the earlier ones.</param>
    public static IReadOnlyList<BlockRange> BlocksOf(IReadOnlyList<BlockRange> before, string writer, int count)
    {
        var own = count - before.Sum(range => range.Count);
        return own > 0 ? [.. before, new BlockRange(writer, own)] : before;
    }

    public string ToJson() => JsonSerializer.Serialize(this, ExportCheckpointJson.Default.ExportCheckpoint);

    public static ExportCheckpoint Parse(string json) =>
        JsonSerializer.Deserialize(json, ExportCheckpointJson.Default.ExportCheckpoint)!;
}

/// <summary>Successive blocks of one attempt.</summary>
/// <param name="Writer">The id of the attempt's lease.</param>
internal sealed record BlockRange(string Writer, int Count);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ExportCheckpoint))]
internal sealed partial class ExportCheckpointJson : JsonSerializerContext;
