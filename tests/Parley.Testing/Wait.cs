namespace Parley.Testing;

/// <summary>The one limit on waiting in tests.</summary>
public static class Wait
{
    /// <summary>
    /// After this time a test reports what it waits for as missing. Tests do not measure lateness (benchmarks do), so it is long enough for
    /// a machine whose processors are all busy.
    /// </summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
}
