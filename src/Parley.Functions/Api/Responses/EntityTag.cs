using System.Globalization;

namespace Parley.Functions.Api.Responses;

/// <summary>The entity tags of resources with a revision.</summary>
internal static class EntityTag
{
    /// <summary>The tag of a revision: its number in double quotes, as in <c>"3"</c>.</summary>
    public static string Of(int revision) => string.Create(CultureInfo.InvariantCulture, $"\"{revision}\"");
}
