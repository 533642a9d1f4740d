using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>A message of the queues <c>exports</c> and <c>callbacks</c>: the next step of an export.</summary>
/// <param name="Tenant">The tenant's number.</param>
/// <param name="Export">The export's number.</param>
/// <param name="Step">0 for the file, n for the n-th attempt to deliver the webhook.</param>
/// <param name="Waits">The number of requeues because the tenant had no free slot.</param>
public sealed record ExportStep(int Tenant, int Export, int Step, int Waits = 0) : IWorkMessage<ExportStep>
{
    public const string FileQueue = "exports";

    /// <summary>A queue of its own for webhooks, so that they do not wait until files are written.</summary>
    public const string WebhookQueue = "callbacks";

    static IReadOnlyList<string> IWorkMessage<ExportStep>.QueueNames => [FileQueue, WebhookQueue];

    [JsonIgnore]
    public ExportKey Key => new(new TenantId(Tenant), Export);

    TenantId? IWorkMessage<ExportStep>.Owner => Key.Tenant;

    [JsonIgnore]
    public string QueueName => Step == 0 ? FileQueue : WebhookQueue;

    /// <summary>The message for the next step of an export.</summary>
    public static ExportStep Of(Export export) => new(export.Key.Tenant.Number, export.Key.Number, export.Step);

    /// <inheritdoc/>
    public string ToJson() => JsonSerializer.Serialize(this, ExportStepJson.Default.ExportStep);

    /// <inheritdoc/>
    public static ExportStep Parse(string json) =>
        JsonSerializer.Deserialize(json, ExportStepJson.Default.ExportStep)
            is { Tenant: > 0 and <= TenantId.Max, Export: > 0, Step: >= 0 } step
            ? step
            : throw new JsonException("The message names no step of an export.");
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ExportStep))]
internal sealed partial class ExportStepJson : JsonSerializerContext;
