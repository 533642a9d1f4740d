namespace Parley.Files;

/// <summary>
/// What a file is, told by its first bytes alone: the client's word for it and the name's ending count for nothing, because browsers
/// act on the type that a file is served under. docs/api.md lists the types; everything else is <see cref="Unknown"/>.
/// </summary>
/// <param name="Type">image, video, audio or document.</param>
/// <param name="MimeType">The media type that it is served under.</param>
public readonly record struct FileType(string Type, string MimeType)
{
    /// <summary>As many bytes as the longest signature has; more change nothing.</summary>
    public const int PrefixLength = 12;

    /// <summary>What has no signature of the list.</summary>
    public static readonly FileType Unknown = new("document", "application/octet-stream");

    /// <summary>The type of a file that begins so.</summary>
    /// <param name="prefix">Its first <see cref="PrefixLength"/> bytes or more; of a shorter file, all.</param>
    public static FileType Of(ReadOnlySpan<byte> prefix) => prefix switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => new("image", "image/png"),
        [0xFF, 0xD8, 0xFF, ..] => new("image", "image/jpeg"),
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', (byte)'7' or (byte)'9', (byte)'a', ..] => new("image", "image/gif"),
        _ when prefix.StartsWith("%PDF-"u8) => new("document", "application/pdf"),
        _ when prefix.StartsWith("OggS"u8) => new("audio", "audio/ogg"),
        _ when prefix.StartsWith("ID3"u8) || IsMp3Frame(prefix) => new("audio", "audio/mpeg"),
        _ when IsRiff(prefix, "WEBP"u8) => new("image", "image/webp"),
        _ when IsRiff(prefix, "WAVE"u8) => new("audio", "audio/wav"),
        _ when prefix.Length >= PrefixLength && prefix[4..].StartsWith("ftyp"u8) && IsMp4Brand(prefix[8..12]) => new("video", "video/mp4"),
        _ => Unknown,
    };

    private static bool IsRiff(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> form) =>
        prefix.Length >= PrefixLength && prefix.StartsWith("RIFF"u8) && prefix[8..].StartsWith(form);

    /// <summary>
    /// The header of an MPEG audio frame (ISO/IEC 11172-3, 2.4.1.3): eleven set bits, version, layer, then the bit rate and the sample
    /// rate, neither of which may have its forbidden value; nor may the bit rate be free, which next to nothing plays. Only layer III, for
    /// AAC has the same beginning with layer 0, and UTF-16 text with its mark FF FE looks like layer I.
    /// </summary>
    private static bool IsMp3Frame(ReadOnlySpan<byte> prefix) =>
        prefix.Length >= 4 && prefix[0] == 0xFF && (prefix[1] & 0xE6) == 0xE2 && (prefix[1] & 0x18) != 0x08
        && (prefix[2] & 0xF0) is not (0x00 or 0xF0) && (prefix[2] & 0x0C) != 0x0C && (prefix[3] & 0x03) != 0x02;

    /// <summary>
    /// Major brands of video in MP4 (mp4ra.org). By the box ftyp alone begin also HEIC and AVIF pictures, QuickTime movies, 3GP and M4A,
    /// which have media types of their own and are not on the list.
    /// </summary>
    private static bool IsMp4Brand(ReadOnlySpan<byte> brand) =>
        brand.SequenceEqual("isom"u8)
        || brand.StartsWith("iso"u8) && brand[3] is >= (byte)'2' and <= (byte)'9'
        || brand.SequenceEqual("mp41"u8) || brand.SequenceEqual("mp42"u8)
        || brand.SequenceEqual("avc1"u8) || brand.SequenceEqual("dash"u8)
        || brand.SequenceEqual("M4V "u8) || brand.SequenceEqual("M4VH"u8) || brand.SequenceEqual("M4VP"u8)
        || brand.SequenceEqual("MSNV"u8);
}
