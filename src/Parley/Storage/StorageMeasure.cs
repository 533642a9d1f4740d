using System.Diagnostics.CodeAnalysis;
using Azure.Core;
using Azure.Core.Pipeline;
using Parley.Core;

namespace Parley.Storage;

/// <summary>Measures every attempt of a client's calls (<see cref="Telemetry.StorageCalled"/>).</summary>
/// <param name="service">table, blob or queue.</param>
internal sealed class StorageMeasure(string service) : HttpPipelinePolicy
{
    [SuppressMessage("Design", "CA1031", Justification = "Every exception is counted and thrown again.")]
    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        if (!Telemetry.MeasuresStorage)
        {
            await ProcessNextAsync(message, pipeline);
            return;
        }

        // Not the app's clock: a test's clock stands still, and only the difference counts.
        var began = TimeProvider.System.GetTimestamp();
        try
        {
            await ProcessNextAsync(message, pipeline);
        }
        catch (Exception e)
        {
            Count(message, began, status: 0, e);
            throw;
        }

        Count(message, began, message.Response.Status, failure: null);
    }

    /// <summary>Not measured: Parley calls storage asynchronously only.</summary>
    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        ProcessNext(message, pipeline);

    private void Count(HttpMessage message, long began, int status, Exception? failure) => Telemetry.StorageCalled(
        service,
        message.Request.Method.Method,
        status,
        failure,
        isRetry: message.ProcessingContext.RetryNumber > 0,
        TimeProvider.System.GetElapsedTime(began));
}
