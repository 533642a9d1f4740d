using System.Text.Json;
using System.Text.RegularExpressions;
using Parley.Core;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Xunit;

namespace Parley.Tests.Functions.Api.Requests;

public class CompactJsonTests
{
    private const int Unlimited = 1_000_000;

    private static readonly string[] Units =
    [
        "a", "é", "😀", "\u2028", "\ue000", "\ufffe", "'", "<", "+", "\u007f", @"\n", @"\""", @"\\", @"\/", @"\b", @"\u0041",
        @"\u00e9", @"\ud83d\ude00", @"\uD83D\uDE00", @"\u2028", @"\u0001", @"\\ud83d\\ude00", @"\\\ud83d\ude00", @"\\u0000",
    ];

    private static readonly string[] Numbers = ["0", "-0", "1.50", "1E+5", "12345678901234567890123", "true", "null"];

    /// <summary>Hashes of idempotency keys that are stored were made of this text.</summary>
    [Fact]
    public void The_text_is_that_of_the_serializer_with_surrogate_pairs_joined()
    {
        var random = new RandomSource(seed: 4);
        for (var round = 0; round < 3_000; round++)
        {
            var json = Value(random, depth: 4);
            using var document = JsonDocument.Parse(json);
            var expected = Reference(document.RootElement);

            Assert.Equal(CompactJsonResult.Written, CompactJson.TryWrite(document.RootElement, Unlimited, out var text));
            Assert.True(expected == text, $"{json}\nbecame\n{text}\nnot\n{expected}");
            Assert.Equal(CompactJsonResult.Written, CompactJson.TryWrite(document.RootElement, text.Length, out _));
            Assert.Equal(CompactJsonResult.TooLong, CompactJson.TryWrite(document.RootElement, text.Length - 1, out _));
        }
    }

    [Theory]
    [InlineData("""{"a":"\u0000"}""")]
    [InlineData("""{"a":["x",{"b":"\\\u0000"}]}""")]
    [InlineData("""{"\u0000":1}""")]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"a":"\udc00\ud800"}""")]
    [InlineData("""{"\ude00":1}""")]
    public void Half_characters_and_nul_are_found(string json) => Assert.Equal(
        CompactJsonResult.InvalidText, CompactJson.TryWrite(JsonElement.Parse(json), Unlimited, out _));

    [Theory]
    [InlineData("""{"a":"\\u0000"}""")]
    [InlineData("""{"a":"\\ud800"}""")]
    [InlineData("""{"a":"\\\\u0000"}""")]
    public void An_escaped_backslash_begins_no_escape(string json)
    {
        Assert.Equal(CompactJsonResult.Written, CompactJson.TryWrite(JsonElement.Parse(json), Unlimited, out var text));
        Assert.Equal(json, text);
    }

    [Fact]
    public void A_text_that_is_much_too_long_costs_no_memory()
    {
        var element = JsonElement.Parse($"{{\"a\":\"{string.Concat(Enumerable.Repeat(@"\n", 700_000))}\"}}");
        CompactJson.TryWrite(element, Limits.Json, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal(CompactJsonResult.TooLong, CompactJson.TryWrite(element, Limits.Json, out _));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000);
    }

    private static string Reference(JsonElement element) => Regex.Replace(
        JsonSerializer.Serialize(element, CommonJson.Default.JsonElement),
        @"\\u(?<high>D[89AB][0-9A-F]{2})\\u(?<low>D[C-F][0-9A-F]{2})|\\.",
        escape => escape.Groups["high"].Success ? $"{Unit(escape, "high")}{Unit(escape, "low")}" : escape.Value,
        RegexOptions.ExplicitCapture,
        TimeSpan.FromSeconds(10));

    private static char Unit(Match escape, string half) => (char)Convert.ToUInt16(escape.Groups[half].Value, 16);

    private static string Value(RandomSource random, int depth) => (depth == 0 ? 2 : Next(random, 4)) switch
    {
        0 => $"{{{List(random, () => $"{Text(random)}: {Value(random, depth - 1)}")} }}",
        1 => $"[ {List(random, () => Value(random, depth - 1))}]",
        _ when Next(random, 3) == 0 => Numbers[Next(random, Numbers.Length)],
        _ => Text(random),
    };

    private static string List(RandomSource random, Func<string> create) =>
        string.Join(" ,", Enumerable.Range(0, Next(random, 4)).Select(_ => create()));

    private static string Text(RandomSource random) =>
        $"\"{string.Concat(Enumerable.Range(0, Next(random, 6)).Select(_ => Units[Next(random, Units.Length)]))}\"";

    private static int Next(RandomSource random, int below) => (int)(random.NextBits(20) % below);
}
