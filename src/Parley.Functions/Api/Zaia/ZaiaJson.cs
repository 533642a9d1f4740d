using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Core;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Zaia;

/// <summary>Serializes the responses in the format of Zaia.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(IsoTime)])]
[JsonSerializable(typeof(ChatResponse))]
[JsonSerializable(typeof(IAsyncEnumerable<ChatResponse>))]
[JsonSerializable(typeof(ChatMessageResponse))]
[JsonSerializable(typeof(IAsyncEnumerable<ChatMessageResponse>))]
[JsonSerializable(typeof(ChatThreadResponse))]
[JsonSerializable(typeof(IAsyncEnumerable<ChatThreadResponse>))]
[JsonSerializable(typeof(TicketResponse))]
[JsonSerializable(typeof(IAsyncEnumerable<TicketResponse>))]
[JsonSerializable(typeof(FollowUpResponse))]
[JsonSerializable(typeof(IAsyncEnumerable<FollowUpResponse>))]
[JsonSerializable(typeof(IAsyncEnumerable<FollowUpEventResponse>))]
[JsonSerializable(typeof(ExportAcceptedResponse))]
[JsonSerializable(typeof(ExportResponse))]
[JsonSerializable(typeof(CursorList<ExportResponse>))]
internal sealed partial class ZaiaJson : JsonSerializerContext
{
    static ZaiaJson() => Default = new ZaiaJson(JsonText.Readable(new JsonSerializerOptions(s_defaultOptions)));
}
