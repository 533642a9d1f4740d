using System.Buffers;

namespace Parley.Assistants.Completions;

/// <summary>
/// Stores the parts of a text as the text and their lengths: seven bits of a length in each byte, the lowest first; the
/// eighth bit is set when more bytes follow.
/// </summary>
internal static class PartLengths
{
    public static byte[] Write(IReadOnlyCollection<string> parts)
    {
        var bytes = new ArrayBufferWriter<byte>(parts.Count + 2);
        foreach (var part in parts)
        {
            var rest = (uint)part.Length;
            for (; rest > 0x7F; rest >>= 7)
            {
                bytes.Write([(byte)(rest | 0x80)]);
            }

            bytes.Write([(byte)rest]);
        }

        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Splits a text into its parts.</summary>
    public static IEnumerable<string> Read(string text, byte[] lengths)
    {
        var (start, length, shift) = (0, 0, 0);
        foreach (var one in lengths)
        {
            length |= (one & 0x7F) << shift;
            shift += 7;
            if (one <= 0x7F)
            {
                yield return text.Substring(start, length);
                start += length;
                (length, shift) = (0, 0);
            }
        }
    }
}
