using System.Text.Json;

namespace Parley.Functions.Api.Responses;

/// <summary>The API's words for enumerations: their names in snake_case.</summary>
internal static class EnumNames
{
    /// <summary>The word of a value.</summary>
    public static string Of<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{value}");
}
