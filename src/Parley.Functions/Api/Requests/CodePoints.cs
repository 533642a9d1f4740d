namespace Parley.Functions.Api.Requests;

/// <summary>Counts Unicode code points, so that an emoji outside the basic plane is one character.</summary>
internal static class CodePoints
{
    /// <summary>
    /// True for a text of so many code points. A text that is much too long, or certainly short enough, is not counted.
    /// </summary>
    /// <param name="text">A text without half a surrogate pair.</param>
    public static bool AreWithin(string text, int min, int max) =>
        text.Length >= min
        && text.Length <= 2L * max
        && ((text.Length >= 2L * min && text.Length <= max)
            || IsWithin(text.Length - text.Count(char.IsLowSurrogate), min, max));

    private static bool IsWithin(int count, int min, int max) => count >= min && count <= max;
}
