using System.Text;

namespace Parley.Core;

/// <summary>Characters that only change the direction of the text around them.</summary>
public static class DirectionMarks
{
    /// <summary>
    /// The characters of Unicode's property Bidi_Control. In a name they can only mislead: <c>a[U+202E]gpj.exe</c> is
    /// drawn as <c>aexe.jpg</c>.
    /// </summary>
    public static bool Contain(Rune rune) => rune.Value is 0x061C
        or 0x200E or 0x200F
        or (>= 0x202A and <= 0x202E)
        or (>= 0x2066 and <= 0x2069);
}
