using System.Text;
using Parley.Core;

namespace Parley.Files;

/// <summary>Reads the text of text files.</summary>
internal static class FileText
{
    private static readonly UTF8Encoding Strict =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Returns the first characters of a file's text; null when the bytes are not UTF-8 (with or without a byte order
    /// mark) or contain a NUL character.
    /// </summary>
    /// <param name="bytes">The bytes of the file, or its first bytes.</param>
    /// <param name="isWhole">True when the bytes are the whole file; if false, the last character may be cut.</param>
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
