using System.ComponentModel;
using System.Diagnostics;

namespace Parley.DevHost.Common;

/// <summary>A worker that a host has started.</summary>
public interface IWorkerProcess : IDisposable
{
    /// <summary>The id of its process.</summary>
    int Id { get; }

    /// <summary>Its exit code, once it has ended.</summary>
    int ExitCode { get; }

    /// <summary>What it wrote last, as one line.</summary>
    string LastLines { get; }

    /// <summary>Completes when it has ended and all its output was read.</summary>
    Task WaitForExitAsync(CancellationToken cancellationToken);

    /// <summary>Ends it at once, if it still runs.</summary>
    void Kill();
}

/// <summary>A process that this one starts and ends. All that it writes is read, so that it never blocks, and the last lines are kept for an error message.</summary>
internal sealed class ChildProcess : IWorkerProcess
{
    private const int Kept = 6;
    private readonly Process process;
    private readonly Queue<string> lines = new();

    /// <summary>Starts a program.</summary>
    /// <param name="program">Its path, or a name on the PATH.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="directory">Its working directory.</param>
    /// <param name="installation">What to do when it is not there.</param>
    /// <param name="readLine">Takes each line of its output and errors.</param>
    /// <param name="environment">All of its environment; null for this process's own.</param>
    /// <exception cref="HostStartException">It is not installed.</exception>
    public ChildProcess(
        string program,
        IEnumerable<string> arguments,
        string directory,
        string installation,
        Action<string>? readLine = null,
        IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = directory,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (environment is not null)
        {
            start.Environment.Clear();
            foreach (var (name, value) in environment)
            {
                start.Environment[name] = value;
            }
        }

        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new HostStartException($"{program} cannot be started ({e.Message}); {installation}", e);
        }

        process.OutputDataReceived += (_, line) => Take(line.Data, readLine);
        process.ErrorDataReceived += (_, line) => Take(line.Data, readLine);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

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

    /// <summary>Ends its standard input.</summary>
    public void CloseInput() => process.StandardInput.Close();

    /// <summary>Completes when it has ended and all its output was read.</summary>
    public Task WaitForExitAsync(CancellationToken cancellationToken) => process.WaitForExitAsync(cancellationToken);

    /// <summary>Ends it at once, if it still runs.</summary>
    public void Kill() => process.Kill();

    /// <summary>Ends it and its children at once, if it still runs.</summary>
    public void Dispose()
    {
        process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    private void Take(string? line, Action<string>? readLine)
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

        readLine?.Invoke(line);
    }
}
