using System.Text;
using Parley.Core;
using Parley.Files;
using Xunit;

namespace Parley.Tests.Files;

public class FileTypeTests
{
    /// <summary>Beginnings of files in Latin-1, one character for each byte.</summary>
    public static TheoryData<string, string, string> Known => new()
    {
        { "\u0089PNG\r\n\u001A\n\0\0\0\rIHDR", "image", "image/png" },
        { "\u00FF\u00D8\u00FF\u00E0\0\u0010JFIF\0", "image", "image/jpeg" },
        { "\u00FF\u00D8\u00FF\u00E1\0\u0010Exif\0", "image", "image/jpeg" },
        { "\u00FF\u00D8\u00FF\u00DB", "image", "image/jpeg" },
        { "GIF87a\u0001\0\u0001\0", "image", "image/gif" },
        { "GIF89a\u0001\0\u0001\0", "image", "image/gif" },
        { "RIFF\u0024\0\0\0WEBPVP8 ", "image", "image/webp" },
        { "RIFF\u0024\0\0\0WAVEfmt ", "audio", "audio/wav" },
        { "\0\0\0\u0020ftypisom\0\0\u0002\0isomiso2avc1mp41", "video", "video/mp4" },
        { "\0\0\0\u0018ftypiso5\0\0\u0002\0", "video", "video/mp4" },
        { "\0\0\0\u0018ftypmp41\0\0\0\0", "video", "video/mp4" },
        { "\0\0\0\u0018ftypmp42\0\0\0\0", "video", "video/mp4" },
        { "\0\0\0\u0018ftypavc1\0\0\0\0", "video", "video/mp4" },
        { "\0\0\0\u0018ftypdash\0\0\0\0", "video", "video/mp4" },
        { "\0\0\0\u0018ftypM4V \0\0\0\0", "video", "video/mp4" },
        { "\0\0\0\u0018ftypM4VH\0\0\0\0", "video", "video/mp4" },
        { "\0\0\0\u0018ftypM4VP\0\0\0\0", "video", "video/mp4" },
        { "\0\0\0\u0018ftypMSNV\0\0\0\0", "video", "video/mp4" },
        { "ID3\u0004\0\0\0\0\0\u0023TSSE", "audio", "audio/mpeg" },
        { "\u00FF\u00FB\u0090\u0064", "audio", "audio/mpeg" },
        { "\u00FF\u00FA\u0090\u0064", "audio", "audio/mpeg" },
        { "\u00FF\u00F3\u0048\u00C4", "audio", "audio/mpeg" },
        { "\u00FF\u00E3\u0018\u00C4", "audio", "audio/mpeg" },
        { "OggS\0\u0002\0\0", "audio", "audio/ogg" },
        { "%PDF-1.7\n%\u00E2\u00E3", "document", "application/pdf" },
    };

    public static TheoryData<string> Unlisted =>
    [
        "",
        "plain text",
        "<!DOCTYPE html><script>alert(1)</script>",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>",
        "<?xml version=\"1.0\"?><svg/>",
        "PK\u0003\u0004\u0014\0",
        "MZ\u0090\0\u0003",
        "BM6\u0003",
        "GIF88a\u0001\0",
        "GIF89b\u0001\0",
        "RIFF\u0024\0\0\0AVI LIST",
        "RIFX\u0024\0\0\0WAVEfmt ",
        "FORM\u0024\0\0\0WEBPVP8 ",
        " %PDF-1.7",
        "\n\u0089PNG\r\n\u001A\n",
        "\u0089PNG\n\u001A\n\0\0\0\0",
        "\u00FF\u00D8\0\0",
        "\0\0\0\u0018ftypheic\0\0\0\0mif1heic",
        "\0\0\0\u0018ftypavif\0\0\0\0mif1avif",
        "\0\0\0\u0014ftypqt  \0\0\0\0qt  ",
        "\0\0\0\u0018ftypM4A \0\0\0\0M4A mp42isom",
        "\0\0\0\u0018ftyp3gp5\0\0\0\0",
        "\0\0\0\u0018ftypisox",
        "\0\0\0\u0018ftypiso1",
        "\0\0\0\u0008moov",
        "ftypisom\0\0\0\0",
        // UTF-16 text with its byte order mark, and ADTS (AAC).
        "\u00FF\u00FEh\0e\0l\0l\0o\0",
        "\u00FE\u00FF\0h\0e\0l\0l\0o",
        "\u00FF\u00F1\u0050\u0080\u0002\u001F",
        "\u00FF\u00F9\u0050\u0080\u0002\u001F",
        // Layer II, and values that layer III does not have: version, bit rate (free, forbidden), sample rate and
        // emphasis.
        "\u00FF\u00FD\u0090\u0064",
        "\u00FF\u00EB\u0090\u0064",
        "\u00FF\u00FB\u0000\u0064",
        "\u00FF\u00FB\u00F0\u0064",
        "\u00FF\u00FB\u009C\u0064",
        "\u00FF\u00FB\u0090\u0066",
        "\u00FF\u00DB\u0090\u0064",
    ];

    [Theory]
    [MemberData(nameof(Known))]
    public void A_signature_determines_the_type(string beginning, string type, string mimeType)
    {
        Assert.Equal(new FileType(type, mimeType), FileType.Of(Bytes(beginning)));
        Assert.Equal(new FileType(type, mimeType), FileType.Of(Bytes(beginning + new string('x', 1000))));
    }

    [Theory]
    [MemberData(nameof(Unlisted))]
    public void Everything_else_is_a_document_of_no_type(string beginning)
    {
        Assert.Equal(new FileType("document", "application/octet-stream"), FileType.Of(Bytes(beginning)));
        Assert.Equal(FileType.Unknown, FileType.Of(Bytes(beginning + new string('x', 1000))));
    }

    [Theory]
    [MemberData(nameof(Known))]
    public void A_type_needs_its_whole_signature_and_no_more_than_the_prefix(string beginning, string type, string mimeType)
    {
        var bytes = Bytes(beginning.PadRight(FileType.PrefixLength, 'x'));
        var needed = Enumerable.Range(0, FileType.PrefixLength + 1).First(length => FileType.Of(bytes.AsSpan(0, length)) != FileType.Unknown);

        Assert.InRange(needed, 3, FileType.PrefixLength);
        Assert.Equal(new FileType(type, mimeType), FileType.Of(bytes.AsSpan(0, needed)));
    }

    [Fact]
    public void Random_bytes_have_no_type()
    {
        var random = new RandomSource(11);
        var bytes = new byte[64];
        var recognized = 0;
        for (var i = 0; i < 100_000; i++)
        {
            random.Fill(bytes);
            recognized += FileType.Of(bytes) == FileType.Unknown ? 0 : 1;
        }

        // The 22 fixed or limited bits of an MP3 frame occur by chance about once in 7,700 times.
        Assert.InRange(recognized, 0, 30);
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
