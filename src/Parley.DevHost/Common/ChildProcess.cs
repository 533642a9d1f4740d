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

    /// <summary>Its first and last lines, as one line; empty when it wrote nothing.</summary>
    string Output { get; }

    /// <summary>Completes when it has ended and all its output was read.</summary>
    Task WaitForExitAsync(CancellationToken cancellationToken);

    /// <summary>Ends it at once, if it still runs.</summary>
    void Kill();
}

/// <summary>A process that this one starts and ends. All that it writes is read, so that it never blocks, and the last lines are kept for an error message.</summary>
internal sealed class ChildProcess : IWorkerProcess
{
    // The first lines have the message of an unhandled exception; the last ones the reason of every other end.
    private const int MaxFirstLines = 2;
    private const int MaxLastLines = 6;
    private readonly Process process;
    private readonly List<string> firstLines = [];
    private readonly Queue<string> lastLines = new();

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
        if (OperatingSystem.IsWindows())
        {
            // Ctrl+C is for this process; it ends its children in order. Elsewhere the children see to that themselves.
            start.CreateNewProcessGroup = true;
        }

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

        process.OutputDataReceived += (_, line) => OnLine(line.Data, readLine);
        process.ErrorDataReceived += (_, line) => OnLine(line.Data, readLine);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    /// <inheritdoc/>
    public int ExitCode => process.ExitCode;

    /// <inheritdoc/>
    public string Output
    {
        get
        {
            lock (lastLines)
            {
                return string.Join(" | ", [.. firstLines, .. lastLines]);
            }
        }
    }

    /// <summary>Ends its standard input.</summary>
    public void CloseInput() => process.StandardInput.Close();

    /// <inheritdoc/>
    public Task WaitForExitAsync(CancellationToken cancellationToken) => process.WaitForExitAsync(cancellationToken);

    /// <inheritdoc/>
    public void Kill() => process.Kill();

    /// <summary>Ends it and its children at once, if it still runs.</summary>
    public void Dispose()
    {
        process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    private void OnLine(string? line, Action<string>? readLine)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return;
        }

        lock (lastLines)
        {
            if (firstLines.Count < MaxFirstLines)
            {
                firstLines.Add(line.Trim());
            }
            else
            {
                lastLines.Enqueue(line.Trim());
                if (lastLines.Count > MaxLastLines)
                {
                    lastLines.Dequeue();
                }
            }
        }

        readLine?.Invoke(line);
    }
}
