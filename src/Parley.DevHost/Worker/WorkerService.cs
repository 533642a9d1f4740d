using System.Collections.Concurrent;
using Grpc.Core;
using Parley.DevHost.Worker.Messages;

namespace Parley.DevHost.Worker;

/// <summary>
/// The gRPC service that workers call. It assigns each stream to the connection with the worker's id.
/// </summary>
internal sealed class WorkerService(WorkerConnections connections) : FunctionRpc.FunctionRpcBase
{
    /// <summary>Serves one worker until it ends.</summary>
    /// <exception cref="Grpc.Core.RpcException">
    /// This host did not start a worker with this id, or the worker is already connected.
    /// </exception>
    public override Task EventStream(
        IAsyncStreamReader<StreamingMessage> requestStream,
        IServerStreamWriter<StreamingMessage> responseStream,
        ServerCallContext context) =>
        connections.ServeAsync(requestStream, responseStream, context.CancellationToken);
}

/// <summary>
/// The connections whose workers have not connected yet, by worker id. Ids are random and each is accepted once, so
/// that no other process can impersonate a worker. Thread-safe.
/// </summary>
internal sealed class WorkerConnections
{
    private readonly ConcurrentDictionary<string, WorkerConnection> expected = new();

    public void Expect(WorkerConnection connection) => expected[connection.WorkerId] = connection;

    /// <summary>Removes the connection of a worker that failed to start.</summary>
    public void Forget(WorkerConnection connection) => expected.TryRemove(connection.WorkerId, out _);

    public async Task ServeAsync(
        IAsyncStreamReader<StreamingMessage> fromWorker,
        IServerStreamWriter<StreamingMessage> toWorker,
        CancellationToken cancellationToken)
    {
        if (!await fromWorker.MoveNext(cancellationToken)
            || fromWorker.Current.StartStream is not { } start
            || !expected.TryRemove(start.WorkerId, out var connection))
        {
            throw new Grpc.Core.RpcException(
                new Status(StatusCode.PermissionDenied, "This host started no such worker."));
        }

        await connection.ServeAsync(fromWorker, toWorker, cancellationToken);
    }
}
