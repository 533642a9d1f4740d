using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.AI;

namespace Parley.Assistants.Providers;

/// <summary>
/// Reads a chat completion. The OpenAI package's own reader is not used: it takes an error within the stream, a
/// response in another format, and a stream that ends too early for a complete reply, and it fails on finish reasons,
/// roles and contents that other servers have but OpenAI does not.
/// </summary>
internal sealed partial class OpenAIEvents
{
    private const int MaxEventBytes = 1024 * 1024;
    private const int BufferBytes = 16 * 1024;

    // True after a finish reason, until more text comes: some servers repeat the reason with every chunk.
    private bool isWhole;

    private bool hasText;

    /// <summary>
    /// Returns one update per event. A comment and an event without text give an update too, because they show that the
    /// provider is alive.
    /// </summary>
    /// <exception cref="AssistantException">
    /// The stream contains an error or a refusal, is not an event stream, or ends too early.
    /// </exception>
    public async IAsyncEnumerable<ChatResponseUpdate> ReadStreamAsync(
        Stream body, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var sent in ServerSentEvents.ReadAsync(body, MaxEventBytes, cancellation))
        {
            if (sent?.Data.Trim() == "[DONE]")
            {
                yield break;
            }

            foreach (var update in sent is null ? [new ChatResponseUpdate()] : Read(sent))
            {
                yield return update;
            }
        }

        if (!isWhole)
        {
            throw new AssistantException(
                ProviderError.Unavailable, "The answer is no stream of events, or ended too early.");
        }
    }

    /// <summary>
    /// Reads a response that is one JSON object, from a server that does not stream or that reports an error with
    /// status 200. The white space that DeepSeek sends before it shows that the provider is alive.
    /// </summary>
    /// <exception cref="AssistantException">The response is an error or a refusal, or has no whole reply.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> ReadObjectAsync(
        Stream body, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var metered = new MeteredStream(body, MaxEventBytes);
        using var json = new MemoryStream();
        var buffer = new byte[BufferBytes];
        while (await metered.ReadAsync(buffer, cancellation) is > 0 and var read)
        {
            json.Write(buffer, 0, read);
            yield return new ChatResponseUpdate();
        }

        json.Position = 0;
        using var reader = new StreamReader(json);
        foreach (var update in Read(new ServerSentEvent("message", await reader.ReadToEndAsync(cancellation))))
        {
            yield return update;
        }

        if (!isWhole)
        {
            throw new AssistantException(ProviderError.Unavailable, "The answer has no whole reply.");
        }
    }

    private IEnumerable<ChatResponseUpdate> Read(ServerSentEvent sent)
    {
        if (sent.Type == "error")
        {
            throw ErrorIn(sent);
        }

        var chunk = string.IsNullOrWhiteSpace(sent.Data)
            ? new Chunk()
            : JsonSerializer.Deserialize(sent.Data, Json.Default.Chunk) ?? new Chunk();
        if (chunk.IsError)
        {
            throw ErrorIn(sent);
        }

        // MiniMax repeats the whole reply as the message of its last chunk.
        var choice = chunk.Choices is [{ } first, ..] ? first : new Choice();
        var text = OpenAIContent.ReadText(choice.Delta?.Content ?? default);
        text = text.Length == 0 && !hasText ? OpenAIContent.ReadText(choice.Message?.Content ?? default) : text;
        var reason = OpenAIFinishReasons.Read(choice.FinishReason, choice.NativeReason);
        isWhole = reason is not null || (isWhole && text.Length == 0);
        hasText |= text.Length > 0;
        if (choice.IsRefusal)
        {
            // The rest of the refusal is not read: no client gets its text.
            yield return OpenAIUsage.Add(chunk.Usage, new ChatResponseUpdate(ChatRole.Assistant, text));
            throw new AssistantException(ProviderError.Refused, "The model refused.");
        }

        yield return OpenAIUsage.Add(
            chunk.Usage, new ChatResponseUpdate(ChatRole.Assistant, text) { FinishReason = reason });
    }

    private static AssistantException ErrorIn(ServerSentEvent sent)
    {
        var error = OpenAIErrorReader.Read(sent.Data);
        var status = error.Status is null
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $" with status {error.Status}");
        return new AssistantException(error.Classify(), $"The provider broke off{status}{error.NamesText}.");
    }

    /// <summary>The fields of an event that are read; all others are ignored.</summary>
    private sealed record Chunk(
        IReadOnlyList<Choice?>? Choices = null,
        string? Object = null,
        JsonElement Error = default,
        JsonElement Message = default,
        JsonElement Usage = default)
    {
        /// <summary>Some servers send an error without a wrapper.</summary>
        public bool IsError => Object == "error"
            || HasError
            || (Choices is null && Message.ValueKind == JsonValueKind.String);

        /// <summary>Some servers send an empty error with every chunk.</summary>
        private bool HasError => Error.ValueKind switch
        {
            JsonValueKind.Object => Error.GetPropertyCount() > 0,
            JsonValueKind.Array => Error.GetArrayLength() > 0,
            JsonValueKind.String => !Error.ValueEquals(""),
            JsonValueKind.Number => true,
            _ => false,
        };
    }

    private sealed record Choice(
        Part? Delta = null,
        Part? Message = null,
        [property: JsonPropertyName("finish_reason")] string? FinishReason = null,
        [property: JsonPropertyName("native_finish_reason")] string? Native = null,
        [property: JsonPropertyName("provider_specific_fields")] Gateway? Fields = null)
    {
        public string? NativeReason => Native ?? Fields?.Native;

        public bool IsRefusal => Delta is { IsRefusal: true } || Message is { IsRefusal: true };
    }

    /// <summary>The fields that LiteLLM adds to a choice.</summary>
    private sealed record Gateway([property: JsonPropertyName("native_finish_reason")] string? Native = null);

    private sealed record Part(JsonElement Content = default, string? Refusal = null)
    {
        public bool IsRefusal => !string.IsNullOrEmpty(Refusal) || OpenAIContent.HasRefusal(Content);
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Chunk))]
    private sealed partial class Json : JsonSerializerContext;
}
