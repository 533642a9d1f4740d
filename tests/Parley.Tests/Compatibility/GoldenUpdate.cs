namespace Parley.Tests.Compatibility;

/// <summary>
/// With <c>PARLEY_UPDATE_GOLDEN=1</c> the tests write golden responses, and the rows of a version that has none yet.
/// Existing golden rows are never written again, because they represent an account of that version.
/// </summary>
internal static class GoldenUpdate
{
    public static bool IsWanted => Environment.GetEnvironmentVariable("PARLEY_UPDATE_GOLDEN") == "1";
}
