using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Parley.DevHost.Common;
using Parley.Testing;

namespace Parley.EndToEnd.Tests.Http;

/// <summary>Runs the scripts of tests/browser, whose packages <c>./dev test --all</c> installs.</summary>
internal static class NodeScript
{
    /// <summary>Runs a script with one argument, and returns the JSON that it prints.</summary>
    /// <exception cref="InvalidOperationException">The script failed. The message is what it wrote.</exception>
    public static async Task<JsonNode> RunAsync(string script, object argument)
    {
        var start = new ProcessStartInfo("node", [Path.Combine(Repository.Root, "tests", "browser", script), JsonSerializer.Serialize(argument)])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var node = Process.Start(start)!;
        try
        {
            var (output, errors) = (node.StandardOutput.ReadToEndAsync(), node.StandardError.ReadToEndAsync());
            await node.WaitForExitAsync().WaitAsync(Wait.Limit);
            return node.ExitCode == 0 ? JsonNode.Parse(await output)! : throw new InvalidOperationException($"{script}: {await errors}");
        }
        finally
        {
            node.Kill(entireProcessTree: true);
        }
    }
}
