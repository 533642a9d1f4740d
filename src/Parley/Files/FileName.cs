using System.Text;

namespace Parley.Files;

/// <summary>Cleans the file names that clients send, and encodes them for downloads.</summary>
public static class FileName
{
    /// <summary>
    /// The longest name, in UTF-16 units; the rest is cut off. docs/api.md states this limit for an attachment's
    /// filename.
    /// </summary>
    public const int MaxLength = 250;

    /// <summary>The name of a file that was sent without a name.</summary>
    public const string None = "file";

    /// <summary>
    /// Returns the last segment of a path with either separator (RFC 7578, section 4.2: browsers on Windows sent whole
    /// paths), without control characters, and cut to <see cref="MaxLength"/> between characters, never within a
    /// surrogate pair. A lone surrogate, which UTF-8 cannot encode, becomes U+FFFD. An empty result becomes
    /// <see cref="None"/>.
    /// </summary>
    public static string Clean(string name)
    {
        var clean = new StringBuilder();
        foreach (var rune in name.AsSpan(name.AsSpan().LastIndexOfAny('/', '\\') + 1).EnumerateRunes())
        {
            if (Rune.IsControl(rune))
            {
                continue;
            }

            if (clean.Length + rune.Utf16SequenceLength > MaxLength)
            {
                break;
            }

            clean.Append(rune);
        }

        return clean.ToString() is { Length: > 0 } and not "." and not ".." ? clean.ToString() : None;
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
}
