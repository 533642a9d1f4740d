using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Parley.DevHost;

namespace Parley.Benchmarks;

/// <summary>
/// A host and its worker in one process, so that it can be killed. The process is this program in another mode.
/// </summary>
internal sealed class KilledHost : IDisposable
{
    /// <summary>The first argument of such a process; the port follows. Its settings are its environment.</summary>
    public const string Mode = "serve-until-killed";

    private const string Ready = "ready";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(1);
    private readonly Process process;

    private KilledHost(Process process) => this.process = process;

    /// <summary>Returns a port without a listener.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Starts the process and waits until it serves requests.</summary>
    public static async Task<KilledHost> StartAsync(int port, IReadOnlyDictionary<string, string> settings)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [typeof(KilledHost).Assembly.Location, Mode, port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        var started = Process.Start(start)!;
        var ready = new TaskCompletionSource();
        started.OutputDataReceived += (_, line) =>
        {
            if (line.Data == Ready)
            {
                ready.TrySetResult();
            }
        };
        started.BeginOutputReadLine();
        await ready.Task.WaitAsync(StartTimeout);
        return new KilledHost(started);
    }

    /// <summary>The working set of the process, in bytes.</summary>
    public long WorkingSet
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <summary>The processor time that the process has used.</summary>
    public TimeSpan Cpu
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>The main function of the process.</summary>
    public static async Task<int> ServeAsync(string[] args)
    {
        var settings = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value);
        await using var host = await FunctionsHost.StartAsync(new FunctionsHostOptions
        {
            Settings = settings,
            Port = int.Parse(args[1], CultureInfo.InvariantCulture),
            StartWorkerAsync = async environment => await InProcessWorker.StartAsync(environment),
        });
        Console.WriteLine(Ready);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
        return 0;
    }

    /// <summary>
    /// Sends SIGKILL or the platform's closest equivalent: no handler runs, and no buffer is flushed.
    /// </summary>
    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
