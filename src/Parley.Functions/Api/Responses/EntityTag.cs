using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Parley.Functions.Api.Responses;

/// <summary>The entity tags of resources with a revision.</summary>
internal static class EntityTag
{
    /// <summary>
    /// The longest value of If-Match or If-None-Match, in characters; no resource has a tag above 66.
    /// </summary>
    public const int MaxListLength = 2_000;

    /// <summary>The tag of a revision: its number in double quotes, as in <c>"3"</c>.</summary>
    public static string Of(int revision) => string.Create(CultureInfo.InvariantCulture, $"\"{revision}\"");

    /// <summary>
    /// Reads the value of If-Match or If-None-Match: <c>*</c> alone, or a list of tags (RFC 9110, section 13.1).
    /// </summary>
    /// <returns>
    /// False for a malformed value, for one of more than <see cref="MaxListLength"/> characters, and for <c>*</c>
    /// within a list.
    /// </returns>
    public static bool TryParseList(StringValues values, [NotNullWhen(true)] out IList<EntityTagHeaderValue>? tags)
    {
        tags = null;
        return !IsTooLong(values)
            && EntityTagHeaderValue.TryParseStrictList(values!, out tags)
            && (tags.Count == 1 || !tags.Any(IsAny));
    }

    public static bool IsTooLong(StringValues values) => values.Sum(value => value?.Length ?? 0) > MaxListLength;

    /// <summary>True for <c>*</c>.</summary>
    public static bool IsAny(EntityTagHeaderValue tag) => tag.Equals(EntityTagHeaderValue.Any);
}
