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

    [Theory]
    [InlineData("a\u202Egpj.exe", "agpj.exe")]
    [InlineData("\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069\u200E\u200F\u061C", "file")]
    [InlineData(".\u202E.", "file")]
    [InlineData("a/\u200F..\u200E", "file")]
    [InlineData("שלום 2.pdf", "שלום 2.pdf")]
    [InlineData("👨‍👩‍👧.png", "👨‍👩‍👧.png")]
    public void Direction_marks_are_removed(string sent, string kept) => Assert.Equal(kept, FileName.Clean(sent));

    [Fact]
    public void A_long_name_keeps_its_extension()
    {
        const string Family = "👨‍👩‍👧";

        Assert.Equal(new string('a', 246) + ".pdf", FileName.Clean(new string('a', 300) + ".pdf"));
        Assert.Equal(new string('a', 247) + ".gz", FileName.Clean(new string('a', 300) + ".tar.gz"));
        Assert.Equal(new string('a', 245) + ".pdf", FileName.Clean(new string('a', 245) + "e\u0301.pdf"));
        Assert.Equal(
            string.Concat(Enumerable.Repeat(Family, 30)) + ".jpeg",
            FileName.Clean(string.Concat(Enumerable.Repeat(Family, 100)) + ".jpeg"));

        // These have no extension.
        Assert.Equal(new string('a', 250), FileName.Clean(new string('a', 300) + "."));
        Assert.Equal("." + new string('a', 249), FileName.Clean("." + new string('a', 300)));
        Assert.Equal(new string('a', 250), FileName.Clean(new string('a', 300) + ". And more"));
        Assert.Equal(new string('a', 200) + "." + new string('b', 49), FileName.Clean(new string('a', 200) + "." + new string('b', 99)));

        // One character that alone is too long.
        Assert.Equal("a" + new string('\u0301', 245) + ".pdf", FileName.Clean("a" + new string('\u0301', 300) + ".pdf"));
    }

    /// <summary>Names of complete characters, marks, controls and separators, against the list of their parts.</summary>
    [Fact]
    public void Names_are_kept_as_calculated()
    {
        string[] characters = ["a", "Z", "7", " ", "-", "%", "\"", "'", "é", "e\u0301", "日", "ש", "ع", "ก", "한", Smile, "👨‍👩‍👧", "🇧🇷", "👍🏽", "\u200B", "\uFFFD"];
        string[] removed = ["\u202A", "\u202E", "\u2066", "\u2069", "\u200E", "\u200F", "\u061C", "\0", "\n", "\u007F", "\u0085"];
        string[] extensions = ["", ".pdf", ".7z", ".jpeg", ".ダウン", ".numbers-template"];
        var random = new Random(25);
        var shortened = 0;
        for (var i = 0; i < 5_000; i++)
        {
            var count = random.Next(3) == 0 ? random.Next(80, 400) : random.Next(1, 20);
            var stem = Enumerable.Range(0, count).Select(_ => characters[random.Next(characters.Length)]).ToList();
            var extension = extensions[random.Next(extensions.Length)];
            var path = random.Next(3) == 0 ? (random.Next(2) == 0 ? @"C:\Users\" : "/home/a.b/") : "";
            var sent = path + string.Concat(stem.Concat([extension]).Select(part =>
                (random.Next(4) == 0 ? removed[random.Next(removed.Length)] : "") + part));

            var room = 250 - extension.Length;
            var whole = string.Concat(stem).Length <= room;
            var kept = "";
            foreach (var character in stem.TakeWhile(character => whole || kept.Length + character.Length <= room))
            {
                kept += character;
            }

            var name = FileName.Clean(sent);
            Assert.Equal(kept + extension, name);
            Assert.Equal(name, FileName.Clean(name));
            shortened += whole ? 0 : 1;
            AssertReadable(FileName.ContentDisposition("attachment", name), name);
        }

        Assert.InRange(shortened, 1_000, 4_000);
    }

    /// <summary>
    /// The header has the grammar of RFC 6266, and two parsers find the name in it.
    /// </summary>
    private static void AssertReadable(string header, string name)
    {
        var token = "([A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+";
        Assert.Matches($@"\Aattachment; filename=""[ !#-\[\]-~]+""; filename\*=UTF-8''{token}\z", header);
        var parsed = System.Net.Http.Headers.ContentDispositionHeaderValue.Parse(header);
        Assert.Equal(name, parsed.FileNameStar);
        Assert.True(Microsoft.Net.Http.Headers.ContentDispositionHeaderValue.TryParse(header, out var other));
        Assert.Equal(name, other.FileNameStar.ToString());
    }

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
