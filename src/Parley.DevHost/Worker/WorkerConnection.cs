using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Parley.DevHost.Common;
using Parley.DevHost.Worker.Messages;

namespace Parley.DevHost.Worker;

/// <summary>
/// The gRPC stream of one worker process: requests and responses, invocations, and the worker's log. Thread-safe.
/// </summary>
/// <param name="workerId">The id in the first message of the worker's stream.</param>
/// <param name="log">Receives the worker's log entries.</param>
internal sealed class WorkerConnection(string workerId, Action<RpcLog> log)
{
    // If the worker reads too slowly and this many messages are unsent, callers wait. Each caller has at most one
    // message in the channel.
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

    /// <summary>
    /// Runs a function and returns when it has ended, successfully or not. The token only requests cancellation of the
    /// invocation.
    /// </summary>
    /// <exception cref="WorkerLostException">
    /// The worker has ended; it is unknown how far the function has run.
    /// </exception>
    public async Task<InvocationResponse> InvokeAsync(InvocationRequest request, CancellationToken cancellationToken)
    {
        var response = Expect(invocations, request.InvocationId);
        try
        {
            await WriteAsync(new StreamingMessage { InvocationRequest = request });

            // Registered after the request is enqueued: a worker ignores the cancellation of an invocation that it has
            // not received.
            await using var cancellation = cancellationToken.Register(() => _ = CancelAsync(request.InvocationId));
            return await response;
        }
        finally
        {
            invocations.TryRemove(request.InvocationId, out _);
        }
    }

    /// <summary>
    /// Drops the worker's log entries of an invocation until it ends, because its result is no longer needed.
    /// </summary>
    public void Abandon(string invocationId)
    {
        abandoned.TryAdd(invocationId, true);

        // If the invocation has already ended, no response will arrive that removes the entry.
        if (!invocations.ContainsKey(invocationId))
        {
            abandoned.TryRemove(invocationId, out _);
        }
    }

    /// <summary>
    /// Requests the end of the worker. Invocations must have ended before: the worker waits only for those of HTTP
    /// functions.
    /// </summary>
    public void Terminate() => unsent.Writer.TryWrite(new StreamingMessage { WorkerTerminate = new WorkerTerminate() });

    /// <summary>Fails all pending and later requests and invocations, because the worker has ended.</summary>
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
    public async Task ServeAsync(
        IAsyncStreamReader<StreamingMessage> fromWorker,
        IServerStreamWriter<StreamingMessage> toWorker,
        CancellationToken cancellationToken)
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
            // The process has ended. The clean-up is the same as after the worker has closed the stream.
        }
        finally
        {
            End();
            await writing;
        }
    }

    private async Task WriteAllAsync(
        IServerStreamWriter<StreamingMessage> toWorker, CancellationToken cancellationToken)
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
            // The stream is closed; in this case gRPC throws InvalidOperationException. The reader detects it too.
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

        // End may have failed all pending entries before this one was added.
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
            await WriteAsync(new StreamingMessage
            {
                InvocationCancel = new InvocationCancel { InvocationId = invocationId },
            });
        }
        catch (WorkerLostException)
        {
            // The invocation has ended with its worker.
        }
    }
}

/// <summary>The worker process ended before it sent a response.</summary>
internal sealed class WorkerLostException() : Exception("The worker process ended.");
