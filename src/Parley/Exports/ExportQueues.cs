using System.Text.Json;
using System.Text.Json.Serialization;
using Azure.Storage.Queues;
using Parley.Core;

namespace Parley.Exports;

/// <summary>What a message of the queues asks for: one step of an export. It carries no content.</summary>
/// <param name="Tenant">The tenant's number.</param>
/// <param name="Export">The export's number.</param>
/// <param name="Step">0 for the file, n for the n-th attempt at the callback.</param>
/// <param name="Waits">How often the message has come back for want of a turn.</param>
public sealed record ExportStep(int Tenant, int Export, int Step, int Waits = 0)
{
    /// <summary>The export.</summary>
    [JsonIgnore]
    public ExportKey Key => new(new TenantId(Tenant), Export);

    /// <summary>Asks for the next step of an export.</summary>
    public static ExportStep Of(Export export) => new(export.Key.Tenant.Number, export.Key.Number, export.Step);

    /// <summary>The message: JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ExportStepJson.Default.ExportStep);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">It did not.</exception>
    public static ExportStep Parse(string json) =>
        JsonSerializer.Deserialize(json, ExportStepJson.Default.ExportStep) is { Tenant: > 0 and <= TenantId.Max, Export: > 0, Step: >= 0 } step
            ? step
            : throw new JsonException("The message names no step of an export.");
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ExportStep))]
internal sealed partial class ExportStepJson : JsonSerializerContext;

/// <summary>Where the steps of exports wait for their turn.</summary>
public interface IExportQueues
{
    /// <summary>Asks for a step.</summary>
    /// <param name="step">Which.</param>
    /// <param name="delay">From now.</param>
    /// <param name="cancellation">Ends the call.</param>
    Task SendAsync(ExportStep step, TimeSpan delay, CancellationToken cancellation);
}

/// <summary>The queues <c>exports</c>, for files, and <c>callbacks</c>, which need not wait for files to be written.</summary>
public sealed class ExportQueues(QueueServiceClient service) : IExportQueues
{
    /// <summary>The queue of files.</summary>
    public const string Files = "exports";

    /// <summary>The queue of callbacks.</summary>
    public const string Callbacks = "callbacks";

    private readonly QueueClient files = service.GetQueueClient(Files);
    private readonly QueueClient callbacks = service.GetQueueClient(Callbacks);

    /// <summary>Creates them, unless they are there.</summary>
    public Task CreateIfNotExistsAsync(CancellationToken cancellation) => Task.WhenAll(
        files.CreateIfNotExistsAsync(cancellationToken: cancellation), callbacks.CreateIfNotExistsAsync(cancellationToken: cancellation));

    /// <inheritdoc/>
    public Task SendAsync(ExportStep step, TimeSpan delay, CancellationToken cancellation)
    {
        // The service counts in whole seconds; nothing is to come too early, for it would only be put back.
        var seconds = Math.Max(0, Math.Ceiling(delay.TotalSeconds));
        var queue = step.Step == 0 ? files : callbacks;
        return queue.SendMessageAsync(step.ToJson(), visibilityTimeout: TimeSpan.FromSeconds(seconds), cancellationToken: cancellation);
    }
}
