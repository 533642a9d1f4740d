using Parley.Core;
using Parley.Files;
using Xunit;

namespace Parley.Tests.Files;

public class FileDispositionTests
{
    private static readonly string[] MimeTypes =
    [
        "image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4", "audio/mpeg", "audio/ogg", "audio/wav",
        "application/pdf",
    ];

    // Endings of types that a browser or a desktop runs, and of the listed ones.
    private static readonly string[] Endings =
    [
        "html", "htm", "xhtml", "svg", "xml", "js", "mjs", "css", "hta", "exe", "lnk", "bat", "url", "swf", "txt", "zip",
        "png", "jpg", "jpeg", "gif", "webp", "mp4", "mp3", "ogg", "wav", "pdf",
    ];

    [Theory]
    [InlineData("image/gif", "poly.html", false)]
    [InlineData("image/gif", "poly.HTML", false)]
    [InlineData("image/gif", "poly.gif.html", false)]
    [InlineData("image/gif", "poly.html.gif", true)]
    [InlineData("image/gif", "poly.html.", false)]
    [InlineData("image/gif", "poly.html . .", false)]
    [InlineData("image/gif", ".html", false)]
    [InlineData("image/gif", "poly.gif ", true)]
    [InlineData("image/gif", "poly.GIF", true)]
    [InlineData("image/gif", "poly.gıf", false)]
    [InlineData("image/gif", "poly", true)]
    [InlineData("image/gif", "a.b/poly", false)]
    [InlineData("image/jpeg", "photo.jfif", true)]
    [InlineData("application/pdf", "invoice.pdf", true)]
    [InlineData("application/pdf", "invoice.svg", false)]
    [InlineData("application/octet-stream", "data.bin", false)]
    [InlineData("application/octet-stream", "data", false)]
    [InlineData("text/html", "page.html", false)]
    public void A_file_is_shown_only_when_its_ending_fits_its_type(string mimeType, string name, bool isShown)
    {
        var file = NewFile(mimeType, name);

        Assert.Equal(isShown, FileDisposition.IsShown(file));
        Assert.StartsWith(
            isShown ? "inline; " : "attachment; ", FileDisposition.Of(file), StringComparison.Ordinal);
    }

    [Fact]
    public void An_ending_is_shown_for_one_type_only_whatever_surrounds_it()
    {
        var random = new RandomSource(seed: 3);
        foreach (var ending in Endings)
        {
            for (var round = 0; round < 20; round++)
            {
                var name = FileName.Clean(
                    Pick(random, "a", "a.gif", "", "x.tar", "汉") + "." + Mixed(random, ending) + Pick(random, "", ".", " ", ". "));
                var shown = MimeTypes.Where(mimeType => FileDisposition.IsShown(NewFile(mimeType, name))).ToList();

                Assert.True(shown.Count <= 1, $"{name} is shown as {string.Join(" and ", shown)}.");
                Assert.Equal(Array.IndexOf(Endings, ending) >= Array.IndexOf(Endings, "png"), shown.Count == 1);
            }
        }
    }

    private static StoredFile NewFile(string mimeType, string name) => new(Guid.Empty, name, "document", mimeType, 1);

    private static string Pick(RandomSource random, params string[] texts) =>
        texts[(int)(random.NextBits(16) % texts.Length)];

    private static string Mixed(RandomSource random, string text) =>
        string.Concat(text.Select(c => random.NextBits(1) == 0 ? c : char.ToUpperInvariant(c)));
}
