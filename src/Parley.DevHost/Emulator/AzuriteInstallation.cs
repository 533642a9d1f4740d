using System.Diagnostics;
using System.Security.Cryptography;
using Parley.DevHost.Common;

namespace Parley.DevHost.Emulator;

/// <summary>
/// Installs Azurite's program files below artifacts/, once for each content of azurite/package-lock.json and with
/// exactly the versions in that file.
/// </summary>
internal static class AzuriteInstallation
{
    private static readonly string Pinned =
        Path.Combine(Repository.Root, "src", "Parley.DevHost", "Emulator", "azurite");

    /// <summary>The script that starts Azurite and ends it when this process ends.</summary>
    public static string StartScript { get; } = Path.Combine(Pinned, "start.js");

    /// <summary>Installs Azurite if necessary, and returns the path of its main script.</summary>
    /// <exception cref="HostStartException">npm is missing or cannot install Azurite.</exception>
    public static async Task<string> EnsureAsync(Action<string> report, CancellationToken cancellationToken)
    {
        var lockFile = await File.ReadAllBytesAsync(Path.Combine(Pinned, "package-lock.json"), cancellationToken);
        var shelf = Path.Combine(Repository.Artifacts, "azurite");
        var home = Path.Combine(shelf, Convert.ToHexStringLower(SHA256.HashData(lockFile))[..12]);
        var program = Path.Combine(home, "node_modules", "azurite", "dist", "src", "azurite.js");
        if (!Directory.Exists(home))
        {
            Directory.CreateDirectory(shelf);
            var lockPath = Path.Combine(shelf, ".lock");
            await using var installLock = await AcquireLockAsync(lockPath, report, cancellationToken);
            if (!Directory.Exists(home))
            {
                await InstallAsync(home, report, cancellationToken);
            }
        }

        return program;
    }

    /// <summary>Several test processes may start at the same time: one installs, and the others wait.</summary>
    private static async Task<FileStream> AcquireLockAsync(
        string path, Action<string> report, CancellationToken cancellationToken)
    {
        for (var waited = false; ; waited = true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path))
            {
                if (!waited)
                {
                    report("Waiting for another process that installs Azurite.");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancellationToken);
            }
        }
    }

    private static async Task InstallAsync(string home, Action<string> report, CancellationToken cancellationToken)
    {
        // Only a finished installation gets the final name, so that an interrupted one is never used.
        var partial = home + ".partial";
        if (Directory.Exists(partial))
        {
            Directory.Delete(partial, recursive: true);
        }

        Directory.CreateDirectory(partial);
        foreach (var file in (string[])["package.json", "package-lock.json"])
        {
            File.Copy(Path.Combine(Pinned, file), Path.Combine(partial, file));
        }

        report("Installing Azurite with npm, once; it takes about a minute.");
        await NpmAsync(partial, report, cancellationToken);
        Directory.Move(partial, home);
    }

    private static async Task NpmAsync(string directory, Action<string> report, CancellationToken cancellationToken)
    {
        string[] arguments = ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        using var npm = new ChildProcess(
            OperatingSystem.IsWindows() ? "npm.cmd" : "npm",
            arguments,
            directory,
            Azurite.NodeInstallation);
        npm.CloseInput();
        var began = Stopwatch.GetTimestamp();
        var exited = npm.WaitForExitAsync(cancellationToken);
        while (await Task.WhenAny(exited, Task.Delay(TimeSpan.FromSeconds(10), TimeProvider.System, cancellationToken))
            != exited)
        {
            cancellationToken.ThrowIfCancellationRequested();
            report($"Installing Azurite: {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s.");
        }

        await exited;
        if (npm.ExitCode != 0)
        {
            throw new HostStartException(
                $"npm could not install Azurite (exit code {npm.ExitCode}); is its registry reachable? "
                + $"npm said: {npm.Output}");
        }
    }
}
