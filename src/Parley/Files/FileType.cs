namespace Parley.Files;

/// <summary>
/// The type of a file, detected from its first bytes only. The client's type and the name's extension are ignored,
/// because browsers act on the type in the response. docs/api.md lists the types; every other file is
/// <see cref="Unknown"/>.
/// </summary>
/// <param name="Type">image, video, audio or document.</param>
/// <param name="MimeType">The media type of the download.</param>
public readonly record struct FileType(string Type, string MimeType)
{
    /// <summary>The length of the longest signature, in bytes; more bytes do not change the result.</summary>
    public const int PrefixLength = 12;

    /// <summary>The type of a file without a known signature.</summary>
    public static readonly FileType Unknown = new("document", "application/octet-stream");

    /// <param name="prefix">At least the first <see cref="PrefixLength"/> bytes; all bytes of a shorter file.</param>
    public static FileType Of(ReadOnlySpan<byte> prefix) => prefix switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => new("image", "image/png"),
        [0xFF, 0xD8, 0xFF, ..] => new("image", "image/jpeg"),
        _ when prefix.StartsWith("GIF87a"u8) || prefix.StartsWith("GIF89a"u8) => new("image", "image/gif"),
        _ when prefix.StartsWith("%PDF-"u8) => new("document", "application/pdf"),
        _ when prefix.StartsWith("OggS"u8) => new("audio", "audio/ogg"),
        _ when prefix.StartsWith("ID3"u8) || IsMp3Frame(prefix) => new("audio", "audio/mpeg"),
        _ when IsRiff(prefix, "WEBP"u8) => new("image", "image/webp"),
        _ when IsRiff(prefix, "WAVE"u8) => new("audio", "audio/wav"),
        _ when IsMp4(prefix) => new("video", "video/mp4"),
        _ => Unknown,
    };

    private static bool IsRiff(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> form) =>
        prefix.Length >= PrefixLength && prefix.StartsWith("RIFF"u8) && prefix[8..].StartsWith(form);

    /// <summary>
    /// Recognizes the header of an MPEG audio frame (ISO/IEC 11172-3, 2.4.1.3): eleven set bits, version, layer, then
    /// the bit rate and the sample rate, neither of which may have its forbidden value. The bit rate must not be "free"
    /// either, which hardly any player supports. Only layer III is accepted: AAC begins with the same bits and layer 0,
    /// and UTF-16 text with the byte order mark FF FE looks like layer I.
    /// </summary>
    private static bool IsMp3Frame(ReadOnlySpan<byte> prefix) =>
        prefix.Length >= 4 && prefix[0] == 0xFF && (prefix[1] & 0xE6) == 0xE2 && (prefix[1] & 0x18) != 0x08
        && (prefix[2] & 0xF0) is not (0x00 or 0xF0) && (prefix[2] & 0x0C) != 0x0C && (prefix[3] & 0x03) != 0x02;

    private static bool IsMp4(ReadOnlySpan<byte> prefix) =>
        prefix.Length >= PrefixLength && prefix[4..].StartsWith("ftyp"u8) && IsMp4Brand(prefix[8..12]);

    /// <summary>
    /// The major brands of MP4 video (mp4ra.org). The box ftyp is not enough: HEIC and AVIF pictures, QuickTime movies,
    /// 3GP and M4A begin with it too, but have their own media types, which are not on the list.
    /// </summary>
    private static bool IsMp4Brand(ReadOnlySpan<byte> brand) =>
        brand.SequenceEqual("isom"u8)
        || brand.StartsWith("iso"u8) && brand[3] is >= (byte)'2' and <= (byte)'9'
        || brand.SequenceEqual("mp41"u8) || brand.SequenceEqual("mp42"u8)
        || brand.SequenceEqual("avc1"u8) || brand.SequenceEqual("dash"u8)
        || brand.SequenceEqual("M4V "u8) || brand.SequenceEqual("M4VH"u8) || brand.SequenceEqual("M4VP"u8)
        || brand.SequenceEqual("MSNV"u8);
}
