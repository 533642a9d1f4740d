using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Parley.DevHost.Common;
using Parley.DevHost.Worker.Messages;

namespace Parley.DevHost.Worker;

/// <summary>The gRPC stream of one worker process: requests and their responses, invocations, and the worker's log. Thread-safe.</summary>
/// <param name="workerId">The id that the worker starts its stream with.</param>
/// <param name="log">Takes the worker's log entries.</param>
internal sealed class WorkerConnection(string workerId, Action<RpcLog> log)
{
    // Requests wait when the worker reads slower than this; every caller has one message here at most.
    private const int MaxUnsentMessages = 1000;

    private readonly Channel<StreamingMessage> unsent = Channel.CreateBounded<StreamingMessage>(MaxUnsentMessages);
    private readonly ConcurrentDictionary<string, TaskCompletionSource<StreamingMessage>> requests = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<InvocationResponse>> invocations = new();
    private readonly ConcurrentDictionary<string, bool> abandoned = new();
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
        var response = Expect(requests, request.RequestId);
        try
        {
            await WriteAsync(request);
            return await response.WaitAsync(cancellationToken);
        }
        finally
        {
            requests.TryRemove(request.RequestId, out _);
        }
    }

    /// <summary>Runs a function and returns when it has ended, however it ended. The token only asks the function to end.</summary>
    /// <exception cref="WorkerLostException">The worker has ended; what the function did before is not known.</exception>
    public async Task<InvocationResponse> InvokeAsync(InvocationRequest request, CancellationToken cancellationToken)
    {
        var response = Expect(invocations, request.InvocationId);
        try
        {
            await WriteAsync(new StreamingMessage { InvocationRequest = request });

            // Not before: a worker ignores the cancellation of an invocation that it has not got.
            await using var cancellation = cancellationToken.Register(() => _ = CancelAsync(request.InvocationId));
            return await response;
        }
        finally
        {
            invocations.TryRemove(request.InvocationId, out _);
        }
    }

    /// <summary>Drops what the worker logs of an invocation until it has ended: nobody waits for it any more.</summary>
    public void Abandon(string invocationId)
    {
        abandoned.TryAdd(invocationId, true);

        // It may have ended before, and would never be removed.
        if (!invocations.ContainsKey(invocationId))
        {
            abandoned.TryRemove(invocationId, out _);
        }
    }

    /// <summary>Asks the worker to stop. Invocations must have ended: it waits for none but those of HTTP functions.</summary>
    public void Terminate() => unsent.Writer.TryWrite(new StreamingMessage { WorkerTerminate = new WorkerTerminate() });

    /// <summary>Fails all pending requests and invocations, and those to come: the worker has ended.</summary>
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
        var writing = WriteAllAsync(toWorker, cancellationToken);
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

    private async Task WriteAllAsync(IServerStreamWriter<StreamingMessage> toWorker, CancellationToken cancellationToken)
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
                if (!abandoned.ContainsKey(message.RpcLog.InvocationId))
                {
                    log(message.RpcLog);
                }

                break;
            case StreamingMessage.ContentOneofCase.InvocationResponse:
                abandoned.TryRemove(message.InvocationResponse.InvocationId, out _);
                if (invocations.TryRemove(message.InvocationResponse.InvocationId, out var invocation))
                {
                    invocation.TrySetResult(message.InvocationResponse);
                }

                break;
            default:
                if (requests.TryRemove(message.RequestId, out var request))
                {
                    request.TrySetResult(message);
                }

                break;
        }
    }

    private Task<T> Expect<T>(ConcurrentDictionary<string, TaskCompletionSource<T>> waiting, string id)
    {
        var response = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting[id] = response;

        // End may have failed all that waited before this one was there.
        if (ended.Task.IsCompleted)
        {
            response.TrySetException(new WorkerLostException());
        }

        return response.Task;
    }

    private async Task WriteAsync(StreamingMessage message)
    {
        try
        {
            await unsent.Writer.WriteAsync(message);
        }
        catch (ChannelClosedException)
        {
            throw new WorkerLostException();
        }
    }

    private async Task CancelAsync(string invocationId)
    {
        try
        {
            await WriteAsync(new StreamingMessage { InvocationCancel = new InvocationCancel { InvocationId = invocationId } });
        }
        catch (WorkerLostException)
        {
            // The invocation has ended with its worker.
        }
    }
}

/// <summary>The worker process ended before it answered.</summary>
internal sealed class WorkerLostException() : Exception("The worker process ended.");
