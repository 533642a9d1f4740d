using System.Collections.Concurrent;
using Grpc.Core;
using Parley.DevHost.Worker.Messages;

namespace Parley.DevHost.Worker;

/// <summary>The gRPC service that workers call: hands each stream to the connection that waits for its worker id.</summary>
internal sealed class WorkerService(WorkerConnections connections) : FunctionRpc.FunctionRpcBase
{
    /// <summary>Serves one worker until it ends.</summary>
    /// <exception cref="Grpc.Core.RpcException">No worker with this id was started here.</exception>
    public override Task EventStream(IAsyncStreamReader<StreamingMessage> requestStream, IServerStreamWriter<StreamingMessage> responseStream, ServerCallContext context) =>
        connections.ServeAsync(requestStream, responseStream, context.CancellationToken);
}

/// <summary>The connections that wait for their worker, by its id. An id is random and is accepted once, so no other process can take its place.</summary>
internal sealed class WorkerConnections
{
    private readonly ConcurrentDictionary<string, WorkerConnection> expected = new();

    public void Expect(WorkerConnection connection) => expected[connection.WorkerId] = connection;

    /// <summary>No longer waits for a worker that did not connect.</summary>
    public void Forget(WorkerConnection connection) => expected.TryRemove(connection.WorkerId, out _);

    public async Task ServeAsync(IAsyncStreamReader<StreamingMessage> fromWorker, IServerStreamWriter<StreamingMessage> toWorker, CancellationToken cancellationToken)
    {
        if (!await fromWorker.MoveNext(cancellationToken)
            || fromWorker.Current.StartStream is not { } start
            || !expected.TryRemove(start.WorkerId, out var connection))
        {
            throw new Grpc.Core.RpcException(new Status(StatusCode.PermissionDenied, "This host started no such worker."));
        }

        await connection.ServeAsync(fromWorker, toWorker, cancellationToken);
    }
}
