using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Parley.Core;
using Parley.Functions.Api.Requests;
using Xunit;

namespace Parley.Tests.Functions.Api;

public class TextLengthTests
{
    /// <summary>Unicode's property Prepended_Concatenation_Mark (PropList.txt, Unicode 17).</summary>
    private const string PrependedSigns =
        "\u0600\u0601\u0602\u0603\u0604\u0605\u06DD\u070F\u0890\u0891\u08E2\U000110BD\U000110CD";

    /// <summary>
    /// Generated texts of one to four bytes per character in UTF-8: a limit is met by its number of code points, as
    /// JSON Schema and PHP's mb_strlen count, and the limit of storage by the UTF-16 code units.
    /// </summary>
    [Fact]
    public void A_length_is_a_number_of_code_points_or_of_code_units_where_storage_limits_it()
    {
        var random = new Random(1);
        string[] characters = ["a", "é", "中", "😀", "\u0301", "\U00010348"];
        for (var i = 0; i < 2_000; i++)
        {
            var runes = random.Next(1, 12);
            var text = string.Concat(Enumerable.Range(0, runes).Select(_ => characters[random.Next(characters.Length)]));
            var (min, max) = (random.Next(1, 8), random.Next(8, 14));

            Assert.Equal(runes >= min && runes <= max, IsTaken(text, fields => fields.Text("a", min, max)));
            Assert.Equal(text.Length >= min && text.Length <= max, IsTaken(text, fields => fields.Text("a", min, max, TextUnit.Utf16)));
        }
    }

    [Theory]
    [InlineData(" ")]
    [InlineData("\t\r\n\v\f\u0085")]
    [InlineData("\u00A0\u2003\u3000\u205F\u2028\u2029")]
    [InlineData("\uFEFF\u200B\u2060\u00AD\u061C\u180E")]
    [InlineData("\u034F\u115F\u1160\u17B4\u17B5\u2065\u2800\u3164\uFFA0")]
    [InlineData("\U0001D173\U000E0020")]
    public void A_text_that_shows_nothing_is_refused_where_one_must_be_seen(string text)
    {
        Assert.False(IsTaken(text, fields => fields.RequiredVisibleText("a", 100)));
        Assert.True(IsTaken(text + "x", fields => fields.RequiredVisibleText("a", 100)));
        Assert.True(IsTaken("👩‍💻" + text, fields => fields.RequiredVisibleText("a", 100)));
        Assert.True(IsTaken(text, fields => fields.Text("a", 1, 100)));
    }

    /// <summary>
    /// No letter, number, mark of a script in use, punctuation or symbol counts as blank, and no format character that
    /// is drawn.
    /// </summary>
    [Fact]
    public void Every_visible_character_is_a_text()
    {
        var blank = Enumerable.Range(1, 0x10FFFF).Where(Rune.IsValid).Select(code => new Rune(code))
            .Where(rune => BlankText.IsBlank(rune.ToString()))
            .GroupBy(Rune.GetUnicodeCategory).ToDictionary(group => group.Key, group => group.Count());

        UnicodeCategory[] invisible =
            [UnicodeCategory.SpaceSeparator, UnicodeCategory.LineSeparator, UnicodeCategory.ParagraphSeparator, UnicodeCategory.Control, UnicodeCategory.Format];
        Assert.All(PrependedSigns.EnumerateRunes(), rune => Assert.False(BlankText.IsBlank(rune.ToString()), $"U+{rune.Value:X4}"));
        // Nine fillers, and 260 variation selectors.
        Assert.Equal(9 + 260, blank.Where(group => !invisible.Contains(group.Key)).Sum(group => group.Value));
    }

    private static bool IsTaken(string text, Action<Fields> read)
    {
        var fields = new Fields(JsonElement.Parse(new JsonObject { ["a"] = text }.ToJsonString()));
        read(fields);
        return Record.Exception(fields.ThrowIfInvalid) is null;
    }
}
