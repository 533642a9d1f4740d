using System.Globalization;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Parley.Storage;
using Parley.Testing.TableService;

namespace Parley.Testing;

/// <summary>
/// One process's connection to <see cref="StrictTables"/>, and by <see cref="CallAsync{T}"/> to everything else that it
/// calls. After a crash every call through it throws. The data survive; a new connection represents the restarted
/// process.
/// </summary>
/// <remarks>
/// Azure.Core's policies run above it, so each of their retries is a separate call. They wait by the wall clock unless
/// the delay is zero: with <c>RetryMode.Fixed</c> and <c>Delay = TimeSpan.Zero</c> they continue synchronously (the
/// retry policy waits only for a delay above zero). The network time-out is a timer of the wall clock too;
/// <c>Timeout.InfiniteTimeSpan</c> turns it off. <see cref="ClientOptions"/> does both.
/// </remarks>
public sealed class TableConnection : HttpPipelineTransport
{
    private readonly StrictTables tables;
    private readonly TableHooks hooks;
    private int calls;
    private int entitiesRead;
    private long rowsScanned;
    private long bytes;
    private string? crash;

    internal TableConnection(StrictTables tables, string process, TableHooks hooks)
    {
        this.tables = tables;
        this.hooks = hooks;
        Name = process;
    }

    /// <summary>The process's name in traces.</summary>
    public string Name { get; }

    /// <summary>The number of calls, including failed calls, retries and foreign calls.</summary>
    public int Calls => calls;

    /// <summary>The number of entities returned by its reads and queries.</summary>
    public int EntitiesRead => entitiesRead;

    /// <summary>The number of rows that its reads and queries looked at, whether or not they were returned.</summary>
    public long RowsScanned => Interlocked.Read(ref rowsScanned);

    /// <summary>The bytes of the bodies of its requests to the tables and of their responses.</summary>
    public long Bytes => Interlocked.Read(ref bytes);

    public bool IsDead => crash is not null;

    /// <summary>
    /// Options for a client of this connection, with this number of retries and no waiting on the wall clock.
    /// </summary>
    /// <param name="retries">The retries of the client.</param>
    /// <param name="clock">The clock that follows the answers; null for none.</param>
    public TableClientOptions ClientOptions(int retries = 0, StorageClock? clock = null)
    {
        var options = StorageClients.TableOptions(clock);
        options.Transport = this;
        options.Retry.MaxRetries = retries;
        options.Retry.Mode = RetryMode.Fixed;
        options.Retry.Delay = TimeSpan.Zero;
        options.Retry.NetworkTimeout = Timeout.InfiniteTimeSpan;
        options.Diagnostics.IsLoggingEnabled = false;
        options.Diagnostics.IsDistributedTracingEnabled = false;
        options.Diagnostics.IsTelemetryEnabled = false;
        return options;
    }

    /// <summary>A client that uses this connection.</summary>
    public TableServiceClient ServiceClient(int retries = 0, StorageClock? clock = null) => new(StrictTables.ConnectionString, ClientOptions(retries, clock));

    /// <summary>Ends the process immediately.</summary>
    public void Kill() => crash ??= $"{Name} was killed";

    public override Request CreateRequest() => HttpClientTransport.Shared.CreateRequest();

    public override void Process(HttpMessage message) => throw new NotSupportedException("Nothing here is synchronous.");

    public override async ValueTask ProcessAsync(HttpMessage message)
    {
        ThrowIfDead();
        var request = RequestReader.Read(message.Request);
        var call = request.ToCall(Name, Interlocked.Increment(ref calls));
        var (answer, fault) = await CarryOutAsync(
            call,
            () => Execute(request, call),
            fault => fault.Kind == FaultKind.Busy ? ServiceResponse.Refuse(TableError.ServerBusy) : throw Unanswered(fault, call),
            message.CancellationToken).ConfigureAwait(false);
        var response = ResponseWriter.Write(request, answer, fault.Kind == FaultKind.Cut ? fault.Bytes : 0);
        response.Add("Date", tables.Now.ToString("R", CultureInfo.InvariantCulture));
        message.Response = response;
        message.Response.ClientRequestId = message.Request.ClientRequestId;
        var sent = message.Request.Content?.TryComputeLength(out var length) is true ? length : 0;
        Interlocked.Add(ref bytes, sent + (message.Response.ContentStream?.Length ?? 0));
    }

    /// <summary>
    /// Makes a foreign call: it is numbered among the process's calls, and every hook and fault of calls to the tables
    /// applies to it. A call without a response fails as storage clients do: a RequestFailedException with status 503
    /// or 0, or a TaskCanceledException.
    /// </summary>
    /// <param name="foreign">The call.</param>
    /// <param name="carryOut">
    /// Carries out the call synchronously, on the data alone: when the scheduler reaches the call, later, or never. It
    /// must not throw.
    /// </param>
    /// <param name="cancellation">
    /// The caller's token. A call that is cancelled while it waits may still be carried out late.
    /// </param>
    public Task CallAsync(ForeignCall foreign, Action carryOut, CancellationToken cancellation = default) => CallAsync(
        foreign,
        () =>
        {
            carryOut();
            return true;
        },
        cancellation: cancellation);

