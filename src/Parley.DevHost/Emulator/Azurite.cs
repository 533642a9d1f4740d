using System.Text.RegularExpressions;
using Parley.DevHost.Common;

namespace Parley.DevHost.Emulator;

/// <summary>The storage emulator as a child process on free ports of 127.0.0.1. It ends when this object is disposed or this process ends, however it ends.</summary>
public sealed partial class Azurite : IAsyncDisposable
{
    // The emulator's account is published and the same everywhere; it protects nothing.
    private const string Account = "devstoreaccount1";
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly string[] Arguments =
    [
        "--silent", "--skipApiVersionCheck", "--disableTelemetry", "--disableProductStyleUrl",
        "--blobHost", "127.0.0.1", "--queueHost", "127.0.0.1", "--tableHost", "127.0.0.1",
        "--blobPort", "0", "--queuePort", "0", "--tablePort", "0",
        // Longer than clients keep idle connections, so that they never write to one that Azurite is closing.
        "--blobKeepAliveTimeout", "600", "--queueKeepAliveTimeout", "600", "--tableKeepAliveTimeout", "600",
    ];

    /// <summary>What to do where Node.js or npm is missing.</summary>
    internal const string NodeInstallation = "install Node.js 20 or newer, with npm.";

    private readonly ChildProcess node;

    private Azurite(ChildProcess node, IReadOnlyDictionary<string, string> endpoints)
    {
        this.node = node;
        ConnectionString = $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};"
            + string.Concat(endpoints.Select(endpoint => $"{endpoint.Key}Endpoint={endpoint.Value}/{Account};"));
    }

    /// <summary>The full connection string of its account.</summary>
    public string ConnectionString { get; }

    /// <summary>Completes when it has ended.</summary>
    public Task Ended => node.WaitForExitAsync(CancellationToken.None);

    /// <summary>Its first and last lines, as one line; empty when it wrote nothing.</summary>
    public string Output => node.Output;

    /// <summary>Starts Azurite, installing it first where that is needed.</summary>
    /// <param name="directory">Where it keeps its data; null keeps it in memory.</param>
    /// <param name="say">Takes lines about progress.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="HostStartException">Node.js is missing, or Azurite cannot be installed or started.</exception>
    public static async Task<Azurite> StartAsync(string? directory, Action<string> say, CancellationToken cancellationToken = default)
    {
        var program = await AzuriteInstallation.EnsureAsync(say, cancellationToken);
        string[] storage = directory is null ? ["--inMemoryPersistence"] : ["--location", directory];
        var endpoints = new Endpoints();
        var started = new ChildProcess("node", [AzuriteInstallation.StartScript, program, .. Arguments, .. storage], Repository.Root, NodeInstallation, endpoints.ReadLine);
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

    /// <summary>Closes Azurite's standard input, which ends it, and waits until it has.</summary>
    public async ValueTask DisposeAsync()
    {
        node.CloseInput();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10), TimeProvider.System);
        try
        {
            await node.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // Disposing ends it the hard way.
        }
        finally
        {
            node.Dispose();
        }
    }

    private static async Task WaitUntilReadyAsync(ChildProcess node, Task ready, CancellationToken cancellationToken)
    {
        var exited = node.WaitForExitAsync(cancellationToken);
        var first = await Task.WhenAny(ready, exited, Task.Delay(TimeSpan.FromSeconds(60), TimeProvider.System, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        if (first != ready)
        {
            throw new HostStartException($"Azurite {(first == exited ? $"ended with exit code {node.ExitCode}" : "was not ready after 60 s")}; it wrote: {node.Output}");
        }
    }

    /// <summary>Azurite prints where each of its three services listens.</summary>
    private sealed partial class Endpoints
    {
        private readonly Dictionary<string, string> found = [];
        private readonly TaskCompletionSource<IReadOnlyDictionary<string, string>> complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<IReadOnlyDictionary<string, string>> Complete => complete.Task;

        public void ReadLine(string line)
        {
            if (Listening().Match(line) is not { Success: true } match)
            {
                return;
            }

            // Output and errors are read side by side.
            lock (found)
            {
                found[match.Groups["service"].Value] = match.Groups["url"].Value;
                if (found.Count == 3)
                {
                    complete.TrySetResult(found);
                }
            }
        }

        [GeneratedRegex(@"Azurite (?<service>Blob|Queue|Table) service is successfully listening at (?<url>\S+)", RegexOptions.ExplicitCapture, 1000)]
        private static partial Regex Listening();
    }
}
