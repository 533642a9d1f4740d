namespace Parley.Core;

/// <summary>Texts that are too long.</summary>
internal static class Texts
{
    /// <summary>The first characters of a text, at most so many UTF-16 units; a surrogate pair is not split.</summary>
    public static string Truncate(string text, int max) =>
        text.Length <= max ? text : text[..(char.IsHighSurrogate(text[max - 1]) ? max - 1 : max)];
}
