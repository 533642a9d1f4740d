using System.Globalization;
using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>
/// Stores a text that is too long for one property in several: <c>Text</c>, <c>Text1</c>, <c>Text2</c> …
/// </summary>
public static class LongText
{
    /// <summary>
    /// A string property holds at most 64 KiB, that is 32,768 UTF-16 units (Table service data model).
    /// </summary>
    public const int MaxPerProperty = 32_768;

    /// <summary>A property is full with one unit less if a surrogate pair follows.</summary>
    private const int MinPerFullProperty = MaxPerProperty - 1;

    /// <summary>
    /// Sets the properties of a text; an empty text sets the first one. No surrogate pair is split: half of a pair
    /// cannot be sent, because UTF-8 cannot encode it.
    /// </summary>
    public static void Write(TableEntity row, string name, string text)
    {
        for (int part = 0, start = 0; part == 0 || start < text.Length; part++)
        {
            var length = Math.Min(MaxPerProperty, text.Length - start);
            length -= start + length < text.Length && char.IsHighSurrogate(text[start + length - 1]) ? 1 : 0;
            row[Name(name, part)] = text.Substring(start, length);
            start += length;
        }
    }

    /// <summary>
    /// Empties all properties that a text of at most <paramref name="maxLength"/> can have set. For merges, which do
    /// not remove properties.
    /// </summary>
    public static void Clear(TableEntity row, string name, int maxLength)
    {
        for (var part = 0; part * MinPerFullProperty < maxLength; part++)
        {
            row[Name(name, part)] = "";
        }
    }

    /// <summary>The names of the properties that a text of this length can have, and maybe one more.</summary>
    public static IReadOnlyList<string> NamesWithin(string name, int length) =>
        [.. Enumerable.Range(0, (length / MinPerFullProperty) + 1).Select(part => Name(name, part))];

    /// <summary>The least length of a text that goes on after this many properties.</summary>
    public static int MinOfFull(int properties) => properties * MinPerFullProperty;

    /// <summary>Returns null if the first property is missing.</summary>
    public static string? Read(TableEntity row, string name)
    {
        var text = row.GetString(name);
        for (var part = 1; text is not null && row.GetString(Name(name, part)) is { } more; part++)
        {
            text += more;
        }

        return text;
    }

    private static string Name(string name, int part) =>
        part == 0 ? name : name + part.ToString(CultureInfo.InvariantCulture);
}
