#pragma warning disable CA1050, MA0047 // The runtime looks for this name without a namespace.

/// <summary>
/// Runs in a worker process before the app (DOTNET_STARTUP_HOOKS): ends it when the host's end of its standard input is closed, so that no
/// worker is left when the host is killed. The Functions host's platform ends processes by other means.
/// </summary>
internal static class StartupHook
{
    /// <summary>Begins to watch.</summary>
    public static void Initialize() => new Thread(EndWithHost) { IsBackground = true }.Start();

    private static void EndWithHost()
    {
        using var input = Console.OpenStandardInput();
        Span<byte> ignored = stackalloc byte[1];
        while (input.Read(ignored) > 0)
        {
            // The host writes nothing.
        }

        Environment.Exit(0);
    }
}
