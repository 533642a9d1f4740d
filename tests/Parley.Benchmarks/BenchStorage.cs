using System.Diagnostics;
using System.Globalization;
using Parley.DevHost.Common;
using Parley.DevHost.Emulator;

namespace Parley.Benchmarks;

/// <summary>The storage of a measure.</summary>
internal enum StorageKind
{
    /// <summary>The storage server with the latency and limits of the cloud's service.</summary>
    Cloud,

    /// <summary>The storage server with its limits and without latency.</summary>
    Fast,

    Azurite,
}

/// <summary>Storage in a process of its own, empty at first.</summary>
internal sealed class BenchStorage : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(1);
    private readonly StorageKind kind;
    private readonly Azurite? azurite;
    private readonly Process? server;
    private readonly SemaphoreSlim talking = new(1);

    private BenchStorage(StorageKind kind, Azurite? azurite, Process? server, string connectionString) =>
        (this.kind, this.azurite, this.server, ConnectionString) = (kind, azurite, server, connectionString);

    public string ConnectionString { get; }

    /// <summary>The processor time that the process has used.</summary>
    public TimeSpan Cpu
    {
        get
        {
            using var process = Process.GetProcessById(server?.Id ?? azurite!.ProcessId);
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Starts a storage with neither latency nor limits, until <see cref="BeginAsync"/>.</summary>
    public static async Task<BenchStorage> StartAsync(StorageKind kind)
    {
        if (kind == StorageKind.Azurite)
        {
            var emulator = await Azurite.StartAsync(directory: null, line => Console.WriteLine($"  {line}"));
            return new BenchStorage(kind, emulator, null, emulator.ConnectionString);
        }

        var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [Repository.Program("Parley.StorageServer")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        var connectionString = await process.StandardOutput.ReadLineAsync().WaitAsync(StartTimeout);
        return connectionString is null ? throw new BenchmarkException("The storage server did not start.") : new BenchStorage(kind, null, process, connectionString);
    }

    /// <summary>Turns the latency and the limits on: the storage is filled and the measure begins.</summary>
    public Task BeginAsync() => SetAsync(kind == StorageKind.Cloud ? (10, 40) : (0, 0), isLimited: true);

    /// <summary>Turns the latency and the limits off, to fill the storage.</summary>
    public Task PauseAsync() => SetAsync((0, 0), isLimited: false);

    /// <summary>Sets the latency in milliseconds; Azurite keeps its own.</summary>
    public async Task SetAsync((double P50, double P99) latency, bool isLimited)
    {
        await TellAsync(string.Create(CultureInfo.InvariantCulture, $"latency {latency.P50} {latency.P99}"));
        await TellAsync($"limits {(isLimited ? "on" : "off")}");
    }

    /// <summary>The number of requests that were refused as beyond a limit; 0 of Azurite, which has none.</summary>
    public async Task<long> RefusedAsync() => await TellAsync("counts") is { Length: > 0 } counts ? long.Parse(counts.Split(' ')[1], CultureInfo.InvariantCulture) : 0;

    public async ValueTask DisposeAsync()
    {
        if (azurite is not null)
        {
            await azurite.DisposeAsync();
        }

        if (server is not null)
        {
            // It ends when its standard input is closed.
            server.StandardInput.Close();
            await server.WaitForExitAsync();
            server.Dispose();
        }

        talking.Dispose();
    }

    private async Task<string> TellAsync(string command)
    {
        if (server is null)
        {
            return "";
        }

        await talking.WaitAsync();
        try
        {
            await server.StandardInput.WriteLineAsync(command);
            await server.StandardInput.FlushAsync();
            return await server.StandardOutput.ReadLineAsync() ?? throw new BenchmarkException("The storage server has ended.");
        }
        finally
        {
            talking.Release();
        }
    }
}
