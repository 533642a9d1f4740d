using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Parley.Testing.TableService;

namespace Parley.Testing;

/// <summary>
/// One process's way to <see cref="StrictTables"/>. After a crash every call through it throws; the data live on, and a new connection
/// is the restarted process.
/// </summary>
/// <remarks>
/// Azure.Core's policies run above it, so each of their retries is a call of its own. They wait by the wall clock unless the delay is
/// zero: <c>RetryMode.Fixed</c> with <c>Delay = TimeSpan.Zero</c> makes them go on within the same synchronous stretch of code (the retry
/// policy waits only for a delay above zero). The network time-out is a timer of the wall clock too; <c>Timeout.InfiniteTimeSpan</c>
/// turns it off. <see cref="ClientOptions"/> does both.
/// </remarks>
public sealed class TableConnection : HttpPipelineTransport
{
    private readonly StrictTables tables;
    private readonly TableHooks hooks;
    private int calls;
    private int entitiesRead;
    private string? crash;

    internal TableConnection(StrictTables tables, string process, TableHooks hooks)
    {
        this.tables = tables;
        this.hooks = hooks;
        Name = process;
    }

    /// <summary>The process's name in traces.</summary>
    public string Name { get; }

    /// <summary>How many calls reached it, failed ones and retries included.</summary>
    public int Calls => calls;

    /// <summary>How many entities its reads and queries were answered with.</summary>
    public int EntitiesRead => entitiesRead;

    /// <summary>Whether the process has ended.</summary>
    public bool IsDead => crash is not null;

    /// <summary>Options of a client through this connection, with that many retries and no waiting on the wall clock.</summary>
    public TableClientOptions ClientOptions(int retries = 0) => new()
    {
        Transport = this,
        Retry = { MaxRetries = retries, Mode = RetryMode.Fixed, Delay = TimeSpan.Zero, NetworkTimeout = Timeout.InfiniteTimeSpan },
        Diagnostics = { IsLoggingEnabled = false, IsDistributedTracingEnabled = false, IsTelemetryEnabled = false },
    };

    /// <summary>A client through this connection.</summary>
    public TableServiceClient ServiceClient(int retries = 0) => new(StrictTables.ConnectionString, ClientOptions(retries));

    /// <summary>Ends the process here and now.</summary>
    public void Kill() => crash ??= $"{Name} was killed";

    public override Request CreateRequest() => HttpClientTransport.Shared.CreateRequest();

    public override void Process(HttpMessage message) => throw new NotSupportedException("Nothing here is synchronous.");

    public override async ValueTask ProcessAsync(HttpMessage message)
    {
        ThrowIfDead();
        var request = RequestReader.Read(message.Request);
        var call = request.ToCall(Name, Interlocked.Increment(ref calls));
        if (hooks.Before is { } before)
        {
            try
            {
                // Whoever completes the wait runs what follows, without a detour over the thread pool: see Simulation.
                await before(call, message.CancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (hooks.LandsAfterAll?.Invoke(call) == true)
            {
                ExecuteLate(request, call);
                throw;
            }
        }

        // Another call of the process may have ended it in the meantime.
        ThrowIfDead();
        message.CancellationToken.ThrowIfCancellationRequested();
        var fault = hooks.Fault?.Invoke(call) ?? Fault.None;
        var answer = Carry(request, call, fault);
        message.Response = AnswerWriter.Write(request, answer, fault.Kind == FaultKind.Cut ? fault.Bytes : 0);
        message.Response.ClientRequestId = message.Request.ClientRequestId;
    }

    private Answer Carry(TableRequest request, TableCall call, Fault fault)
    {
        if (fault.Kind is FaultKind.None or FaultKind.Cut)
        {
            return Execute(request, call);
        }

        if (fault.Side == FaultSide.After)
        {
            Execute(request, call);
        }
        else if (fault.Side == FaultSide.Late)
        {
            ExecuteLate(request, call);
        }

        switch (fault.Kind)
        {
            case FaultKind.Crash:
                crash = $"{Name} crashed, {fault.Side}: {call}";
                throw new CrashException(crash);
            case FaultKind.Busy:
                return Answer.Refuse(TableError.ServerBusy);
            case FaultKind.TimeOut:
                // As Azure.Core's ResponseBodyPolicy does when its network time-out fires.
                throw new TaskCanceledException($"The operation was cancelled because it exceeded the configured timeout: {fault.Side} {call}");
            default:
                // As Azure.Core's HttpClientTransport does with an HttpRequestException.
                throw new RequestFailedException($"The connection was reset: {fault.Side} {call}", new IOException("Connection reset by peer."));
        }
    }

    private Answer Execute(TableRequest request, TableCall call)
    {
        var answer = tables.Execute(request, call.Kind == TableCallKind.Query ? hooks.PageRows?.Invoke(call) : null);
        Interlocked.Add(ref entitiesRead, call.IsWrite ? 0 : answer.Rows.Count);
        hooks.After?.Invoke(call, answer.Parts is [{ Error: not null } refused] ? refused.Status : answer.Status);
        return answer;
    }

    private void ExecuteLate(TableRequest request, TableCall call)
    {
        var late = hooks.Late ?? throw new InvalidOperationException($"Nobody takes what is late: {call}");
        late(call, () => Execute(request, call));
    }

    private void ThrowIfDead()
    {
        if (crash is not null)
        {
            throw new CrashException($"{crash}. This connection is dead; connect anew.");
        }
    }
}
