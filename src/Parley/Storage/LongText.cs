using System.Globalization;
using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>Texts longer than one property may be, spread over several: <c>Text</c>, <c>Text1</c>, <c>Text2</c> …</summary>
public static class LongText
{
    /// <summary>A string property holds at most 64 KiB, that is 32,768 UTF-16 units (Table service data model).</summary>
    public const int MaxPerProperty = 32_768;

    /// <summary>Sets the properties of a text; the first is there even when the text is empty.</summary>
    public static void Write(TableEntity row, string name, string text)
    {
        for (int part = 0, start = 0; part == 0 || start < text.Length; part++, start += MaxPerProperty)
        {
            row[Name(name, part)] = text.Substring(start, Math.Min(MaxPerProperty, text.Length - start));
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote; null when there is none.</summary>
    public static string? Read(TableEntity row, string name)
    {
        var text = row.GetString(name);
        if (text is not { Length: MaxPerProperty })
        {
            return text;
        }

        for (var part = 1; row.GetString(Name(name, part)) is { } more; part++)
        {
            text += more;
        }

        return text;
    }

    private static string Name(string name, int part) => part == 0 ? name : name + part.ToString(CultureInfo.InvariantCulture);
}
