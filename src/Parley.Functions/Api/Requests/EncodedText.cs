using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace Parley.Functions.Api.Requests;

/// <summary>Decodes texts beyond ASCII of headers and of forms, in UTF-8 or ISO-8859-1.</summary>
internal static partial class EncodedText
{
    /// <summary>
    /// Decodes an extended value (RFC 8187, section 3.2): a charset, a language and percent-encoded bytes, as in
    /// <c>UTF-8''na%C3%AFve.txt</c>. Every other printable ASCII character may stand for itself, because
    /// <c>encodeURIComponent</c> of JavaScript leaves <c>'()*</c> as they are.
    /// </summary>
    /// <returns>Null when the value is malformed, ends within an escape, or is not valid in its charset.</returns>
    public static string? DecodeExtended(string value) =>
        Extended().Match(value) is { Success: true } match && Unescape(match.Groups["text"].Value, '%') is { } bytes
            ? Decode(match.Groups["charset"].Value, bytes)
            : null;

    /// <summary>
    /// Decodes a text that consists of encoded words (RFC 2047, section 2), as some libraries write file names:
    /// <c>=?UTF-8?B?5pelLnR4dA==?=</c> or <c>=?UTF-8?Q?na=C3=AFve.txt?=</c>. Any other text is returned unchanged.
    /// </summary>
    public static string DecodeWords(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => Word().Match(word)).ToList();
        if (words.Count == 0 || words.Exists(word => !word.Success))
        {
            return text;
        }

        // The bytes are joined before they are decoded, because some writers split a character between two words.
        var bytes = words.Select(BytesOf).ToList();
        return bytes.Contains(null)
            ? text
            : Decode(words[0].Groups["charset"].Value, [.. bytes.SelectMany(part => part!)]) ?? text;
    }

    /// <returns>Null when the bytes are not valid in the charset, or it is not one of the two.</returns>
    public static string? Decode(string charset, ReadOnlySpan<byte> bytes) => charset.ToUpperInvariant() switch
    {
        "UTF-8" when Utf8.IsValid(bytes) => Encoding.UTF8.GetString(bytes),
        "ISO-8859-1" => Encoding.Latin1.GetString(bytes),
        _ => null,
    };

    [GeneratedRegex(
        @"\A(?<charset>[A-Za-z0-9-]+)'[A-Za-z0-9-]*'(?<text>([!-$&-~]|%[0-9A-Fa-f]{2})*)\z",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Extended();

    // After the charset an asterisk and a language may follow (RFC 2231, section 5).
    [GeneratedRegex(
        @"\A=\?(?<charset>[A-Za-z0-9-]+)(\*[A-Za-z0-9-]*)?\?(?<encoding>[BbQq])\?(?<text>[!->@-~]*)\?=\z",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Word();

    private static byte[]? BytesOf(Match word)
    {
        var text = word.Groups["text"].Value;
        if (word.Groups["encoding"].Value is "Q" or "q")
        {
            return Unescape(text.Replace('_', ' '), '=');
        }

        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var count) ? bytes[..count] : null;
    }

    /// <summary>Replaces each mark and two hexadecimal digits by their byte; null when digits are missing.</summary>
    /// <param name="text">ASCII.</param>
    /// <param name="mark">The character that begins an escape.</param>
    private static byte[]? Unescape(string text, char mark)
    {
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != mark)
            {
                bytes.Add((byte)text[i]);
                continue;
            }

            var digits = text.AsSpan(i + 1, Math.Min(2, text.Length - i - 1));
            if (digits.Length < 2
                || !byte.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var one))
            {
                return null;
            }

            bytes.Add(one);
            i += 2;
        }

        return [.. bytes];
    }
}
