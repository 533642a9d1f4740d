using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// A message of the queue <c>follow-ups</c>: a range of schedule rows of one minute and one tenant, whose follow-ups
/// are to be sent.
/// </summary>
/// <param name="Partition">The partition of the rows. It shows which table of the schedule they are in.</param>
/// <param name="First">The key of the first row.</param>
/// <param name="Last">The key of the last row.</param>
public sealed record FollowUpChunk(string Partition, string First, string Last) : IWorkMessage<FollowUpChunk>
{
    /// <summary>The queue's name.</summary>
    public const string Queue = "follow-ups";

    /// <summary>The most rows of one message: their index rows fit one transaction.</summary>
    public const int MaxRows = Transactions.MaxOperations;

    static IReadOnlyList<string> IWorkMessage<FollowUpChunk>.QueueNames => [Queue];

    /// <summary>The sender reads the rows early and waits for their second, so that reading costs no time.</summary>
    static bool IWorkMessage<FollowUpChunk>.MayArriveEarly => true;

    string IWorkMessage<FollowUpChunk>.QueueName => Queue;

    TenantId? IWorkMessage<FollowUpChunk>.Owner => FollowUpRowKeys.FindTenant(First);

    /// <inheritdoc/>
    public string ToJson() => JsonSerializer.Serialize(this, FollowUpChunkJson.Default.FollowUpChunk);

    /// <inheritdoc/>
    public static FollowUpChunk Parse(string json) =>
        JsonSerializer.Deserialize(json, FollowUpChunkJson.Default.FollowUpChunk)
        ?? throw new JsonException("The message is null.");
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(FollowUpChunk))]
internal sealed partial class FollowUpChunkJson : JsonSerializerContext;
