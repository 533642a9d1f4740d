using Parley.Files;
using Xunit;

namespace Parley.Tests.Files;

public class FileNameTests
{
    private const string Smile = "\U0001F600";

    [Theory]
    [InlineData("a.png", "a.png")]
    [InlineData("/etc/passwd", "passwd")]
    [InlineData(@"C:\Users\me\a.png", "a.png")]
    [InlineData(@"a/b\c.txt", "c.txt")]
    [InlineData(@"a\b/c.txt", "c.txt")]
    [InlineData("../../x", "x")]
    [InlineData("folder/", "file")]
    [InlineData("", "file")]
    [InlineData("\r\n\t\0", "file")]
    [InlineData("a\r\nb\u0085c\u007Fd", "abcd")]
    [InlineData("Bericht für Köln 2026.pdf", "Bericht für Köln 2026.pdf")]
    [InlineData("a\"b;c%20.txt", "a\"b;c%20.txt")]
    public void A_name_is_the_last_segment_without_control_characters(string sent, string kept) => Assert.Equal(kept, FileName.Clean(sent));

    [Fact]
    public void A_long_name_is_cut_between_characters()
    {
        Assert.Equal(new string('a', 250), FileName.Clean(new string('a', 251)));
        Assert.Equal(new string('a', 248) + Smile, FileName.Clean(new string('a', 248) + Smile + "b"));
        Assert.Equal(new string('a', 249), FileName.Clean(new string('a', 249) + Smile));
        // The limit applies to the rest, not to the removed characters.
        Assert.Equal(new string('a', 250), FileName.Clean("/" + new string('\r', 300) + new string('a', 250)));
    }

    // Not a theory, because xunit's names of test cases must be valid UTF-16.
    [Fact]
    public void A_lone_surrogate_is_replaced() => Assert.Equal("a\uFFFDb", FileName.Clean("a\uD83Db"));

    [Theory]
    [InlineData("a b.png", "inline; filename=\"a b.png\"; filename*=UTF-8''a%20b.png")]
    [InlineData("a\"b\\c%41.txt", "inline; filename=\"a_b_c_41.txt\"; filename*=UTF-8''a%22b%5Cc%2541.txt")]
    [InlineData("it's (1)*.txt", "inline; filename=\"it's (1)*.txt\"; filename*=UTF-8''it%27s%20%281%29%2A.txt")]
    [InlineData("né\U0001F600.txt", "inline; filename=\"n__.txt\"; filename*=UTF-8''n%C3%A9%F0%9F%98%80.txt")]
    public void A_disposition_has_the_name_in_both_forms(string name, string disposition) =>
        Assert.Equal(disposition, FileName.ContentDisposition("inline", name));
}
