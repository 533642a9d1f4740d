using System.Globalization;
using System.Text;

namespace Parley.Functions.Api.Requests;

/// <summary>
/// Recognizes texts that show nothing. Laravel, which Flextell's API is built with, removes white space and invisible
/// characters from both ends of a text, and refuses a required text that is empty then.
/// </summary>
internal static class BlankText
{
    /// <summary>
    /// Characters that show nothing although Unicode counts them as letters, marks or symbols: the grapheme joiner, the
    /// Hangul fillers, the inherent vowels of Khmer, an unassigned format character and the empty Braille pattern.
    /// </summary>
    private const string Fillers = "\u034F\u115F\u1160\u17B4\u17B5\u2065\u2800\u3164\uFFA0";

    public static bool IsBlank(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (!IsInvisible(rune))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsInvisible(Rune rune) =>
        Rune.IsWhiteSpace(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.Control
        || (rune.IsBmp && Fillers.Contains((char)rune.Value));
}
