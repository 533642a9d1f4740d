using System.Text;
using Parley.Files;
using Xunit;

namespace Parley.Tests.Files;

/// <summary>The files whose text is given to an assistant.</summary>
public sealed class FileTextTests
{
    private const int Max = 4;

    [Theory]
    [InlineData("")]
    [InlineData("abcd")]
    [InlineData("aé€")]
    [InlineData("ab🙂")]
    public void A_text_that_fits_is_read_completely_with_or_without_a_byte_order_mark(string text)
    {
        Assert.Equal(text, Read(Encoding.UTF8.GetBytes(text)));
        Assert.Equal(text, Read([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(text)]));
    }

    [Theory]
    [InlineData("abcde", "abcd")]
    [InlineData("€€€€€", "€€€€")]
    [InlineData("abc🙂", "abc")]
    [InlineData("🙂🙂🙂", "🙂🙂")]
    public void A_longer_text_is_truncated(string text, string read) => Assert.Equal(read, Read(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_partial_character_is_dropped_if_more_bytes_follow_and_makes_the_file_no_text_otherwise(int left)
    {
        byte[] cut = [(byte)'a', .. Encoding.UTF8.GetBytes("🙂").AsSpan(0, left)];
        Assert.Equal("a", Read(cut, isWhole: false));
        Assert.Null(Read(cut));
    }

    [Theory]
    [InlineData(new byte[] { (byte)'a', 0, (byte)'b' })]
    [InlineData(new byte[] { 0xFF, 0xFE, (byte)'a', 0 })]
    [InlineData(new byte[] { (byte)'a', 0x80 })]
    [InlineData(new byte[] { 0xC0, 0xAF })]
    [InlineData(new byte[] { 0xED, 0xA0, 0xBD })]
    [InlineData(new byte[] { (byte)'%', (byte)'P', 0xE2, (byte)'x' })]
    public void Bytes_that_are_not_UTF_8_or_contain_NUL_are_no_text(byte[] bytes)
    {
        Assert.Null(Read(bytes));
        Assert.Null(Read(bytes, isWhole: false));
    }

    private static string? Read(byte[] bytes, bool isWhole = true) => FileText.Read(bytes, isWhole, Max);
}
