using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Storage;

namespace Parley.FollowUps;

/// <summary>Neighbouring rows of one partition of Due and one tenant: what one message of the queue asks to be sent.</summary>
/// <param name="Partition">The minute.</param>
/// <param name="First">The first row's key.</param>
/// <param name="Last">The last row's key.</param>
public sealed record DueChunk(string Partition, string First, string Last)
{
    /// <summary>The most rows that one message asks for: their index rows fit one transaction.</summary>
    public const int MaxRows = Transactions.MaxOperations;

    /// <summary>The message: JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, DueChunkJson.Default.DueChunk);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">It did not.</exception>
    public static DueChunk Parse(string json) => JsonSerializer.Deserialize(json, DueChunkJson.Default.DueChunk) ?? throw new JsonException("The message is null.");
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(DueChunk))]
internal sealed partial class DueChunkJson : JsonSerializerContext;
