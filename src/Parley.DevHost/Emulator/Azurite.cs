using System.Text.RegularExpressions;
using Parley.DevHost.Common;

namespace Parley.DevHost.Emulator;

/// <summary>
/// The storage emulator as a child process on free ports of 127.0.0.1. It ends when this object is disposed, and also
/// when this process ends for any reason.
/// </summary>
public sealed partial class Azurite : IAsyncDisposable
{
    // The emulator's documented account, the same in every installation. The key is not a secret.
    private const string Account = "devstoreaccount1";
    private const string Key =
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly string[] Arguments =
    [
        "--silent", "--skipApiVersionCheck", "--disableTelemetry", "--disableProductStyleUrl",
        "--blobHost", "127.0.0.1", "--queueHost", "127.0.0.1", "--tableHost", "127.0.0.1",
        "--blobPort", "0", "--queuePort", "0", "--tablePort", "0",
        // Longer than clients keep idle connections, so that they never write to a connection that Azurite is closing.
        "--blobKeepAliveTimeout", "600", "--queueKeepAliveTimeout", "600", "--tableKeepAliveTimeout", "600",
    ];

    /// <summary>Instructions for the error message if Node.js or npm is missing.</summary>
    internal const string NodeInstallation = "install Node.js 20 or newer, with npm.";

    private readonly ChildProcess node;

    private Azurite(ChildProcess node, IReadOnlyDictionary<string, string> endpoints)
    {
        this.node = node;
        ConnectionString = $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};"
            + string.Concat(endpoints.Select(endpoint => $"{endpoint.Key}Endpoint={endpoint.Value}/{Account};"));
    }

    /// <summary>The complete connection string of the emulator's account.</summary>
    public string ConnectionString { get; }

    /// <summary>The process's id.</summary>
    public int ProcessId => node.Id;

    /// <summary>Completes when the process has ended.</summary>
    public Task Ended => node.WaitForExitAsync(CancellationToken.None);

    /// <summary>The first and last lines of output, joined to one line; empty if there was no output.</summary>
    public string Output => node.Output;

    /// <summary>Starts Azurite, and installs it first if necessary.</summary>
    /// <param name="directory">The folder for its data; null to keep data in memory.</param>
    /// <param name="report">Receives progress messages.</param>
    /// <exception cref="HostStartException">Node.js is missing, or Azurite cannot be installed or started.</exception>
    public static async Task<Azurite> StartAsync(
        string? directory,
        Action<string> report,
        CancellationToken cancellationToken = default)
    {
        var program = await AzuriteInstallation.EnsureAsync(report, cancellationToken);
        string[] storage = directory is null ? ["--inMemoryPersistence"] : ["--location", directory];
        var endpoints = new Endpoints();
        var started = new ChildProcess(
            "node",
            [AzuriteInstallation.StartScript, program, .. Arguments, .. storage],
            Repository.Root,
            NodeInstallation,
            endpoints.ReadLine);
        try
        {
            await WaitUntilReadyAsync(started, endpoints.Complete, cancellationToken);
            return new Azurite(started, await endpoints.Complete);
        }
        catch
        {
            started.Dispose();
            throw;
        }
    }

    /// <summary>Closes Azurite's standard input, which ends it, and waits for its end for up to 10 s.</summary>
    public async ValueTask DisposeAsync()
    {
        node.CloseInput();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10), TimeProvider.System);
        try
        {
            await node.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // Dispose kills the process.
        }
        finally
        {
            node.Dispose();
        }
    }

    private static async Task WaitUntilReadyAsync(ChildProcess node, Task ready, CancellationToken cancellationToken)
    {
        var exited = node.WaitForExitAsync(cancellationToken);
        var limit = Task.Delay(TimeSpan.FromSeconds(60), TimeProvider.System, cancellationToken);
        var first = await Task.WhenAny(ready, exited, limit);
        cancellationToken.ThrowIfCancellationRequested();
        if (first != ready)
        {
            var problem = first == exited ? $"ended with exit code {node.ExitCode}" : "was not ready after 60 s";
            throw new HostStartException($"Azurite {problem}; it wrote: {node.Output}");
        }
    }

    /// <summary>Reads the URLs of the three services from Azurite's output.</summary>
    private sealed partial class Endpoints
    {
        private readonly Dictionary<string, string> found = [];
        private readonly TaskCompletionSource<IReadOnlyDictionary<string, string>> complete =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<IReadOnlyDictionary<string, string>> Complete => complete.Task;

        public void ReadLine(string line)
        {
            if (Listening().Match(line) is not { Success: true } match)
            {
                return;
            }

            // Standard output and standard error are read by two threads.
            lock (found)
            {
                found[match.Groups["service"].Value] = match.Groups["url"].Value;
                if (found.Count == 3)
                {
                    complete.TrySetResult(found);
                }
            }
        }

        [GeneratedRegex(
            @"Azurite (?<service>Blob|Queue|Table) service is successfully listening at (?<url>\S+)",
            RegexOptions.ExplicitCapture,
            1000)]
        private static partial Regex Listening();
    }
}
