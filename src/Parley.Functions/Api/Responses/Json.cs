using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Core;
using Parley.Functions.Api.Admin;
using Parley.Functions.Api.Flextell;
using Parley.Functions.Api.MaiAgent;
using Parley.Functions.Api.Parley;
using Parley.Functions.Api.Zaia;

namespace Parley.Functions.Api.Responses;

/// <summary>Serializes camelCase responses: all except those of Flextell.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(IsoTime)])]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(ConversationResponse))]
[JsonSerializable(typeof(CursorList<ConversationResponse>))]
[JsonSerializable(typeof(MessageResponse))]
[JsonSerializable(typeof(CursorList<MessageResponse>))]
[JsonSerializable(typeof(ChatMessageResponse))]
[JsonSerializable(typeof(IAsyncEnumerable<ChatMessageResponse>))]
[JsonSerializable(typeof(ChatThreadResponse))]
[JsonSerializable(typeof(IAsyncEnumerable<ChatThreadResponse>))]
[JsonSerializable(typeof(TicketResponse))]
[JsonSerializable(typeof(IAsyncEnumerable<TicketResponse>))]
[JsonSerializable(typeof(FollowUpResponse))]
[JsonSerializable(typeof(IAsyncEnumerable<FollowUpResponse>))]
[JsonSerializable(typeof(IAsyncEnumerable<FollowUpEventResponse>))]
[JsonSerializable(typeof(SenderResponse))]
[JsonSerializable(typeof(CursorList<SenderResponse>))]
[JsonSerializable(typeof(ChatbotResponse))]
[JsonSerializable(typeof(CursorList<ChatbotResponse>))]
[JsonSerializable(typeof(ExportAcceptedResponse))]
[JsonSerializable(typeof(ExportResponse))]
[JsonSerializable(typeof(CursorList<ExportResponse>))]
[JsonSerializable(typeof(CompletionResponse))]
[JsonSerializable(typeof(CompletionPartResponse))]
[JsonSerializable(typeof(CompletionFailureResponse))]
[JsonSerializable(typeof(RecordResponse))]
[JsonSerializable(typeof(RecordList))]
[JsonSerializable(typeof(TenantResponse))]
[JsonSerializable(typeof(ApiKeyResponse))]
[JsonSerializable(typeof(WebhookSecretResponse))]
[JsonSerializable(typeof(HealthResponse))]
[JsonSerializable(typeof(VersionResponse))]
internal sealed partial class CamelJson : JsonSerializerContext
{
    static CamelJson() => Default = new CamelJson(JsonText.Readable(new JsonSerializerOptions(s_defaultOptions)));
}

/// <summary>Serializes snake_case responses: those of Flextell.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    Converters = [typeof(IsoTime)])]
[JsonSerializable(typeof(Paginator<ConversationMessage>))]
[JsonSerializable(typeof(DataResponse<SentMessage>))]
[JsonSerializable(typeof(DataResponse<ConversationMessage>))]
[JsonSerializable(typeof(DataResponse<DeletedMessage>))]
[JsonSerializable(typeof(DataResponse<ReadResponse>))]
internal sealed partial class SnakeJson : JsonSerializerContext
{
    static SnakeJson() => Default = new SnakeJson(JsonText.Readable(new JsonSerializerOptions(s_defaultOptions)));
}

/// <summary>The response envelope of Flextell.</summary>
/// <param name="Success">The text <c>true</c>: clients of Flextell expect a string.</param>
/// <param name="Data">The resource.</param>
public sealed record DataResponse<T>(string Success, T Data);

internal static class JsonText
{
    /// <summary>Parses stored JSON text, so that it becomes a member of a response and not a string.</summary>
    public static JsonElement? Parse(string? json) => json is null ? null : JsonElement.Parse(json);

    /// <summary>
    /// Escapes only the characters that JSON itself requires. Responses are application/json with nosniff and never
    /// part of an HTML page, and text in other alphabets should not take six bytes per character.
    /// </summary>
    public static JsonSerializerOptions Readable(JsonSerializerOptions options)
    {
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        return options;
    }
}
