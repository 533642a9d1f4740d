using Azure.Core;
using Azure.Core.Pipeline;

namespace Parley.Storage;

/// <summary>
/// Limits the storage client's own retries of some calls: a call that many requests repeat must not become four when
/// storage fails.
/// </summary>
internal sealed class RetryLimit : HttpPipelineSynchronousPolicy
{
    private static readonly string Property = typeof(RetryLimit).FullName!;

    /// <summary>Calls of this asynchronous flow are retried at most this often, until the scope is disposed.</summary>
    public static IDisposable Begin(int retries) =>
        HttpPipeline.CreateHttpMessagePropertiesScope(new Dictionary<string, object?> { [Property] = retries });

    public override void OnSendingRequest(HttpMessage message)
    {
        if (message.TryGetProperty(Property, out var value) && value is int retries)
        {
            message.ResponseClassifier = new Classifier(message.ResponseClassifier, retries);
        }
    }

    /// <summary>Classifies like another one, but nothing is retriable after the last permitted retry.</summary>
    private sealed class Classifier(ResponseClassifier other, int retries) : ResponseClassifier
    {
        public override bool IsErrorResponse(HttpMessage message) => other.IsErrorResponse(message);

        public override bool IsRetriableResponse(HttpMessage message) =>
            message.ProcessingContext.RetryNumber < retries && other.IsRetriableResponse(message);

        public override bool IsRetriableException(Exception exception) => other.IsRetriableException(exception);

        public override bool IsRetriable(HttpMessage message, Exception exception) =>
            message.ProcessingContext.RetryNumber < retries && other.IsRetriable(message, exception);
    }
}
