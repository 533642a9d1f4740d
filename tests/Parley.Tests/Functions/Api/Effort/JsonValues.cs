using System.Text;

namespace Parley.Tests.Functions.Api.Effort;

/// <summary>JSON values that are laborious to read, each of about a number of bytes.</summary>
internal static class JsonValues
{
    private const int MaxDepth = 30;

    /// <summary>A value without anything special.</summary>
    public static string Plain(int size) => Text("a", size);

    /// <summary>The values by their names.</summary>
    public static IEnumerable<(string Name, Func<int, string> Create)> All =>
    [
        .. Texts.Select(unit => ($"text of {unit}", (Func<int, string>)(size => Text(unit, size)))),
        .. Texts.Select(unit => (
            $"object with {unit}", (Func<int, string>)(size => $"{{\"a\":{Text(unit, size - 8)}}}"))),
        .. Texts.Select(unit => (
            $"member named {unit}", (Func<int, string>)(size => $"{{{Text(unit, size - 8)}:1}}"))),
        ("half a pair at the end", size => $"{{\"a\":\"{Repeat(@"\n", size - 20)}\\ud800\"}}"),
        ("NUL at the end", size => $"{{\"a\":\"{Repeat(@"\n", size - 20)}\\u0000\"}}"),
        .. Items.Select(item => ($"list of {item}", (Func<int, string>)(size => List(item, size)))),
        .. Items.Select(item => ($"object with a list of {item}", (Func<int, string>)(size => $"{{\"a\":{List(item, size - 8)}}}"))),
        ("members", size => Members(size, i => $"\"m{i:x}\":0")),
        ("members with escapes", size => Members(size, i => $"\"\\u006d{i:x}\":0")),
        ("members with long names", size => Members(size, i => $"\"{new string('m', 60)}{i:x}\":0")),
        ("one member twice", size => Members(size, i => $"\"m{i / 2:x}\":0")),
        ("the last member twice", size => $"{Members(size - 10, i => $"\"m{i:x}\":0")[..^1]},\"m0\":0}}"),
        ("members with objects", size => Members(size, i => $"\"m{i:x}\":{{}}")),
        ("nested lists", size => List(new string('[', MaxDepth) + new string(']', MaxDepth), size)),
        ("nested objects", size => $"{{\"a\":{List(Nested("{\"a\":", "{}", "}"), size - 8)}}}"),
        ("a list too deep", size => new string('[', size / 2) + new string(']', size / 2)),
        ("digits", size => new string('1', size)),
        ("a fraction", size => $"0.{new string('0', size - 3)}1"),
        ("an exponent", size => $"1e{new string('9', size - 2)}"),
        ("white space", size => new string(' ', size - 2) + "{}"),
        ("cut short", size => Text("a", size)[..^1]),
    ];

    private static readonly string[] Texts =
    [
        @"\n", @"\""", @"\\", @"\/", @"\u0061", @"\u00e9", @"\ud83d\ude00", @"\u2028", @"\ue000", @"\u0000", @"\ud800",
        "é", "😀", "\u2028", "\ue000", "'", "<", " ",
    ];

    private static readonly string[] Items =
    [
        "0", "null", "\"\"", "\"a\"", "\"\\n\"", "[]", "{}", "{\"a\":0}", "{\"id\":1}", "1e5", "[[],[]]",
    ];

    private static string Text(string unit, int size) => $"\"{Repeat(unit, size - 2)}\"";

    private static string Repeat(string unit, int size) =>
        new StringBuilder().Insert(0, unit, Math.Max(1, size / Encoding.UTF8.GetByteCount(unit))).ToString();

    private static string List(string item, int size) => $"[{Repeat(item + ",", size - item.Length - 2)}{item}]";

    private static string Nested(string open, string inner, string close) =>
        string.Concat(Enumerable.Repeat(open, MaxDepth - 5)) + inner + string.Concat(Enumerable.Repeat(close, MaxDepth - 5));

    private static string Members(int size, Func<int, string> create)
    {
        var text = new StringBuilder("{");
        for (var i = 0; text.Length < size - 80; i++)
        {
            text.Append(i == 0 ? "" : ",").Append(create(i));
        }

        return text.Append('}').ToString();
    }
}
