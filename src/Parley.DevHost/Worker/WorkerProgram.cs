using Parley.DevHost.Common;

namespace Parley.DevHost.Worker;

/// <summary>The worker program and the settings for its processes.</summary>
/// <param name="Assembly">The absolute path of the assembly.</param>
/// <param name="Settings">The app settings, named as environment variables are.</param>
/// <param name="Endpoint">The host's gRPC address for workers.</param>
/// <param name="Attach">True if the worker waits for a debugger before it runs.</param>
/// <param name="StartAsync">
/// Starts the worker in another way than as a process, from the environment of that process; null for a process.
/// </param>
internal sealed record WorkerProgram(
    string Assembly,
    IReadOnlyDictionary<string, string?> Settings,
    Uri Endpoint,
    bool Attach,
    Func<IReadOnlyDictionary<string, string?>, Task<IWorkerProcess>>? StartAsync)
{
    // The limit of the Functions host: 2 GiB less one byte.
    private const string MaxMessageLength = "2147483647";

    // Variables that programs need from the system. Any other variable of this process's environment would be an
    // unintended app setting.
    private static readonly string[] SystemVariables =
    [
        "PATH", "HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LANG", "TZ", "LD_LIBRARY_PATH",
    ];

    /// <summary>The folder of the assembly and host.json.</summary>
    public string Directory => Path.GetDirectoryName(Assembly)!;

    /// <summary>The complete environment of one worker process.</summary>
    public Dictionary<string, string?> Environment(string workerId)
    {
        var environment = new Dictionary<string, string?>();
        foreach (System.Collections.DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            var name = (string)variable.Key;
            if (SystemVariables.Contains(name, StringComparer.OrdinalIgnoreCase)
                || name.StartsWith("DOTNET_", StringComparison.Ordinal))
            {
                environment[name] = (string?)variable.Value;
            }
        }

        // A fast start matters more here than peak speed: without dynamic profile-guided optimization the start takes
        // 0.3 s less.
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
            // The start-up hook of the Functions worker waits for a debugger. Azure Functions Core Tools set the same
            // two variables.
            hooks = [.. hooks, "Microsoft.Azure.Functions.Worker.Core"];
            environment["FUNCTIONS_ENABLE_DEBUGGER_WAIT"] = "true";
        }

        if (environment.GetValueOrDefault("DOTNET_STARTUP_HOOKS") is { Length: > 0 } others)
        {
            hooks = [.. hooks, others];
        }

        environment["DOTNET_STARTUP_HOOKS"] = string.Join(Path.PathSeparator, hooks);
        return environment;
    }
}
