using System.Net.Sockets;
using Parley.DevHost.Common;
using Parley.DevHost.Worker.Messages;

namespace Parley.DevHost.Worker;

/// <summary>One worker process of the app, with its functions loaded.</summary>
internal sealed class RunningWorker : IDisposable
{
    private const int MaxStarts = 3;
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(10);

    // After closing its stream a worker only disposes its services.
    private static readonly TimeSpan ExitLimit = TimeSpan.FromSeconds(10);

    private readonly IWorkerProcess process;
    private readonly WorkerConnection connection;
    private Dictionary<string, string> idsByName = [];

    internal RunningWorker(IWorkerProcess process, WorkerConnection connection)
    {
        this.process = process;
        this.connection = connection;
        Ended = EndAsync();
    }

    /// <summary>All functions of the app, ordered by name. Not all are necessarily loaded in this process.</summary>
    public IReadOnlyList<AppFunction> Functions { get; private set; } = [];

    /// <summary>The address of the worker's web server.</summary>
    public string HttpAddress { get; private set; } = "";

    /// <summary>Completes when the process has ended.</summary>
    public Task Ended { get; }

    /// <summary>
    /// Completes when invocations can no longer be sent: the process has closed its stream or has ended.
    /// </summary>
    public Task Lost => connection.Ended;

    public int ProcessId => process.Id;

    public int ExitCode => process.ExitCode;

