namespace Parley.Tests.Compatibility;

/// <summary>
/// With <c>PARLEY_UPDATE_GOLDEN=1</c> the tests write golden answers, and the rows of a version that has none yet.
/// Rows that are kept are never written again: they are what an account of that version holds.
/// </summary>
internal static class GoldenUpdate
{
    public static bool IsWanted => Environment.GetEnvironmentVariable("PARLEY_UPDATE_GOLDEN") == "1";
}
