using System.Text;

namespace Parley.Tests.Functions.Api.Effort;

/// <summary>JSON values that are laborious to read, each of about a number of bytes.</summary>
internal static class JsonValues
{
    private const int MaxDepth = 30;

    private static readonly string[] Units =
    [
        @"\n", @"\\", @"\u0061", @"\ud83d\ude00", @"\ue000", @"\u0000", @"\ud800", "é", "😀", "\ue000", "'",
    ];

    // For objects: escapes that the writer keeps, drops and joins, and characters that it escapes.
    private static readonly string[] NestedUnits =
        [@"\n", @"\u0061", @"\ud83d\ude00", @"\u0000", "😀", "\ue000"];

    private static readonly string[] Items =
        ["0", "\"\"", "\"\\n\"", "[]", "{}", "{\"a\":0}", "{\"id\":1}", "1e5", "[[],[]]"];

    /// <summary>A value without anything special.</summary>
    public static string Plain(int size) => Text("a", size);

    /// <summary>An object as clients send it, with texts, numbers and spaces between them.</summary>
    public static string Record(int size) =>
        Members(size, i => $" \"order{i}\": \"A box of {i} blue pens, to be sent on Monday\", \"price{i}\": {i}.50");

    /// <summary>Values that every kind of field reads.</summary>
    public static IEnumerable<(string Name, Func<int, string> Create)> Scalars =>
    [
        .. Units.Select(unit => Named($"text of {Printable(unit)}", size => Text(unit, size))),
        .. Items.Select(item => Named($"list of {item}", size => List(item, size))),
        Named("digits", size => new string('1', size)),
        Named("a fraction", size => $"0.{new string('0', size - 3)}1"),
        Named("an exponent", size => $"1e{new string('9', size - 2)}"),
    ];

    /// <summary>Values for the places that take any JSON.</summary>
    public static IEnumerable<(string Name, Func<int, string> Create)> Structures =>
    [
        .. NestedUnits.Select(unit => Named(
            $"object with {Printable(unit)}", size => $"{{\"a\":{Text(unit, size - 8)}}}")),
        .. NestedUnits.Select(unit => Named(
            $"member named {Printable(unit)}", size => $"{{{Text(unit, size - 8)}:1}}")),
        Named("half a pair at the end", size => $"{{\"a\":\"{Repeat(@"\n", size - 20)}\\ud800\"}}"),
        Named("NUL at the end", size => $"{{\"a\":\"{Repeat(@"\n", size - 20)}\\u0000\"}}"),
        .. Items.Select(item => Named($"object with a list of {item}", size => $"{{\"a\":{List(item, size - 8)}}}")),
        Named("members", size => Members(size, i => $"\"m{i:x}\":0")),
        Named("members with escapes", size => Members(size, i => $"\"\\u006d{i:x}\":0")),
        Named("members with long names", size => Members(size, i => $"\"{new string('m', 60)}{i:x}\":0")),
        Named("one member twice", size => Members(size, i => $"\"m{i / 2:x}\":0")),
        Named("the first member again at the end", size =>
            $"{Members(size - 10, i => $"\"m{i:x}\":0")[..^1]},\"m0\":0}}"),
        Named("members with objects", size => Members(size, i => $"\"m{i:x}\":{{}}")),
        Named("nested lists", size => List(new string('[', MaxDepth) + new string(']', MaxDepth), size)),
        Named("nested objects", size => $"{{\"a\":{List(Nested("{\"a\":", "{}", "}"), size - 8)}}}"),
        Named("a list too deep", size => new string('[', size / 2) + new string(']', size / 2)),
        Named("white space", size => new string(' ', size - 2) + "{}"),
        Named("cut short", size => Text("a", size)[..^1]),
    ];

    private static (string Name, Func<int, string> Create) Named(string name, Func<int, string> create) => (name, create);

    private static string Printable(string unit) =>
        unit.Length == 1 && unit[0] > 0x2000 ? $"raw {(int)unit[0]:x4}" : unit;

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
