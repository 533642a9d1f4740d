using System.ComponentModel;
using System.Diagnostics;

namespace Parley.LocalHost;

/// <summary>A child process of Node.js. All it writes is read, so that it never blocks, and the last lines are kept for an error message.</summary>
internal sealed class NodeProcess : IDisposable
{
    private const int Kept = 6;
    private readonly Process process;
    private readonly Queue<string> lines = new();

    /// <summary>Starts <c>node</c> or <c>npm</c>.</summary>
    /// <exception cref="HostStartException">It is not installed.</exception>
    public NodeProcess(string program, IEnumerable<string> arguments, string directory, Action<string>? seeLine = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = directory,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new HostStartException($"{program} is not on the PATH; install Node.js 20 or newer, with npm.", e);
        }

        process.OutputDataReceived += (_, line) => Take(line.Data, seeLine);
        process.ErrorDataReceived += (_, line) => Take(line.Data, seeLine);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Its exit code, once it has ended.</summary>
    public int ExitCode => process.ExitCode;

    /// <summary>What it wrote last, as one line.</summary>
    public string LastLines
    {
        get
        {
            lock (lines)
            {
                return lines.Count == 0 ? "nothing" : string.Join(" | ", lines);
            }
        }
    }

    /// <summary>Tells it that nothing more comes on its standard input.</summary>
    public void CloseInput() => process.StandardInput.Close();

    /// <summary>Completes when it has ended and all it wrote was read.</summary>
    public Task WaitForExitAsync(CancellationToken cancellationToken) => process.WaitForExitAsync(cancellationToken);

    /// <summary>Ends it and its children at once, if it still runs.</summary>
    public void Dispose()
    {
        process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    private void Take(string? line, Action<string>? seeLine)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return;
        }

        lock (lines)
        {
            lines.Enqueue(line.Trim());
            if (lines.Count > Kept)
            {
                lines.Dequeue();
            }
        }

        seeLine?.Invoke(line);
    }
}
