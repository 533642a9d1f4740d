using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;
using Parley.Assistants.Completions;

namespace Parley.Assistants.Providers;

/// <summary>
/// Reads a streamed chat completion. The OpenAI package's own reader takes an error within the stream, an answer in another format, and
/// a stream that ends too early for a whole reply, and fails at finish reasons and roles that OpenAI does not have but others do.
/// </summary>
internal static partial class OpenAIEvents
{
    /// <summary>The parser keeps an event until it is whole, and what is no stream at all is one without end.</summary>
    private const int MaxEventBytes = 1024 * 1024;

    /// <summary>An update for every event, also for one without text: it shows that the provider is there.</summary>
    public static async IAsyncEnumerable<ChatResponseUpdate> ReadAsync(
        Stream answer, OpenAIErrorText errorText, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var isWhole = false;
        await using var metered = new MeteredStream(answer, MaxEventBytes);
        await foreach (var sent in SseParser.Create(metered).EnumerateAsync(cancellation))
        {
            metered.Reset();
            if (sent.Data == "[DONE]")
            {
                yield break;
            }

            var chunk = string.IsNullOrWhiteSpace(sent.Data) ? new Chunk() : JsonSerializer.Deserialize(sent.Data, Json.Default.Chunk) ?? new Chunk();
            var choice = chunk.Choices is [{ } first, ..] ? first : new Choice();
            if (sent.EventType == "error" || chunk.Object == "error" || chunk.Error.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null) || choice.FinishReason == "error")
            {
                throw new AssistantException(CompletionError.Unavailable, "The provider broke off: " + errorText.Read(sent.Data).Message);
            }

            isWhole |= !string.IsNullOrEmpty(choice.FinishReason);
            yield return new ChatResponseUpdate(ChatRole.Assistant, choice.Delta?.Content) { FinishReason = Finish(choice.FinishReason) };
            if (!string.IsNullOrEmpty(choice.Delta?.Refusal))
            {
                // The rest of the refusal is not waited for: it is words for nobody.
                throw new AssistantException(CompletionError.Refused, "The model refused.");
            }
        }

        if (!isWhole)
        {
            throw new AssistantException(CompletionError.Unavailable, "The answer is no stream of events, or ended too early.");
        }
    }

    private static ChatFinishReason? Finish(string? reason) => string.IsNullOrEmpty(reason) ? null : new ChatFinishReason(reason);

    /// <summary>What is read of an event.</summary>
    private sealed record Chunk(IReadOnlyList<Choice?>? Choices = null, string? Object = null, JsonElement Error = default);

    private sealed record Choice(Delta? Delta = null, [property: JsonPropertyName("finish_reason")] string? FinishReason = null);

    private sealed record Delta([property: JsonConverter(typeof(HalfPairs))] string? Content = null, string? Refusal = null);

    /// <summary>
    /// Servers that cut their text between UTF-16 units escape the halves of a surrogate pair one by one (ECMAScript, well-formed JSON.stringify), which
    /// .NET does not take.
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
                // JSON's escapes are among those of regular expressions.
                return Regex.Unescape(Encoding.UTF8.GetString(reader.ValueSpan));
            }
        }

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Chunk))]
    private sealed partial class Json : JsonSerializerContext;
}
