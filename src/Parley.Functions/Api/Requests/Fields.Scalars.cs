using System.Globalization;
using System.Text.Json;
using Parley.Core;

namespace Parley.Functions.Api.Requests;

/// <summary>Fields that are booleans, numbers or times.</summary>
internal sealed partial class Fields
{
    /// <summary>The error of an invalid time, in bodies and in query parameters.</summary>
    public const string MustBeTime =
        "Must be a time in ISO 8601 with its offset, such as 2026-01-31T12:00:00Z, from the year 1601 on.";

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

        Fail(name, "Must be true or false.");
        return null;
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

    /// <summary>Reads a time; its offset from UTC is required.</summary>
    public DateTimeOffset? Time(string name)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (ReadTime(element) is { } time)
        {
            return time;
        }

        Fail(name, MustBeTime);
        return null;
    }

    /// <summary>Reads a time; null when it is malformed, has no offset or is earlier than storage keeps.</summary>
    public static DateTimeOffset? ReadTime(JsonElement element) =>
        element.ValueKind == JsonValueKind.String
        && element.TryGetDateTimeOffset(out var time)
        && element.TryGetDateTime(out var zoned)
        && zoned.Kind != DateTimeKind.Unspecified
        && time >= Timestamps.Earliest
            ? time
            : null;
}
