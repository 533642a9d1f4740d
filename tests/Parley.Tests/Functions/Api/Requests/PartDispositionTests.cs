using System.Text;
using Parley.Functions.Api.Requests;
using Xunit;

namespace Parley.Tests.Functions.Api.Requests;

public class PartDispositionTests
{
    [Theory]
    [InlineData("""form-data; name="file"; filename="invoice.pdf"; filename*=UTF-8''r%2""", "invoice.pdf")]
    [InlineData("""form-data; name="file"; filename="invoice.pdf"; filename*=UTF-8''r%zz""", "invoice.pdf")]
    [InlineData("""form-data; name="file"; filename="invoice.pdf"; filename*=UTF-8''%""", "invoice.pdf")]
    [InlineData("""form-data; name="file"; filename="invoice.pdf"; filename*=UTF-8''%FF.pdf""", "invoice.pdf")]
    [InlineData("""form-data; name="file"; filename="invoice.pdf"; filename*=UTF-8''a%C3%28""", "invoice.pdf")]
    [InlineData("""form-data; name="file"; filename="invoice.pdf"; filename*=UTF-7''a.pdf""", "invoice.pdf")]
    [InlineData("""form-data; name="file"; filename="invoice.pdf"; filename*=a.pdf""", "invoice.pdf")]
    [InlineData("""form-data; name="file"; filename="invoice.pdf"; filename*=UTF-8'a.pdf""", "invoice.pdf")]
    [InlineData("""form-data; name="file"; filename="invoice.pdf"; filename*=UTF-8''""", "invoice.pdf")]
    [InlineData("""form-data; name="file"; filename="invoice.pdf"; filename*=UTF-8''a b.pdf""", "invoice.pdf")]
    [InlineData("""form-data; name="file"; filename="invoice.pdf"; filename*=UTF-8''日.pdf""", "invoice.pdf")]
    [InlineData("""form-data; name="file"; filename*=UTF-8''r%2""", "")]
    [InlineData("""form-data; name="file"; filename="a.pdf"; filename*=UTF-8''%E6%97%A5.pdf""", "日.pdf")]
    [InlineData("""form-data; name="file"; filename*=utf-8'en-GB'%E6%97%A5.pdf; filename="a.pdf";""", "日.pdf")]
    [InlineData("""form-data; name="file"; filename*=ISO-8859-1''%A3.pdf""", "£.pdf")]
    [InlineData("""form-data; name="file"; filename*="UTF-8''%E6%97%A5.pdf" """, "日.pdf")]
    [InlineData("""form-data; name="file"; filename*=UTF-8''it's%20(1)*!.txt""", "it's (1)*!.txt")]
    [InlineData("""form-data; name="file"; filename="it's (1)*.txt" """, "it's (1)*.txt")]
    [InlineData("""form-data; name="file"; filename="=?utf-8?B?5pelLnR4dA==?=" """, "日.txt")]
    [InlineData("""form-data; name="file"; filename="=?UTF-8?Q?na=C3=AFve_1.txt?=" """, "naïve 1.txt")]
    [InlineData("""form-data; name="file"; filename="=?UTF-8?Q?=E6=97?= =?UTF-8?Q?=A5.txt?=" """, "日.txt")]
    [InlineData("""form-data; name="file"; filename="=?iso-8859-1*en?q?=A3.txt?=" """, "£.txt")]
    [InlineData("""form-data; name="file"; filename="=?UTF-8?B?5pe?=" """, "=?UTF-8?B?5pe?=")]
    [InlineData("""form-data; name="file"; filename="=?UTF-8?Q?=E6?=" """, "=?UTF-8?Q?=E6?=")]
    [InlineData("""form-data; name="file"; filename="=?koi8-r?Q?=E6?=" """, "=?koi8-r?Q?=E6?=")]
    [InlineData("""form-data; name="file"; filename="=?UTF-8?Q?a?= b" """, "=?UTF-8?Q?a?= b")]
    [InlineData("""form-data; name="file"; filename="C:\Users\me\a.png" """, @"C:\Users\me\a.png")]
    [InlineData("""form-data; name="file"; filename="C:\" """, @"C:\")]
    [InlineData("""form-data; name="file"; filename="a\"b; c=d.txt" """, "a\"b; c=d.txt")]
    [InlineData("""form-data; name="file"; filename="100%25 a%22b.txt" """, "100%25 a\"b.txt")]
    [InlineData("""form-data; name="file"; filename=日 1.pdf""", "日 1.pdf")]
    [InlineData("""FORM-DATA;NAME=file;FILENAME=a.pdf""", "a.pdf")]
    [InlineData("""form-data; filename="name=\"x\""; name = "file" """, "name=\"x\"")]
    [InlineData("""form-data; name="file"; filename="a"; filename="b" """, "a")]
    [InlineData("""form-data; name="file"; filename= """, "")]
    [InlineData("""form-data; x; name="file" """, "")]
    public void A_file_name_is_read(string header, string expected)
    {
        Assert.True(PartDisposition.TryParse(header.TrimEnd(), out var disposition));
        Assert.Equal(("file", expected), (disposition.Name, disposition.ReadFileName()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("attachment; name=\"file\"")]
    [InlineData("form-data2; name=\"file\"")]
    public void Other_dispositions_are_refused(string? header) => Assert.False(PartDisposition.TryParse(header, out _));

    /// <summary>Names of any characters, written in every way in which clients write them.</summary>
    [Fact]
    public void Every_way_to_write_a_name_is_read()
    {
        string[] pieces = ["a", "Z", "0", ".", " ", "-", "_", "'", "(", ")", "*", "!", "%", "=", "?", "&", ";", ",", "#", "é", "日", "😀", "e\u0301"];
        var random = new Random(8187);
        for (var i = 0; i < 3_000; i++)
        {
            var name = "x" + string.Concat(Enumerable.Range(0, random.Next(1, 30)).Select(_ => pieces[random.Next(pieces.Length)])) + "x";
            foreach (var parameter in Spellings(name, random))
            {
                Assert.True(PartDisposition.TryParse($"form-data; name=\"file\"; {parameter}", out var disposition));
                Assert.True(name == disposition.ReadFileName(), $"{parameter} gave {disposition.ReadFileName()}");
            }
        }
    }

    private static IEnumerable<string> Spellings(string name, Random random)
    {
        var escaped = Uri.EscapeDataString(name);
        var half = escaped + "%" + (random.Next(2) == 0 ? "" : "C");
        var words = "=?UTF-8?B?" + Convert.ToBase64String(Encoding.UTF8.GetBytes(name)) + "?=";
        var quoted = string.Concat(Encoding.UTF8.GetBytes(name).Select(one => $"={one:X2}"));
        yield return $"filename*=UTF-8''{escaped}";
        yield return $"filename=\"other.txt\"; filename*=UTF-8'en'{escaped}";
        yield return $"filename*=UTF-8''{escaped}; filename=\"other.txt\"";

        // As encodeURIComponent of JavaScript writes it.
        yield return "filename*=utf-8''" + new[] { "!", "'", "(", ")", "*" }.Aggregate(
            escaped, (text, mark) => text.Replace(Uri.HexEscape(mark[0]), mark, StringComparison.Ordinal));
        yield return $"filename=\"{words}\"";
        yield return $"filename=\"=?utf-8?q?{quoted}?=\"";
        yield return $"filename=\"{name}\"";
        yield return $"filename=\"{name}\"; filename*=UTF-8''{half}";
        if (!name.Contains(';', StringComparison.Ordinal))
        {
            yield return $"filename={name}";
        }
    }
}
