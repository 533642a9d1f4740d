using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;

namespace Parley.Assistants.Providers;

/// <summary>
/// Reads a streamed chat completion. The OpenAI package's own reader is not used: it takes an error within the stream,
/// a response in another format, and a stream that ends too early for a complete reply, and it fails on finish reasons
/// and roles that other servers have but OpenAI does not.
/// </summary>
internal static partial class OpenAIEvents
{
    // The parser buffers an event until it is complete, and it reads a response that is not an event stream as one
    // endless event.
    private const int MaxEventBytes = 1024 * 1024;

    /// <summary>
    /// Returns one update per event. An event without text gives an update too, because it shows that the provider is
    /// alive.
    /// </summary>
    /// <exception cref="AssistantException">
    /// The stream contains an error or a refusal, is not an event stream, or ends too early.
    /// </exception>
    public static async IAsyncEnumerable<ChatResponseUpdate> ReadAsync(
        Stream body, OpenAIErrorText errorText, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var isWhole = false;
        await using var metered = new MeteredStream(body, MaxEventBytes);
        await foreach (var sent in SseParser.Create(metered).EnumerateAsync(cancellation))
        {
            metered.Reset();
            if (sent.Data == "[DONE]")
            {
                yield break;
            }

            var chunk = string.IsNullOrWhiteSpace(sent.Data)
                ? new Chunk()
                : JsonSerializer.Deserialize(sent.Data, Json.Default.Chunk) ?? new Chunk();
            var choice = chunk.Choices is [{ } first, ..] ? first : new Choice();
            if (sent.EventType == "error"
                || chunk.Object == "error"
                || chunk.Error.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null)
                || choice.FinishReason == "error")
            {
                throw new AssistantException(
                    ProviderError.Unavailable, "The provider broke off: " + errorText.Read(sent.Data).Message);
            }

            isWhole |= !string.IsNullOrEmpty(choice.FinishReason);
            yield return new ChatResponseUpdate(ChatRole.Assistant, choice.Delta?.Content)
            {
                FinishReason = Finish(choice.FinishReason),
            };
            if (!string.IsNullOrEmpty(choice.Delta?.Refusal))
            {
                // The rest of the refusal is not read: no client gets its text.
                throw new AssistantException(ProviderError.Refused, "The model refused.");
            }
        }

        if (!isWhole)
        {
            throw new AssistantException(
                ProviderError.Unavailable, "The answer is no stream of events, or ended too early.");
        }
    }

    private static ChatFinishReason? Finish(string? reason) =>
        string.IsNullOrEmpty(reason) ? null : new ChatFinishReason(reason);

    /// <summary>The fields of an event that are read; all others are ignored.</summary>
    private sealed record Chunk(
        IReadOnlyList<Choice?>? Choices = null, string? Object = null, JsonElement Error = default);

    private sealed record Choice(
        Delta? Delta = null, [property: JsonPropertyName("finish_reason")] string? FinishReason = null);

    private sealed record Delta(
        [property: JsonConverter(typeof(HalfPairs))] string? Content = null, string? Refusal = null);

    /// <summary>
    /// Reads strings with unpaired surrogates. A server that cuts its text between UTF-16 units escapes each half of a
    /// surrogate pair on its own (ECMAScript, well-formed JSON.stringify), and .NET rejects such an escape.
    /// </summary>
    private sealed class HalfPairs : JsonConverter<string>
    {
        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            try
            {
                return reader.GetString();
            }
            catch (InvalidOperationException) when (reader.TokenType == JsonTokenType.String)
            {
                // Every escape of JSON is also an escape of regular expressions.
                return Regex.Unescape(Encoding.UTF8.GetString(reader.ValueSpan));
            }
        }

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value);
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Chunk))]
    private sealed partial class Json : JsonSerializerContext;
}
