namespace Parley.Functions.Api.Requests;

/// <summary>Counts Unicode code points, so that an emoji outside the basic plane is one character.</summary>
internal static class CodePoints
{
    /// <param name="text">A text without half a surrogate pair.</param>
    public static int In(string text) => text.Length - text.Count(char.IsLowSurrogate);
}
