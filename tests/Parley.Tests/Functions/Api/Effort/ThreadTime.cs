using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Parley.Tests.Functions.Api.Effort;

/// <summary>The processor time of the current thread, which other tests and processes do not lengthen.</summary>
internal static partial class ThreadTime
{
    // From time.h of each system.
    private const int ThreadClockOfLinux = 3;
    private const int ThreadClockOfMacOS = 16;

    /// <summary>Nanoseconds since a fixed time. On Windows this is the wall clock.</summary>
    public static long Nanoseconds()
    {
        if (OperatingSystem.IsWindows())
        {
            return (long)Stopwatch.GetElapsedTime(0).TotalNanoseconds;
        }

        Marshal.ThrowExceptionForHR(
            GetTime(OperatingSystem.IsMacOS() ? ThreadClockOfMacOS : ThreadClockOfLinux, out var time));
        return (time.Seconds * 1_000_000_000) + time.Nanoseconds;
    }

    [DllImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
