using System.Text;

namespace Parley.Tests.Spreadsheets;

/// <summary>Parses exactly RFC 4180 §2, after a byte order mark. Any other text throws.</summary>
internal static class StrictCsv
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>All lines including the headings, as fields.</summary>
    public static List<string[]> Read(byte[] file)
    {
        var text = Utf8.GetString(file);
        var at = Take(text, 0, "\uFEFF");
        var rows = new List<string[]>();
        while (at < text.Length)
        {
            var fields = new List<string> { Field(text, ref at) };
            while (at < text.Length && text[at] == ',')
            {
                at++;
                fields.Add(Field(text, ref at));
            }

            at = Take(text, at, "\r\n");
            if (rows.Count > 0 && rows[0].Length != fields.Count)
            {
                throw new FormatException($"Line {rows.Count + 1} has {fields.Count} fields.");
            }

            rows.Add([.. fields]);
        }

        return rows;
    }

    private static string Field(string text, ref int at)
    {
        if (at == text.Length || text[at] != '"')
        {
            var length = text.AsSpan(at).IndexOfAny(",\"\r\n");
            var from = at;
            at = length < 0 ? text.Length : at + length;
            return text[from..at];
        }

        var field = new StringBuilder();
        while (true)
        {
            at++;
            var end = text.IndexOf('"', at);
            if (end < 0)
            {
                throw new FormatException($"The quotes before {at} do not end.");
            }

            field.Append(text, at, end - at);
            at = end + 1;
            if (at == text.Length || text[at] != '"')
            {
                break;
            }

            // A doubled quote is one quote of the field, and the quoted part continues.
            field.Append('"');
        }

        return field.ToString();
    }

    private static int Take(string text, int at, string expected) =>
        string.CompareOrdinal(text, at, expected, 0, expected.Length) == 0 ? at + expected.Length
            : throw new FormatException($"At {at} there is something else than {string.Join(' ', expected.Select(unit => ((int)unit).ToString("X4", null)))}.");
}
