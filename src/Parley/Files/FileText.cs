using System.Text;
using Parley.Core;

namespace Parley.Files;

/// <summary>The text of files that are one.</summary>
internal static class FileText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The first characters of a file's text; null when its bytes are not UTF-8 (with or without a byte order mark), or have a NUL.</summary>
    /// <param name="bytes">The file's, or its first ones.</param>
    /// <param name="isWhole">Whether they are all; if not, a character may be cut at their end.</param>
    /// <param name="maxCharacters">In UTF-16 units; a surrogate pair is not split.</param>
    public static string? Read(ReadOnlySpan<byte> bytes, bool isWhole, int maxCharacters)
    {
        bytes = bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
        var characters = new char[Strict.GetMaxCharCount(bytes.Length)];
        int used;
        try
        {
            used = Strict.GetDecoder().GetChars(bytes, characters, flush: isWhole);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }

        var text = Texts.Truncate(new string(characters, 0, used), maxCharacters);
        return text.Contains('\0', StringComparison.Ordinal) ? null : text;
    }
}
