using System.Runtime.InteropServices;
using Microsoft.Extensions.Configuration;
using Parley.Operations;

// The first signal stops between two calls; a second one ends the process.
using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
var configuration = new ConfigurationBuilder().AddEnvironmentVariables().Build();
return await CommandLine.RunAsync(args, configuration, Console.Out, Console.Error, TimeProvider.System, stop.Token);

void Stop(PosixSignalContext signal)
{
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}
