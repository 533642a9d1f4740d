using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Core;

namespace Parley.Functions.Api.Responses;

/// <summary>Serializes what all APIs share. Each API has a context of its own for its responses.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(IsoTime)])]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class CommonJson : JsonSerializerContext
{
    static CommonJson() => Default = new CommonJson(JsonText.Readable(new JsonSerializerOptions(s_defaultOptions)));
}

internal static class JsonText
{
    /// <summary>Parses stored JSON text, so that it becomes a member of a response and not a string.</summary>
    public static JsonElement? Parse(string? json) => json is null ? null : JsonElement.Parse(json);

    /// <summary>
    /// Escapes only the characters that JSON itself requires. Responses are application/json with nosniff and never
    /// part of an HTML page, and text in other alphabets should not take six bytes per character.
    /// </summary>
    public static JsonSerializerOptions Readable(JsonSerializerOptions options)
    {
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        return options;
    }
}
