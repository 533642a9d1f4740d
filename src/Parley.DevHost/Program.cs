using System.Runtime.InteropServices;
using Parley.DevHost.Commands;
using Parley.DevHost.Common;

const int Failed = 1, WrongUsage = 2, Interrupted = 130;

if (RunOptions.Parse(args, out var error) is not { } options)
{
    await Console.Error.WriteLineAsync($"dev run: {error} See ./dev run --help");
    return WrongUsage;
}

if (options.ShowHelp)
{
    Console.WriteLine(RunOptions.Help);
    return 0;
}

// The first signal stops the host gracefully. A second one has its default effect: it ends the process, and Azurite
// with it.
using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    await new DevRun(options).ServeAsync(stop.Token);
    return 0;
}
catch (Exception e) when (e is HostStartException or HttpRequestException)
{
    await Console.Error.WriteLineAsync($"dev run: {e.Message}");
    return Failed;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return Interrupted;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}
