using Azure.Core;
using Azure.Core.Pipeline;
using Parley.Testing.BlobService;

namespace Parley.Testing;

/// <summary>
/// One process's transport to <see cref="StrictBlobs"/>: each attempt of the client is a foreign call of the process.
/// </summary>
internal sealed class BlobTransport(StrictBlobs blobs, TableConnection process) : HttpPipelineTransport
{
    public override Request CreateRequest() => HttpClientTransport.Shared.CreateRequest();

    public override void Process(HttpMessage message) => throw new NotSupportedException("Nothing here is synchronous.");

    public override async ValueTask ProcessAsync(HttpMessage message)
    {
        // Read before the wait: a call that is carried out late must use the bytes that were sent, even if the sender
        // has reused its buffer meanwhile.
        var request = BlobRequestReader.Read(message.Request);
        var answer = await process.CallAsync(
            request.ToCall(),
            () => blobs.Execute(request),
            answer => answer.Status,
            kind => kind == FaultKind.Busy ? ServiceResponse.Refuse(BlobError.ServerBusy) : throw TableConnection.Unanswered(kind, request.ToCall().ToString()),
            message.CancellationToken).ConfigureAwait(false);
        message.Response = ResponseWriter.Write(answer, message.Request);
    }
}
