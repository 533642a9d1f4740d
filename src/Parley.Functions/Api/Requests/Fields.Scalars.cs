using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using Parley.Core;

namespace Parley.Functions.Api.Requests;

/// <summary>Fields that are booleans, numbers or times.</summary>
internal sealed partial class Fields
{
    /// <summary>The error of an invalid time, in bodies and in query parameters.</summary>
    public const string MustBeTime =
        "Must be a time of RFC 3339 with its offset, such as 2026-01-31T12:00:00Z, in the years 1601 to 9999 (UTC).";

    private static readonly FrozenSet<string> TrueWords = FrozenSet.Create(
        StringComparer.Ordinal,
        "t", "T", "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", "1");

    private static readonly FrozenSet<string> FalseWords = FrozenSet.Create(
        StringComparer.Ordinal,
        "f", "F", "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", "0");

    // The place of the hour in a time: after a date of ten characters and one separator.
    private const int TimeOfDay = 11;

    public bool? Boolean(string name)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (element.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return element.GetBoolean();
        }

        if (Rules.TakesBooleanWords && BooleanOf(element) is { } boolean)
        {
            return boolean;
        }

        Fail(name, "Must be true or false.");
        return null;
    }

    /// <summary>The words and numbers that Django REST framework takes; null for any other value.</summary>
    private static bool? BooleanOf(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var number))
        {
            return number is 1 ? true : number is 0 ? false : null;
        }

        return element.ValueKind != JsonValueKind.String || !TryGetText(element, out var text) ? null
            : TrueWords.Contains(text) ? true
            : FalseWords.Contains(text) ? false
            : null;
    }

    /// <summary>Reads a number, with a fraction or without; both limits are allowed values.</summary>
    public double? Number(string name, double min, double max)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.Number
            && element.TryGetDouble(out var number)
            && double.IsFinite(number)
            && number >= min
            && number <= max)
        {
            return number;
        }

        Fail(name, string.Create(CultureInfo.InvariantCulture, $"Must be a number from {min} to {max}."));
        return null;
    }

    /// <summary>Reads a whole number; both limits are allowed values.</summary>
    public int? WholeNumber(string name, int min, int max)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.Number
            && element.TryGetInt32(out var number)
            && number >= min
            && number <= max)
        {
            return number;
        }

        Fail(name, $"Must be a whole number from {min} to {max}.");
        return null;
    }

    /// <summary>Reads a time; its offset from UTC is required.</summary>
    public DateTimeOffset? Time(string name)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.String
            && TryGetText(element, out var text)
            && ReadTime(text) is { } time)
        {
            return time;
        }

        Fail(name, MustBeTime);
        return null;
    }

    /// <summary>
    /// Reads a time of a query. A plus sign that was not escaped is decoded as a space; after the date and its
    /// separator no valid time contains a space.
    /// </summary>
    public static DateTimeOffset? ReadQueryTime(string text) =>
        text.Length > TimeOfDay
            ? ReadTime(string.Concat(text.AsSpan(0, TimeOfDay), text[TimeOfDay..].Replace(' ', '+')))
            : null;

    /// <summary>Null when the time is malformed, has no offset or is earlier than storage keeps.</summary>
    private static DateTimeOffset? ReadTime(string text) =>
        Rfc3339.TryParse(text, out var time) && time >= Timestamps.Earliest ? time : null;
}
