using Azure.Core;
using Azure.Core.Pipeline;
using Parley.Testing.BlobService;

namespace Parley.Testing;

/// <summary>A process's way to <see cref="StrictBlobs"/>: each try of the client's is a foreign call of the process.</summary>
internal sealed class BlobTransport(StrictBlobs blobs, TableConnection process) : HttpPipelineTransport
{
    public override Request CreateRequest() => HttpClientTransport.Shared.CreateRequest();

    public override void Process(HttpMessage message) => throw new NotSupportedException("Nothing here is synchronous.");

    public override async ValueTask ProcessAsync(HttpMessage message)
    {
        // Read before the wait: what is carried out, late too, is what was sent, whatever becomes of the sender's buffer.
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
