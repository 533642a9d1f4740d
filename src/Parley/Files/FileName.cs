using System.Text;

namespace Parley.Files;

/// <summary>Names of files, as clients send them and as downloads carry them.</summary>
public static class FileName
{
    /// <summary>UTF-16 units that are kept of a name; the rest is cut off. docs/api.md gives an attachment's filename as many.</summary>
    public const int MaxLength = 250;

    /// <summary>The name of a file whose client sent none.</summary>
    public const string None = "file";

    /// <summary>
    /// The last segment of a path with either separator (RFC 7578, section 4.2: browsers on Windows sent whole paths), without control
    /// characters, and cut to <see cref="MaxLength"/> between characters, never within a surrogate pair. A lone surrogate, which
    /// UTF-8 cannot carry, becomes U+FFFD. Nothing left is <see cref="None"/>.
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
    /// A Content-Disposition with the name in both forms (RFC 6266, section 4.3), in ASCII only: <c>filename</c> with <c>_</c> for
    /// what is not ASCII and for <c>" \ %</c>, which receivers read differently (appendix D), and <c>filename*</c> with the name itself
    /// as RFC 8187, section 3.2, encodes it.
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

        // EscapeDataString leaves letters, digits and -._~ alone, all of which RFC 8187 allows.
        return $"{disposition}; filename=\"{fallback}\"; filename*=UTF-8''{Uri.EscapeDataString(name)}";
    }
}
