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

/// <summary>camelCase answers: everything but Flextell's resources.</summary>
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
[JsonSerializable(typeof(ExportTakenResponse))]
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

/// <summary>snake_case answers: Flextell's resources.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(IsoTime)])]
[JsonSerializable(typeof(Paginator<ConversationMessage>))]
[JsonSerializable(typeof(DataResponse<SentMessage>))]
[JsonSerializable(typeof(DataResponse<ConversationMessage>))]
[JsonSerializable(typeof(DataResponse<DeletedMessage>))]
[JsonSerializable(typeof(DataResponse<ReadResponse>))]
internal sealed partial class SnakeJson : JsonSerializerContext
{
    static SnakeJson() => Default = new SnakeJson(JsonText.Readable(new JsonSerializerOptions(s_defaultOptions)));
}

/// <summary>Flextell's envelope.</summary>
/// <param name="Success">The text <c>true</c>: Flextell's clients expect a string.</param>
/// <param name="Data">What was asked for.</param>
public sealed record DataResponse<T>(string Success, T Data);

/// <summary>How JSON text looks.</summary>
internal static class JsonText
{
    /// <summary>Stored JSON text as a member of an answer; null when there is none.</summary>
    public static JsonElement? Parse(string? json) => json is null ? null : JsonElement.Parse(json);

    /// <summary>
    /// Only what JSON itself requires is escaped: answers are application/json with nosniff and never part of a page, and
    /// customers' languages should not cost six bytes a character.
    /// </summary>
    public static JsonSerializerOptions Readable(JsonSerializerOptions options)
    {
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        return options;
    }
}
