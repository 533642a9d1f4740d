using System.Globalization;

namespace Parley.Functions.Http;

/// <summary>What ids look like: a positive integer or a UUID. Whether one names something is the features' to say.</summary>
internal static class EntityIds
{
    /// <summary>Whether a text can be an id at all.</summary>
    public static bool IsWellFormed(string text) =>
        Guid.TryParseExact(text, "D", out _)
        || (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && text[0] != '0');
}
