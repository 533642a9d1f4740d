using System.ComponentModel;
using System.Diagnostics;

namespace Parley.DevHost.Common;

/// <summary>A worker process that a host has started.</summary>
public interface IWorkerProcess : IDisposable
{
    /// <summary>The process id.</summary>
    int Id { get; }

    /// <summary>The exit code. Valid only after the process has ended.</summary>
    int ExitCode { get; }

    /// <summary>The first and last lines of output, joined to one line; empty if there was no output.</summary>
    string Output { get; }

    /// <summary>Completes when the process has ended and all its output was read.</summary>
    Task WaitForExitAsync(CancellationToken cancellationToken);

    /// <summary>Ends the process at once, if it is still running.</summary>
    void Kill();
}

/// <summary>
/// A process that this one starts and ends. All its output is read, so that the process never blocks on a full pipe.
/// The first and last lines are kept for error messages.
/// </summary>
internal sealed class ChildProcess : IWorkerProcess
{
    // The first lines contain the message of an unhandled exception, the last lines the reason of any other failure.
    private const int MaxFirstLines = 2;
    private const int MaxLastLines = 6;
    private readonly Process process;
    private readonly List<string> firstLines = [];
    private readonly Queue<string> lastLines = new();

    /// <summary>Starts a program.</summary>
    /// <param name="program">A path, or a name on the PATH.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="directory">The working directory.</param>
    /// <param name="installation">Instructions for the error message if the program is not installed.</param>
    /// <param name="readLine">Receives each line of standard output and standard error, on several threads.</param>
    /// <param name="environment">The complete environment; null to inherit this process's environment.</param>
    /// <exception cref="HostStartException">The program cannot be started.</exception>
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
            // Ctrl+C must reach only this process, which ends its children in order. On other systems the children
            // protect themselves from the signal.
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

    public int ExitCode => process.ExitCode;

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

    public void CloseInput() => process.StandardInput.Close();

    public Task WaitForExitAsync(CancellationToken cancellationToken) => process.WaitForExitAsync(cancellationToken);

    public void Kill() => process.Kill();

    /// <summary>Ends the process and its children at once, if it is still running.</summary>
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
