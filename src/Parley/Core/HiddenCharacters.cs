using System.Globalization;
using System.Text;

namespace Parley.Core;

/// <summary>Characters that a line of text, such as a name, must not have: they show nothing and can mislead.</summary>
public static class HiddenCharacters
{
    /// <summary>True for control characters, separators of lines and paragraphs, and direction marks.</summary>
    public static bool Contain(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control
            or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator
        || DirectionMarks.Contain(rune);
}
