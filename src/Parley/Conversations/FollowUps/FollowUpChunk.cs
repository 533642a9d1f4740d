using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>Neighbouring rows of one partition of Due and one tenant: what one message of the queue asks to be sent.</summary>
/// <param name="Partition">The minute.</param>
/// <param name="First">The first row's key.</param>
/// <param name="Last">The last row's key.</param>
public sealed record FollowUpChunk(string Partition, string First, string Last)
{
    /// <summary>The most rows that one message asks for: their index rows fit one transaction.</summary>
    public const int MaxRows = Transactions.MaxOperations;

    /// <summary>The message: JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, FollowUpChunkJson.Default.FollowUpChunk);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">It did not.</exception>
    public static FollowUpChunk Parse(string json) => JsonSerializer.Deserialize(json, FollowUpChunkJson.Default.FollowUpChunk) ?? throw new JsonException("The message is null.");
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(FollowUpChunk))]
internal sealed partial class FollowUpChunkJson : JsonSerializerContext;
