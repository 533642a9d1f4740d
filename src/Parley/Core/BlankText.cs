using System.Globalization;
using System.Text;

namespace Parley.Core;

/// <summary>
/// Recognizes texts that show nothing. Laravel, which Flextell's API is built with, removes white space and invisible
/// characters from both ends of a text, and refuses a required text that is empty then.
/// </summary>
public static class BlankText
{
    /// <summary>
    /// Characters that show nothing although Unicode counts them as letters, marks or symbols: the grapheme joiner, the
    /// Hangul fillers, the inherent vowels of Khmer, an unassigned format character and the empty Braille pattern.
    /// </summary>
    private const string Fillers = "\u034F\u115F\u1160\u17B4\u17B5\u2065\u2800\u3164\uFFA0";

    /// <summary>
    /// True for an empty text, and for one of white space, controls and other characters that show nothing.
    /// </summary>
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
        || (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.Control && !IsSign(rune))
        || IsVariationSelector(rune)
        || (rune.IsBmp && Fillers.Contains((char)rune.Value));

    /// <summary>Characters that choose the form of the one before them, and show nothing alone.</summary>
    private static bool IsVariationSelector(Rune rune) => rune.Value is
        (>= 0xFE00 and <= 0xFE0F) or (>= 0xE0100 and <= 0xE01EF) or (>= 0x180B and <= 0x180D) or 0x180F;

    /// <summary>
    /// Format characters that are drawn: the Arabic, Syriac and Kaithi signs around the digits or letters that follow
    /// (Unicode's property Prepended_Concatenation_Mark).
    /// </summary>
    private static bool IsSign(Rune rune) => rune.Value is
        (>= 0x0600 and <= 0x0605) or 0x06DD or 0x070F or 0x0890 or 0x0891 or 0x08E2 or 0x110BD or 0x110CD;
}