    /// <inheritdoc cref="CallAsync(ForeignCall, Action, CancellationToken)"/>
    /// <param name="foreign">The call.</param>
    /// <param name="carryOut">
    /// Carries out the call synchronously, on the data alone, and returns the response: when the scheduler reaches the
    /// call, later, or never. It must not throw; a refusal is a response too, which the caller converts to an exception
    /// when it arrives.
    /// </param>
    /// <param name="statusOf">The status of a response, for <see cref="TableHooks.After"/>; by default 200.</param>
    /// <param name="failed">
    /// Returns or throws the caller's result of a call without a response (<see cref="FaultKind.Busy"/>, <see
    /// cref="FaultKind.TimeOut"/>, <see cref="FaultKind.Lost"/>); by default the exceptions of storage clients.
    /// </param>
    /// <param name="cancellation">
    /// The caller's token. A call that is cancelled while it waits may still be carried out late.
    /// </param>
    public async Task<T> CallAsync<T>(
        ForeignCall foreign, Func<T> carryOut, Func<T, int>? statusOf = null, Func<FaultKind, T>? failed = null, CancellationToken cancellation = default)
    {
        ThrowIfDead();
        var call = new TableCall(Name, Interlocked.Increment(ref calls), TableCallKind.Foreign, "", null, [], null) { Foreign = foreign };
        var (answer, fault) = await CarryOutAsync(call, Execute, fault => failed is null ? throw Unanswered(fault, call) : failed(fault.Kind), cancellation)
            .ConfigureAwait(false);
        return fault.Kind == FaultKind.Cut ? throw new NotSupportedException($"Answers of tables alone can be cut: {call}") : answer;

        T Execute()
        {
            var done = carryOut();
            hooks.After?.Invoke(call, statusOf?.Invoke(done) ?? 200);
            return done;
        }
    }

    /// <summary>The exception that a storage client throws when no usable response arrives.</summary>
    internal static Exception Unanswered(FaultKind kind, string what) => kind switch
    {
        FaultKind.Busy => new RequestFailedException(503, $"The server is busy: {what}", "ServerBusy", innerException: null),
        // As Azure.Core's ResponseBodyPolicy does when its network time-out expires.
        FaultKind.TimeOut => new TaskCanceledException($"The operation was cancelled because it exceeded the configured timeout: {what}"),
        // As Azure.Core's HttpClientTransport does with an HttpRequestException.
        _ => new RequestFailedException($"The connection was reset: {what}", new IOException("Connection reset by peer.")),
    };

    private static Exception Unanswered(Fault fault, TableCall call) => Unanswered(fault.Kind, $"{fault.Side} {call}");

    private async ValueTask<(T Response, Fault Fault)> CarryOutAsync<T>(TableCall call, Func<T> execute, Func<Fault, T> failed, CancellationToken cancellation)
    {
        if (hooks.Before is { } before)
        {
            try
            {
                // The code that completes the wait runs the continuation inline, without the thread pool: see
                // Simulation.
                await before(call, cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (hooks.LandsAfterAll?.Invoke(call) == true)
            {
                LetLand(call, execute);
                throw;
            }
        }

        // Another call of the process may have ended it during the wait.
        ThrowIfDead();
        cancellation.ThrowIfCancellationRequested();
        var fault = hooks.Fault?.Invoke(call) ?? Fault.None;
        return (CarryOut(call, fault, execute, failed), fault);
    }

    private T CarryOut<T>(TableCall call, Fault fault, Func<T> execute, Func<Fault, T> failed)
    {
        if (fault.Kind is FaultKind.None or FaultKind.Cut)
        {
            return execute();
        }

        if (fault.Side == FaultSide.After)
        {
            execute();
        }
        else if (fault.Side == FaultSide.Late)
        {
            LetLand(call, execute);
        }

        if (fault.Kind == FaultKind.Crash)
        {
            crash = $"{Name} crashed, {fault.Side}: {call}";
            throw new CrashException(crash);
        }

        return failed(fault);
    }

    private ServiceResponse Execute(TableRequest request, TableCall call)
    {
        if (hooks.Defect is not { } defect || !defect.HasDefect(Name))
        {
            return ExecuteAsSent(request, call);
        }

        return defect.Loses(request)
            ? new ServiceResponse(204) { ETag = "W/\"lost\"" }
            : defect.OfAnswer(request, ExecuteAsSent(defect.OfRequest(request), call));
    }

    private ServiceResponse ExecuteAsSent(TableRequest request, TableCall call)
    {
        var answer = tables.Execute(request, call.Kind == TableCallKind.Query ? hooks.PageRows?.Invoke(call) : null);
        Interlocked.Add(ref entitiesRead, call.IsWrite ? 0 : answer.Rows.Count);
        Interlocked.Add(ref rowsScanned, call.Kind == TableCallKind.Query ? answer.Scanned : answer.Rows.Count);
        hooks.After?.Invoke(call, answer.Parts is [{ Error: not null } refused] ? refused.Status : answer.Status);
        return answer;
    }

    private void LetLand<T>(TableCall call, Func<T> execute)
    {
        var late = hooks.Late ?? throw new InvalidOperationException($"No hook receives late calls: {call}");
        late(call, () => execute());
    }

    private void ThrowIfDead()
    {
        if (crash is not null)
        {
            throw new CrashException($"{crash}. This connection is dead; connect anew.");
        }
    }
}
