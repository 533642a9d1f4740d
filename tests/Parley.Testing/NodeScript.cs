using System.Diagnostics;
using System.Text;
using Parley.DevHost.Common;
using Parley.DevHost.Emulator;

namespace Parley.Testing;

/// <summary>Runs scripts of folders of tests/ that pin packages of npm, and installs these first.</summary>
public static class NodeScript
{
    /// <summary>Runs a script until it ends, and returns what it printed.</summary>
    /// <param name="folder">The folder within tests/.</param>
    /// <param name="script">The name of the script's file in that folder.</param>
    /// <param name="arguments">The arguments of the script.</param>
    /// <exception cref="InvalidOperationException">The script failed. The message has what it wrote.</exception>
    /// <exception cref="OperationCanceledException">The script took longer than <see cref="Wait.Limit"/>.</exception>
    public static async Task<string> RunAsync(string folder, string script, params string[] arguments)
    {
        var pinned = Path.Combine(Repository.Root, "tests", folder);
        var home = await NpmInstallation.EnsureAsync(
            pinned, $"the packages of tests/{folder}", Console.Error.WriteLine, CancellationToken.None);
        var start = new ProcessStartInfo("node", [Path.Combine(home, script), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };

        // SheetJS returns times as local ones.
        start.Environment["TZ"] = "UTC";
        using var node = Process.Start(start)!;
        var (output, errors) = (node.StandardOutput.ReadToEndAsync(), node.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(Wait.Limit, TimeProvider.System);
        try
        {
            await node.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            node.Kill(entireProcessTree: true);
            throw;
        }

        return node.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"{script} {string.Join(' ', arguments)} failed: {await errors}");
    }
}
