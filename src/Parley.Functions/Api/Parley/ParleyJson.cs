using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Core;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Parley;

/// <summary>Serializes the responses of Parley's own API.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(IsoTime)])]
[JsonSerializable(typeof(SenderResponse))]
[JsonSerializable(typeof(CursorList<SenderResponse>))]
[JsonSerializable(typeof(HealthResponse))]
[JsonSerializable(typeof(VersionResponse))]
internal sealed partial class ParleyJson : JsonSerializerContext
{
    static ParleyJson() => Default = new ParleyJson(JsonText.Readable(new JsonSerializerOptions(s_defaultOptions)));
}
