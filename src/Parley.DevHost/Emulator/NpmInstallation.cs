using System.Diagnostics;
using System.Security.Cryptography;
using Parley.DevHost.Common;

namespace Parley.DevHost.Emulator;

/// <summary>
/// Installs npm packages below artifacts/, with exactly the versions of a package-lock.json. Each content of a folder
/// that pins packages is installed once.
/// </summary>
internal static class NpmInstallation
{
    /// <summary>
    /// Copies the files of a folder, and installs their packages beside the copies, unless that has been done. Returns
    /// the folder of the copies.
    /// </summary>
    /// <param name="pinned">The folder with package.json, package-lock.json, and scripts that use the packages.</param>
    /// <param name="name">The name of what is installed, for messages.</param>
    /// <param name="report">Receives progress messages.</param>
    /// <param name="cancellationToken">Cancels the waiting and the installation.</param>
    /// <exception cref="HostStartException">npm is missing or cannot install the packages.</exception>
    public static async Task<string> EnsureAsync(
        string pinned, string name, Action<string> report, CancellationToken cancellationToken)
    {
        string[] files = [.. Directory.GetFiles(pinned).Order(StringComparer.Ordinal)];
        var shelf = Path.Combine(Repository.Artifacts, Path.GetFileName(pinned));
        var home = Path.Combine(shelf, await DigestAsync(files, cancellationToken));
        if (!Directory.Exists(home))
        {
            Directory.CreateDirectory(shelf);
            var lockPath = Path.Combine(shelf, ".lock");
            await using var installLock = await AcquireLockAsync(lockPath, name, report, cancellationToken);
            if (!Directory.Exists(home))
            {
                await InstallAsync(files, home, name, report, cancellationToken);
            }
        }

        return home;
    }

    private static async Task<string> DigestAsync(string[] files, CancellationToken cancellationToken)
    {
        const int Length = 12;
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files)
        {
            digest.AppendData(await File.ReadAllBytesAsync(file, cancellationToken));
        }

        return Convert.ToHexStringLower(digest.GetHashAndReset())[..Length];
    }

    /// <summary>Several test processes may start at the same time: one installs, and the others wait.</summary>
    private static async Task<FileStream> AcquireLockAsync(
        string path, string name, Action<string> report, CancellationToken cancellationToken)
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
                    report($"Waiting for another process that installs {name}.");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancellationToken);
            }
        }
    }

    private static async Task InstallAsync(
        string[] files, string home, string name, Action<string> report, CancellationToken cancellationToken)
    {
        // Only a finished installation gets the final name, so that an interrupted one is never used.
        var partial = home + ".partial";
        if (Directory.Exists(partial))
        {
            Directory.Delete(partial, recursive: true);
        }

        Directory.CreateDirectory(partial);
        foreach (var file in files)
        {
            File.Copy(file, Path.Combine(partial, Path.GetFileName(file)));
        }

        report($"Installing {name} with npm, once; it takes about a minute.");
        await NpmAsync(partial, name, report, cancellationToken);
        Directory.Move(partial, home);
    }

    private static async Task NpmAsync(
        string directory, string name, Action<string> report, CancellationToken cancellationToken)
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
            report($"Installing {name}: {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s.");
        }

        await exited;
        if (npm.ExitCode != 0)
        {
            throw new HostStartException(
                $"npm could not install {name} (exit code {npm.ExitCode}); is its registry reachable? "
                + $"npm said: {npm.Output}");
        }
    }
}
