using Parley.DevHost.Common;

namespace Parley.DevHost.Emulator;

/// <summary>Azurite's program files.</summary>
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
        var home = await NpmInstallation.EnsureAsync(Pinned, "Azurite", report, cancellationToken);
        return Path.Combine(home, "node_modules", "azurite", "dist", "src", "azurite.js");
    }
}