    /// <summary>Starts a process and returns when it is ready for invocations.</summary>
    /// <param name="program">The worker program and its settings.</param>
    /// <param name="connections">Assigns the worker's stream to its connection.</param>
    /// <param name="loads">Selects the functions to load in this process.</param>
    /// <param name="log">Receives the worker's log entries and output.</param>
    /// <exception cref="HostStartException">
    /// The process ended or was not ready in time; the message contains its output.
    /// </exception>
    public static async Task<RunningWorker> StartAsync(
        WorkerProgram program,
        WorkerConnections connections,
        Func<AppFunction, bool> loads,
        WorkerLog log,
        CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await StartOnceAsync(program, connections, loads, log, cancellationToken);
            }
            catch (HostStartException e) when (tries < MaxStarts
                && e.Message.Contains("address already in use", StringComparison.Ordinal))
            {
                // The worker finds a free port first and binds it later. In between another process has bound the port.
            }
        }
    }

    private static async Task<RunningWorker> StartOnceAsync(
        WorkerProgram program,
        WorkerConnections connections,
        Func<AppFunction, bool> loads,
        WorkerLog log,
        CancellationToken cancellationToken)
    {
        var workerConnection = new WorkerConnection(RandomId.New(), log.Write);
        connections.Expect(workerConnection);
        var isReady = false;
        var environment = program.Environment(workerConnection.WorkerId);
        var workerProcess = program.StartAsync is { } start ? await start(environment) : new ChildProcess(
            DotnetPath(),
            [program.Assembly],
            program.Directory,
            "install the .NET SDK 10.",

            // Before the worker is ready its output is not logged, but kept for the error message.
            line =>
            {
                if (Volatile.Read(ref isReady) || program.Attach)
                {
                    log.Write(line);
                }
            },
            environment);
        var worker = new RunningWorker(workerProcess, workerConnection);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            if (!program.Attach)
            {
                limit.CancelAfter(StartLimit);
            }

            await worker.LoadAsync(program, loads, limit.Token);
            Volatile.Write(ref isReady, true);
            return worker;
        }
        catch (WorkerLostException e)
        {
            // The output is complete only when the process has ended.
            await worker.Ended.WaitAsync(StartLimit, TimeProvider.System, CancellationToken.None)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new HostStartException($"The app cannot start: {Describe(workerProcess)}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HostStartException(
                $"The app was not ready after {StartLimit.TotalSeconds:0} s; it wrote: {workerProcess.Output}",
                e);
        }
        finally
        {
            if (!Volatile.Read(ref isReady))
            {
                connections.Forget(workerConnection);
                await worker.StopAsync(TimeSpan.Zero);
                worker.Dispose();
            }
        }
    }

    /// <summary>
    /// Runs a function and returns when it has ended. The token only requests cancellation of the invocation.
    /// </summary>
    /// <exception cref="WorkerLostException">The process ended first.</exception>
    /// <exception cref="FunctionFailedException">The function threw.</exception>
    public async Task InvokeAsync(
        string function,
        string invocationId,
        string parameter,
        TriggerValue value,
        TraceContext trace,
        CancellationToken cancellationToken)
    {
        var request = new InvocationRequest
        {
            InvocationId = invocationId,
            FunctionId = idsByName[function],
            InputData = { new ParameterBinding { Name = parameter, Data = value.Data } },
            TraceContext = new RpcTraceContext { TraceParent = trace.Parent, TraceState = trace.State },
        };
        foreach (var (name, data) in value.Metadata)
        {
            request.TriggerMetadata[name] = data;
        }

        var response = await connection.InvokeAsync(request, cancellationToken);
        if (response.Result.Status != StatusResult.Types.Status.Success)
        {
            throw new FunctionFailedException(response.Result.Exception);
        }
    }

    /// <summary>Drops further log entries of an invocation whose result is no longer needed.</summary>
    public void Abandon(string invocationId) => connection.Abandon(invocationId);

    /// <summary>Requests the end of the process, waits for it, and kills the process after the limit.</summary>
    public async Task StopAsync(TimeSpan limit)
    {
        connection.Terminate();
        try
        {
            await Ended.WaitAsync(limit, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            process.Kill();
            await Ended;
        }
    }

    /// <summary>Ends the process at once, if it is still running.</summary>
    public void Dispose() => process.Dispose();

    // If this process was started by a dotnet executable, the worker is started by the same one.
    private static string DotnetPath() =>
        Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";

    private static string Describe(IWorkerProcess ended) =>
        ended.Output.Length > 0
            ? ended.Output
            : $"its process ended with exit code {ended.ExitCode} and wrote nothing.";

    private static void ThrowIfFailed(StatusResult result, string step)
    {
        if (result.Status != StatusResult.Types.Status.Success)
        {
            throw new HostStartException($"The app cannot {step}: {result.Exception?.Message ?? "it gave no reason"}");
        }
    }

    private async Task LoadAsync(
        WorkerProgram program, Func<AppFunction, bool> loads, CancellationToken cancellationToken)
    {
        await await Task.WhenAny(connection.Connected.WaitAsync(cancellationToken), Ended);
        var initialized = (await connection.RequestAsync(
            new StreamingMessage
            {
                WorkerInitRequest = new WorkerInitRequest
                {
                    HostVersion = "4.0.0",
                    WorkerDirectory = program.Directory,
                    FunctionAppDirectory = program.Directory,
                },
            },
            cancellationToken)).WorkerInitResponse;
        ThrowIfFailed(initialized.Result, "start");
        HttpAddress = initialized.Capabilities.GetValueOrDefault("HttpUri")
            ?? throw new HostStartException(
                "The app has no web server of its own: it must call ConfigureFunctionsWebApplication.");
        await WaitForWebServerAsync(new Uri(HttpAddress), cancellationToken);
        var described = (await connection.RequestAsync(
            new StreamingMessage
            {
                FunctionsMetadataRequest = new FunctionsMetadataRequest { FunctionAppDirectory = program.Directory },
            },
            cancellationToken)).FunctionMetadataResponse;
        ThrowIfFailed(described.Result, "describe its functions");
        var functions = described.FunctionMetadataResults
            .Select(metadata => (Metadata: metadata, Function: AppFunction.Read(metadata)))
            .ToList();
        Functions =
        [
            .. functions
                .Select(pair => pair.Function)
                .OrderBy(function => function.Name, StringComparer.OrdinalIgnoreCase),
        ];
        idsByName = Functions.ToDictionary(function => function.Name, function => function.Id);
        await Task.WhenAll(functions.Where(pair => loads(pair.Function)).Select(async pair =>
        {
            var loaded = await connection.RequestAsync(
                new StreamingMessage { FunctionLoadRequest = AppFunction.LoadRequest(pair.Metadata) },
                cancellationToken);
            ThrowIfFailed(loaded.FunctionLoadResponse.Result, $"load its function {pair.Function.Name}");
        }));
    }

    /// <summary>
    /// Waits until the worker's web server accepts connections. The worker responds to the host before that, but
    /// requests cannot be forwarded yet.
    /// </summary>
    private async Task WaitForWebServerAsync(Uri address, CancellationToken cancellationToken)
    {
        while (!Ended.IsCompleted)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(address.Host, address.Port, cancellationToken);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(ProbeInterval, TimeProvider.System, cancellationToken);
            }
        }
    }

    /// <summary>
    /// Waits for the end of the process. A process that has closed its stream can serve no requests, so it is killed
    /// after a time limit.
    /// </summary>
    private async Task EndAsync()
    {
        var exited = process.WaitForExitAsync(CancellationToken.None);
        if (await Task.WhenAny(exited, connection.Ended) != exited)
        {
            await exited.WaitAsync(ExitLimit, TimeProvider.System)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!exited.IsCompleted)
            {
                process.Kill();
            }

            await exited;
        }

        connection.End();
    }
}
