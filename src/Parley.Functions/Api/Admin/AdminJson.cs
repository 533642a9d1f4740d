using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Core;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Admin;

/// <summary>Serializes the responses of the administration, and bounds its requests.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(IsoTime)])]
[JsonSerializable(typeof(TenantResponse))]
[JsonSerializable(typeof(ApiKeyResponse))]
[JsonSerializable(typeof(WebhookSecretResponse))]
[JsonSerializable(typeof(TenantDeletionResponse))]
[JsonSerializable(typeof(TenantDryRunResponse))]
[JsonSerializable(typeof(TenantDetailsResponse))]
[JsonSerializable(typeof(ListedTenantResponse))]
[JsonSerializable(typeof(CursorList<ListedTenantResponse>))]
[JsonSerializable(typeof(ListedApiKeyResponse))]
[JsonSerializable(typeof(CursorList<ListedApiKeyResponse>))]
[JsonSerializable(typeof(CursorList<AuditEntryResponse>))]
internal sealed partial class AdminJson : JsonSerializerContext
{
    /// <summary>The bytes of a request.</summary>
    public const int MaxBody = 16 * 1024;

    static AdminJson() => Default = new AdminJson(JsonText.Readable(new JsonSerializerOptions(s_defaultOptions)));
}
