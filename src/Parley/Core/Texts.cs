namespace Parley.Core;

internal static class Texts
{
    /// <summary>The start of a text, at most <paramref name="max"/> UTF-16 units; no surrogate pair is split.</summary>
    public static string Truncate(string text, int max) =>
        text.Length <= max ? text : text[..(char.IsHighSurrogate(text[max - 1]) ? max - 1 : max)];
}
