using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.AI;

namespace Parley.Assistants;

/// <summary>
/// Reads a streamed chat completion. The OpenAI package's own reader takes an error within the stream, an answer in another format, and
/// a stream that ends too early for a whole reply, and fails at finish reasons and roles that OpenAI does not have but others do.
/// </summary>
internal static partial class OpenAIEvents
{
    /// <summary>An update for every event, also for one without text: it shows that the provider is there.</summary>
    public static async IAsyncEnumerable<ChatResponseUpdate> ReadAsync(
        Stream answer, OpenAIErrorText errorText, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var isWhole = false;
        await foreach (var sent in SseParser.Create(answer).EnumerateAsync(cancellation))
        {
            if (sent.Data == "[DONE]")
            {
                yield break;
            }

            var chunk = string.IsNullOrWhiteSpace(sent.Data) ? new Chunk() : JsonSerializer.Deserialize(sent.Data, Json.Default.Chunk) ?? new Chunk();
            var choice = chunk.Choices is [{ } first, ..] ? first : new Choice();
            if (sent.EventType == "error" || chunk.Object == "error" || chunk.Error.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null) || choice.FinishReason == "error")
            {
                throw new AssistantException(TurnError.Unavailable, "The provider broke off: " + errorText.Read(sent.Data).Message);
            }

            isWhole |= !string.IsNullOrEmpty(choice.FinishReason);
            yield return new ChatResponseUpdate(ChatRole.Assistant, choice.Delta?.Content) { FinishReason = Finish(choice.FinishReason) };
            if (!string.IsNullOrEmpty(choice.Delta?.Refusal))
            {
                // The rest of the refusal is not waited for: it is words for nobody.
                throw new AssistantException(TurnError.Refused, "The model refused.");
            }
        }

        if (!isWhole)
        {
            throw new AssistantException(TurnError.Unavailable, "The answer is no stream of events, or ended too early.");
        }
    }

    private static ChatFinishReason? Finish(string? reason) => string.IsNullOrEmpty(reason) ? null : new ChatFinishReason(reason);

    /// <summary>What is read of an event.</summary>
    private sealed record Chunk(IReadOnlyList<Choice?>? Choices = null, string? Object = null, JsonElement Error = default);

    private sealed record Choice(Delta? Delta = null, [property: JsonPropertyName("finish_reason")] string? FinishReason = null);

    private sealed record Delta(string? Content = null, string? Refusal = null);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Chunk))]
    private sealed partial class Json : JsonSerializerContext;
}
