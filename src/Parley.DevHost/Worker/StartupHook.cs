using System.Runtime.InteropServices;

#pragma warning disable CA1050, MA0047 // The runtime looks for this name without a namespace.

/// <summary>
/// Runs in a worker process before the app (DOTNET_STARTUP_HOOKS). It ends the worker when the host's end of its
/// standard input is closed, so that no worker is left when the host is killed. It also moves the worker out of the
/// terminal's process group: Ctrl+C must reach only the host, which lets running functions finish first.
/// </summary>
internal static partial class StartupHook
{
    /// <summary>Called by the runtime, which requires this name.</summary>
    public static void Initialize()
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = SetProcessGroup(0, 0);
        }

        new Thread(EndWithHost) { IsBackground = true }.Start();
    }

    private static void EndWithHost()
    {
        using var input = Console.OpenStandardInput();
        Span<byte> ignored = stackalloc byte[1];
        while (input.Read(ignored) > 0)
        {
            // The host never writes to this stream: Read returns only at its end.
        }

        Environment.Exit(0);
    }

    [DllImport("libc", EntryPoint = "setpgid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int SetProcessGroup(int process, int group);
}
