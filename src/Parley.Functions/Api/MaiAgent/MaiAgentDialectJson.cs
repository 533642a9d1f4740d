using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Serializes the responses to MaiAgent's own clients.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(MillisecondTime)])]
[JsonSerializable(typeof(MaiAgentConversation))]
[JsonSerializable(typeof(CursorList<MaiAgentConversation>))]
[JsonSerializable(typeof(MaiAgentMessage))]
[JsonSerializable(typeof(CountedList<MaiAgentMessage>))]
[JsonSerializable(typeof(MaiAgentChatbot))]
[JsonSerializable(typeof(CountedList<MaiAgentListedChatbot>))]
[JsonSerializable(typeof(MaiAgentCompletion))]
[JsonSerializable(typeof(MaiAgentRecord))]
[JsonSerializable(typeof(CountedList<MaiAgentRecord>))]
[JsonSerializable(typeof(CountedList<ListedContactResponse>))]
internal sealed partial class MaiAgentDialectJson : JsonSerializerContext
{
    static MaiAgentDialectJson() =>
        Default = new MaiAgentDialectJson(JsonText.Readable(new JsonSerializerOptions(s_defaultOptions)));
}
