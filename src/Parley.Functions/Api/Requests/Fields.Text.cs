using System.Text.Json;
using Parley.Core;

namespace Parley.Functions.Api.Requests;

/// <summary>The unit of a text's length.</summary>
internal enum TextUnit
{
    /// <summary>As JSON Schema's maxLength and most servers count.</summary>
    CodePoint,

    /// <summary>For limits that come from storage, which keeps UTF-16.</summary>
    Utf16,
}

/// <summary>Text fields, and fields with a fixed set of words.</summary>
internal sealed partial class Fields
{
    public string RequiredText(string name, int min, int max, TextUnit unit = TextUnit.CodePoint)
    {
        if (Find(name) is null)
        {
            Fail(name, "Is required.");
            return "";
        }

        return Text(name, min, max, unit) ?? "";
    }

    /// <summary>Reads a required text that shows something: not white space alone.</summary>
    public string RequiredVisibleText(string name, int max)
    {
        var text = RequiredText(name, 1, max);
        if (text.Length > 0 && BlankText.IsBlank(text))
        {
            Fail(name, "Must not be white space alone.");
        }

        return text;
    }

    public string? Text(string name, int min, int max, TextUnit unit = TextUnit.CodePoint)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (element.ValueKind != JsonValueKind.String)
        {
            Fail(name, "Must be a text.");
            return null;
        }

        if (!TryGetText(element, out var text))
        {
            Fail(name, "Must be valid Unicode without NUL.");
            return null;
        }

        var isWithin = unit == TextUnit.Utf16
            ? text.Length >= min && text.Length <= max
            : CodePoints.AreWithin(text, min, max);
        if (!isWithin)
        {
            var units = unit == TextUnit.Utf16 ? "UTF-16 code units" : "characters";
            Fail(name, min > 0 ? $"Must have {min} to {max} {units}." : $"Must have at most {max} {units}.");
            return null;
        }

        return text;
    }

    /// <summary>Reads a list of texts. A text with invalid Unicode or NUL becomes empty.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.Array
            && element.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String))
        {
            return [.. element.EnumerateArray().Select(item => TryGetText(item, out var text) ? text : "")];
        }

        Fail(name, "Must be a list of texts.");
        return null;
    }

    /// <summary>True for an empty text, which some clients send instead of leaving the field out.</summary>
    public bool IsEmptyText(string name) =>
        Find(name) is { ValueKind: JsonValueKind.String } element && element.ValueEquals("");

    public string? Choice(string name, params ReadOnlySpan<string> words)
    {
        var text = Text(name, 0, int.MaxValue);
        if (text is null || words.Contains(text))
        {
            return text;
        }

        Fail(name, $"Must be one of: {string.Join(", ", words)}.");
        return null;
    }

    /// <summary>Reads a value of an enumeration by its name in <see cref="EnumNames"/>.</summary>
    public T? Choice<T>(string name)
        where T : struct, Enum
    {
        var values = Enum.GetValues<T>();
        return Choice(name, [.. values.Select(EnumNames.Of)]) is { } word
            ? values.First(value => EnumNames.Of(value) == word)
            : null;
    }

    public string RequiredChoice(string name, params ReadOnlySpan<string> words)
    {
        if (Find(name) is null)
        {
            Fail(name, "Is required.");
        }

        return Choice(name, words) ?? words[0];
    }

    /// <summary>Reads a URL that is stored and shown (<see cref="HttpUrl"/>), and returns it as it was sent.</summary>
    public string? Url(string name, int max)
    {
        var text = Text(name, 1, max);
        if (text is null || HttpUrl.InvalidLinkReason(text) is not { } invalid)
        {
            return text;
        }

        Fail(name, invalid);
        return null;
    }

    /// <summary>
    /// False for half a surrogate pair, which the JSON reader refuses to decode, and for NUL, which tables and
    /// spreadsheets do not keep.
    /// </summary>
    private static bool TryGetText(JsonElement element, out string text)
    {
        try
        {
            text = element.GetString()!;
            return !text.Contains('\0');
        }
        catch (InvalidOperationException)
        {
            text = "";
            return false;
        }
    }
}
