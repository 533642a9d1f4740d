using System.Diagnostics;
using Parley.DevHost.Common;
using Parley.Testing;

namespace Parley.EndToEnd.Tests.OpenApi.Generated;

/// <summary>The generator Kiota, which tests/generated-clients/dotnet-tools.json pins.</summary>
internal static class Kiota
{
    /// <summary>Installs the tool, which takes no time when it is there.</summary>
    public static Task RestoreAsync() => RunAsync("tool", "restore");

    /// <summary>Generates a C# client of a document, and returns its files by their names.</summary>
    /// <param name="document">The path of the document.</param>
    /// <param name="name">The name of the client's namespace and folder.</param>
    public static async Task<IReadOnlyDictionary<string, string>> GenerateAsync(string document, string name)
    {
        var folder = Path.Combine(Repository.Artifacts, "openapi", $"kiota-{name}");
        await RunAsync(
            "tool", "run", "kiota", "--", "generate", "--language", "CSharp", "--openapi", document, "--output", folder,
            "--namespace-name", $"Generated.{name}", "--class-name", "Client", "--clean-output", "--log-level", "Error");
        return Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .ToDictionary(file => Path.GetRelativePath(folder, file), File.ReadAllText);
    }

    private static async Task RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = Path.Combine(Repository.Root, "tests", "generated-clients"),
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // It would ask elsewhere whether there is a newer version.
        start.Environment["KIOTA_UPDATE__DISABLED"] = "true";
        start.Environment["KIOTA_OFFLINE_ENABLED"] = "true";
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(Wait.Limit, TimeProvider.System);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"dotnet {string.Join(' ', arguments)} failed: {await output}{await errors}");
        }
    }
}
