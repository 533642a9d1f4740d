using Parley.DevHost.Common;

namespace Parley.DevHost.Worker;

/// <summary>The worker program and what each process of it is started with.</summary>
/// <param name="Assembly">The absolute path of its assembly.</param>
/// <param name="Settings">The app settings, named as environment variables are.</param>
/// <param name="Endpoint">Where the host listens for workers.</param>
/// <param name="Attach">Whether it waits for a debugger before it runs.</param>
/// <param name="StartAsync">Starts it otherwise than as a process; null for a process.</param>
internal sealed record WorkerProgram(
    string Assembly,
    IReadOnlyDictionary<string, string?> Settings,
    Uri Endpoint,
    bool Attach,
    Func<IReadOnlyDictionary<string, string?>, Task<IWorkerProcess>>? StartAsync)
{
    // The Functions host's own limit is 2 GiB less one byte.
    private const string MaxMessageLength = "2147483647";

    // What programs need from the system. Everything else of this process's environment would be a setting that nobody chose.
    private static readonly string[] SystemVariables = ["PATH", "HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LANG", "TZ", "LD_LIBRARY_PATH"];

    /// <summary>The folder of the program, its host.json and its other files.</summary>
    public string Directory => Path.GetDirectoryName(Assembly)!;

    /// <summary>The environment of one process.</summary>
    public Dictionary<string, string?> Environment(string workerId)
    {
        var environment = new Dictionary<string, string?>();
        foreach (System.Collections.DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            var name = (string)variable.Key;
            if (SystemVariables.Contains(name, StringComparer.OrdinalIgnoreCase) || name.StartsWith("DOTNET_", StringComparison.Ordinal))
            {
                environment[name] = (string?)variable.Value;
            }
        }

        // Start-up counts here, not the last percent of speed: without the profiling of hot code it is 0.3 s shorter.
        environment.TryAdd("DOTNET_TieredPGO", "0");
        foreach (var (name, value) in Settings)
        {
            environment[name] = value;
        }

        environment["Functions__Worker__HostEndpoint"] = Endpoint.ToString();
        environment["Functions__Worker__WorkerId"] = workerId;
        environment["Functions__Worker__RequestId"] = RandomId.New();
        environment["Functions__Worker__GrpcMaxMessageLength"] = MaxMessageLength;
        environment["FUNCTIONS_APPLICATION_DIRECTORY"] = Directory;
        environment["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated";
        string[] hooks = [typeof(StartupHook).Assembly.Location];
        if (Attach)
        {
            // The worker's own hook waits for a debugger; Core Tools set the same two.
            hooks = [.. hooks, "Microsoft.Azure.Functions.Worker.Core"];
            environment["FUNCTIONS_ENABLE_DEBUGGER_WAIT"] = "true";
        }

        environment["DOTNET_STARTUP_HOOKS"] = string.Join(
            Path.PathSeparator, [.. hooks, .. environment.GetValueOrDefault("DOTNET_STARTUP_HOOKS") is { Length: > 0 } others ? new[] { others } : []]);
        return environment;
    }
}
