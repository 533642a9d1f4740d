namespace Parley.EndToEnd.Tests;

/// <summary>Texts that readers of spreadsheets are known to spoil.</summary>
internal static class NastyTexts
{
    private const int CellLength = 32_767;

    private static readonly string[] All =
    [
        "a\r\nb", "a\rb", "a\nb", "ends\r\n", "\r\n=1", "a\r\n\r\n\rb", "tab\tand\ttab", "\ttab", "  leading", "trailing  ", "\u00A0no-break\u00A0",
        "😀 👩‍👩‍👧", "שלום עולם", "مرحبا", "你好，世界", "e\u0301", "=1+1", "=HYPERLINK(\"http://example.org\",\"x\")", "@SUM(1)", "+49 30 1234", "-1", "＝1",
        "_x0041_", "_x000D_", "a_x005F_x0041_b", "x\uFFFEy\uFFFF", "c\u0001d\u001B[31m", "&amp; <b>&lt;/b&gt; ]]>", "&#65;", "\"quoted\", 'single'; a,b",
        "00123", "1E5", "2026-01-31", "true", "null", "#REF!", "12345678901234567", "\uFEFFmark", "\u2028line\u0085",
        new string('é', CellLength), new string('x', CellLength - 1) + "😀y", new string('x', CellLength - 1) + "\r\ny", "=" + new string('=', 65_000),
    ];

    /// <summary>The text of this number; they repeat, with the number behind them from the second time on.</summary>
    public static string At(int number) => number < All.Length ? All[number] : $"{All[number % All.Length]} {number}";
}
