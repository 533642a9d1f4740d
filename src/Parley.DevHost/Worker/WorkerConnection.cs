using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Parley.DevHost.Common;
using Parley.DevHost.Worker.Messages;

namespace Parley.DevHost.Worker;

/// <summary>The conversation with one worker process: requests and their responses, invocations, and the worker's log. Thread-safe.</summary>
/// <param name="workerId">The id that the worker starts its stream with.</param>
/// <param name="log">Takes the worker's log entries.</param>
internal sealed class WorkerConnection(string workerId, Action<RpcLog> log)
{
    // Requests wait when the worker reads slower than this; every caller has one message here at most.
    private const int MaxUnsentMessages = 1000;

    private readonly Channel<StreamingMessage> unsent = Channel.CreateBounded<StreamingMessage>(MaxUnsentMessages);
    private readonly ConcurrentDictionary<string, TaskCompletionSource<StreamingMessage>> requests = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<InvocationResponse>> invocations = new();
    private readonly TaskCompletionSource connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string WorkerId => workerId;

    /// <summary>Completes when the worker has opened its stream.</summary>
    public Task Connected => connected.Task;

    /// <summary>Completes when the worker has closed its stream or its process has ended.</summary>
    public Task Ended => ended.Task;

    /// <summary>Sends a request and returns the response to it.</summary>
    /// <exception cref="WorkerLostException">The worker has ended.</exception>
    public async Task<StreamingMessage> RequestAsync(StreamingMessage request, CancellationToken cancellationToken)
    {
        request.RequestId = RandomId.New();
        return await SendAsync(requests, request.RequestId, request, cancellationToken);
    }

    /// <summary>Runs a function and returns when it has ended, however it ended. The token only asks the function to end.</summary>
    /// <exception cref="WorkerLostException">The worker has ended; what the function did before is not known.</exception>
    public async Task<InvocationResponse> InvokeAsync(InvocationRequest request, CancellationToken cancellationToken)
    {
        await using var cancellation = cancellationToken.Register(() =>
            unsent.Writer.TryWrite(new StreamingMessage { InvocationCancel = new InvocationCancel { InvocationId = request.InvocationId } }));
        return await SendAsync(invocations, request.InvocationId, new StreamingMessage { InvocationRequest = request }, CancellationToken.None);
    }

    /// <summary>Asks the worker to end; it lets running functions finish first.</summary>
    public void Terminate() => unsent.Writer.TryWrite(new StreamingMessage { WorkerTerminate = new WorkerTerminate() });

    /// <summary>The worker's process has ended: whatever waits for it fails.</summary>
    public void End()
    {
        ended.TrySetResult();
        unsent.Writer.TryComplete();
        foreach (var request in requests.Values)
        {
            request.TrySetException(new WorkerLostException());
        }

        foreach (var invocation in invocations.Values)
        {
            invocation.TrySetException(new WorkerLostException());
        }
    }

    /// <summary>Reads and writes the worker's stream until either side ends it.</summary>
    public async Task ServeAsync(IAsyncStreamReader<StreamingMessage> fromWorker, IServerStreamWriter<StreamingMessage> toWorker, CancellationToken cancellationToken)
    {
        connected.TrySetResult();
        var writing = WriteAsync(toWorker, cancellationToken);
        try
        {
            while (await fromWorker.MoveNext(cancellationToken))
            {
                Receive(fromWorker.Current);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The process has ended. What ends with it is the same as when it closes the stream.
        }
        finally
        {
            End();
            await writing;
        }
    }

    private async Task WriteAsync(IServerStreamWriter<StreamingMessage> toWorker, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var message in unsent.Reader.ReadAllAsync(cancellationToken))
            {
                await toWorker.WriteAsync(message, cancellationToken);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The stream is closed (gRPC says so with the last of these); the reader notices it too.
        }
    }

    private void Receive(StreamingMessage message)
    {
        switch (message.ContentCase)
        {
            case StreamingMessage.ContentOneofCase.RpcLog:
                log(message.RpcLog);
                break;
            case StreamingMessage.ContentOneofCase.InvocationResponse when invocations.TryRemove(message.InvocationResponse.InvocationId, out var invocation):
                invocation.TrySetResult(message.InvocationResponse);
                break;
            default:
                if (requests.TryRemove(message.RequestId, out var request))
                {
                    request.TrySetResult(message);
                }

                break;
        }
    }

    private async Task<T> SendAsync<T>(
        ConcurrentDictionary<string, TaskCompletionSource<T>> waiting, string id, StreamingMessage message, CancellationToken cancellationToken)
    {
        var response = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting[id] = response;
        try
        {
            await unsent.Writer.WriteAsync(message, cancellationToken);

            // The worker may have ended after the first line above, and before the second.
            if (ended.Task.IsCompleted)
            {
                response.TrySetException(new WorkerLostException());
            }

            return await response.Task.WaitAsync(cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw new WorkerLostException();
        }
        finally
        {
            waiting.TryRemove(id, out _);
        }
    }
}

/// <summary>The worker process ended before it answered.</summary>
internal sealed class WorkerLostException() : Exception("The worker process ended.");
