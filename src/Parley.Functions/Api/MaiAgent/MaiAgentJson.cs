using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Core;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Serializes the responses in the format of MaiAgent.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(IsoTime)])]
[JsonSerializable(typeof(ConversationResponse))]
[JsonSerializable(typeof(CursorList<ConversationResponse>))]
[JsonSerializable(typeof(MessageResponse))]
[JsonSerializable(typeof(CursorList<MessageResponse>))]
[JsonSerializable(typeof(ChatbotResponse))]
[JsonSerializable(typeof(CursorList<ChatbotResponse>))]
[JsonSerializable(typeof(CompletionResponse))]
[JsonSerializable(typeof(CompletionPartResponse))]
[JsonSerializable(typeof(CompletionFailureResponse))]
[JsonSerializable(typeof(RecordResponse))]
[JsonSerializable(typeof(CountedList<RecordResponse>))]
[JsonSerializable(typeof(UploadLinkResponse))]
[JsonSerializable(typeof(AttachmentResponse))]
[JsonSerializable(typeof(CountedList<ListedInboxResponse>))]
[JsonSerializable(typeof(CountedList<ListedContactResponse>))]
internal sealed partial class MaiAgentJson : JsonSerializerContext
{
    static MaiAgentJson() => Default = new MaiAgentJson(JsonText.Readable(new JsonSerializerOptions(s_defaultOptions)));
}
