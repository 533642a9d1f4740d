using System.Globalization;
using System.Text;
using Parley.Core;

namespace Parley.Files;

/// <summary>Cleans the file names that clients send, and encodes them for downloads.</summary>
public static class FileName
{
    /// <summary>
    /// The longest name, in UTF-16 units; a longer one is shortened. docs/api.md states this limit for an attachment's
    /// filename.
    /// </summary>
    public const int MaxLength = 250;

    /// <summary>The name of a file that was sent without a name.</summary>
    public const string None = "file";

    // With its dot, in UTF-16 units. What follows the last dot of a sentence is no extension.
    private const int MaxExtension = 32;

    /// <summary>
    /// Returns the last segment of a path with either separator (RFC 7578, section 4.2: browsers on Windows sent whole
    /// paths), without control characters and direction marks, and with at most <see cref="MaxLength"/> units: a longer
    /// name loses the end of its stem and keeps its extension, and no character as a user sees it is split. A lone
    /// surrogate, which UTF-8 cannot encode, becomes U+FFFD. An empty result becomes <see cref="None"/>.
    /// </summary>
    public static string Clean(string name)
    {
        var clean = new StringBuilder();
        foreach (var rune in name.AsSpan(name.AsSpan().LastIndexOfAny('/', '\\') + 1).EnumerateRunes())
        {
            if (!Rune.IsControl(rune) && !DirectionMarks.Contain(rune))
            {
                clean.Append(rune);
            }
        }

        return Shorten(clean.ToString()) is { Length: > 0 } and not "." and not ".." and var kept ? kept : None;
    }

    /// <summary>
    /// Creates a Content-Disposition header with the name in both forms (RFC 6266, section 4.3), in ASCII only. In
    /// <c>filename</c>, <c>_</c> replaces non-ASCII characters and <c>" \ %</c>, which receivers interpret differently
    /// (appendix D). <c>filename*</c> has the whole name in the encoding of RFC 8187, section 3.2.
    /// </summary>
    /// <param name="disposition">inline or attachment.</param>
    /// <param name="name">A name from <see cref="Clean"/>.</param>
    public static string ContentDisposition(string disposition, string name)
    {
        var fallback = new StringBuilder();
        foreach (var rune in name.EnumerateRunes())
        {
            fallback.Append(rune.Value is < ' ' or > '~' or '"' or '\\' or '%' ? '_' : (char)rune.Value);
        }

        // EscapeDataString does not encode letters, digits and -._~, all of which RFC 8187 allows.
        return $"{disposition}; filename=\"{fallback}\"; filename*=UTF-8''{Uri.EscapeDataString(name)}";
    }

    private static string Shorten(string name)
    {
        if (name.Length <= MaxLength)
        {
            return name;
        }

        var extension = ExtensionOf(name);
        var stem = name[..^extension.Length];
        var room = MaxLength - extension.Length;
        var kept = 0;
        for (var next = 0; next <= room; next += StringInfo.GetNextTextElementLength(stem, next))
        {
            kept = next;
        }

        // Only a character with hundreds of combining marks is longer than the room.
        return (kept > 0 ? stem[..kept] : Texts.Truncate(stem, room)) + extension;
    }

    /// <summary>The extension with its dot, or an empty text. A name that begins with its only dot has none.</summary>
    private static string ExtensionOf(string name)
    {
        var dot = name.LastIndexOf('.');
        var extension = dot > 0 ? name[dot..] : "";
        return extension.Length is > 1 and <= MaxExtension && !extension.Any(char.IsWhiteSpace) ? extension : "";
    }
}
