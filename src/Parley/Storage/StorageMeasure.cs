using System.Diagnostics.CodeAnalysis;
using Azure.Core;
using Azure.Core.Pipeline;
using Parley.Core;

namespace Parley.Storage;

/// <summary>Measures every attempt of a client's calls (<see cref="Telemetry.StorageCalled"/>).</summary>
/// <param name="service">table, blob or queue.</param>
internal sealed class StorageMeasure(string service) : HttpPipelinePolicy
{
    public override ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        Telemetry.MeasuresStorage ? MeasureAsync(message, pipeline) : ProcessNextAsync(message, pipeline);

    /// <summary>Not measured: Parley calls storage asynchronously only.</summary>
    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        ProcessNext(message, pipeline);

    [SuppressMessage("Design", "CA1031", Justification = "Every exception is counted and thrown again.")]
    private async ValueTask MeasureAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        // Not the app's clock: a test's clock stands still, and only the difference counts.
        var began = TimeProvider.System.GetTimestamp();
        try
        {
            // The pipeline goes on without the caller's context. A step that came back to it would take a simulation
            // away from its thread.
            await ProcessNextAsync(message, pipeline).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Count(message, began, status: 0, e);
            throw;
        }

        Count(message, began, message.Response.Status, failure: null);
    }

    private void Count(HttpMessage message, long began, int status, Exception? failure) => Telemetry.StorageCalled(
        service,
        message.Request.Method.Method,
        status,
        failure,
        isRetry: message.ProcessingContext.RetryNumber > 0,
        TimeProvider.System.GetElapsedTime(began));
}
