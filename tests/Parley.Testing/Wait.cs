namespace Parley.Testing;

/// <summary>The one limit on waiting in tests.</summary>
public static class Wait
{
    /// <summary>
    /// After this time a test fails because an expected event is missing. Tests do not measure lateness (benchmarks
    /// do), so the limit is long enough for a machine whose processors are all busy.
    /// </summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
}
