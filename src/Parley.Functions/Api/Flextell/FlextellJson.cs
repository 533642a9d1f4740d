using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Core;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Flextell;

/// <summary>Serializes the responses of Flextell: snake_case.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    Converters = [typeof(IsoTime)])]
[JsonSerializable(typeof(Paginator<ConversationResource>))]
[JsonSerializable(typeof(DataResponse<ConversationResource>))]
[JsonSerializable(typeof(FlextellProblem))]
[JsonSerializable(typeof(Paginator<ConversationMessage>))]
[JsonSerializable(typeof(DataResponse<SentMessage>))]
[JsonSerializable(typeof(DataResponse<ConversationMessage>))]
[JsonSerializable(typeof(DataResponse<DeletedMessage>))]
[JsonSerializable(typeof(DataResponse<ReadResponse>))]
internal sealed partial class FlextellJson : JsonSerializerContext
{
    static FlextellJson() => Default = new FlextellJson(JsonText.Readable(new JsonSerializerOptions(s_defaultOptions)));
}

/// <summary>The response envelope of Flextell.</summary>
/// <param name="Success">The text <c>true</c>: clients of Flextell expect a string.</param>
/// <param name="Data">The resource.</param>
public sealed record DataResponse<T>(string Success, T Data);
