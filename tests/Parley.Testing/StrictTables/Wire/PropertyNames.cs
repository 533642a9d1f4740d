using System.Collections.Concurrent;
using System.Text.Json;

namespace Parley.Testing.TableService;

/// <summary>One string for each name, because a million rows have the same dozen of names.</summary>
internal static class PropertyNames
{
    /// <summary>No more than this number is kept; a table may have any number of names.</summary>
    private const int MaxKept = 4096;

    private const int MaxLength = 128;

    private static readonly ConcurrentDictionary<string, string> Kept = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> Lookup =
        Kept.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Reads the string at the reader's position.</summary>
    public static string Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName) || reader.ValueSpan.Length > MaxLength)
        {
            return reader.GetString()!;
        }

        Span<char> text = stackalloc char[MaxLength];
        return Get(text[..reader.CopyString(text)]);
    }

    public static string Get(ReadOnlySpan<char> name)
    {
        if (Lookup.TryGetValue(name, out var kept))
        {
            return kept;
        }

        var text = name.ToString();
        return Kept.Count < MaxKept ? Kept.GetOrAdd(text, text) : text;
    }
}
