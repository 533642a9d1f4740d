using System.Text.Encodings.Web;
using System.Text.Json;
using Parley.Assistants.Completions;
using Parley.Conversations.FollowUps;
using Parley.Exports;

namespace Parley.Tests.Compatibility;

/// <summary>A message as it is in a queue, before Base64.</summary>
internal sealed record GoldenMessage(string Queue, string Text);

/// <summary>One message of each queue and kind. Their meanings are fixed; their texts belong to a version.</summary>
internal static class GoldenMessages
{
    // Unescaped, because messages contain '|' and '"', and the file would not be readable otherwise.
    private static readonly JsonSerializerOptions Json =
        new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static FollowUpChunk Chunk { get; } =
        new("202611292331", "f|00000001|07|0000000001|000001|0001", "f|00000001|58|0000000002|000003|0002");

    public static ExportStep File { get; } = new(1, 2, 0);

    public static ExportStep FileThatWaited { get; } = new(1, 2, 0, Waits: 3);

    public static ExportStep Callback { get; } = new(1, 2, 4);

    public static QueuedReply Reply { get; } = new(1, 3, 17);

    /// <summary>The messages as the current Parley writes them, in the order of the golden files.</summary>
    public static IReadOnlyList<GoldenMessage> Today =>
    [
        new(FollowUpChunk.Queue, Chunk.ToJson()),
        new(ExportStep.FileQueue, File.ToJson()),
        new(ExportStep.FileQueue, FileThatWaited.ToJson()),
        new(ExportStep.WebhookQueue, Callback.ToJson()),
        new(QueuedReply.Queue, Reply.ToJson()),
    ];

    public static IReadOnlyList<GoldenMessage> Read(string version) =>
        [.. System.IO.File.ReadLines(PathOf(version))
            .Select(line => JsonSerializer.Deserialize<GoldenMessage>(line, Json)!)];

    /// <summary>Writes the current messages as those of a version.</summary>
    public static void Write(string version) =>
        System.IO.File.WriteAllLines(PathOf(version), Today.Select(message => JsonSerializer.Serialize(message, Json)));

    private static string PathOf(string version) => Path.Combine(GoldenStore.Folder, version, "messages.jsonl");
}
