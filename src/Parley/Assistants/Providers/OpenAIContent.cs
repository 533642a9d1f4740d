using System.Text.Json;
using System.Text.RegularExpressions;

namespace Parley.Assistants.Providers;

/// <summary>
/// Reads the content of a message: a string, or a list of parts. Mistral's reasoning models and some gateways send
/// parts; only those of text belong to the reply, not those of thinking.
/// </summary>
internal static class OpenAIContent
{
    /// <summary>The text of a content; empty when it has none.</summary>
    /// <exception cref="AssistantException">The content is neither a string nor parts.</exception>
    public static string ReadText(JsonElement content) => content.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => "",
        JsonValueKind.String => ReadString(content),
        JsonValueKind.Array => string.Concat(content.EnumerateArray().Select(ReadText)),
        JsonValueKind.Object => TypeOf(content) is null or "text" or "output_text"
            && content.TryGetProperty("text", out var text)
                ? ReadText(text)
                : "",
        _ => throw new AssistantException(
            ProviderError.Unavailable, $"The content of the provider's message is a {content.ValueKind}."),
    };

    /// <summary>True if a list of parts has a refusal.</summary>
    public static bool HasRefusal(JsonElement content) =>
        content.ValueKind == JsonValueKind.Array
        && content.EnumerateArray().Any(
            part => part.ValueKind == JsonValueKind.Object && TypeOf(part) == "refusal");

    private static string? TypeOf(JsonElement part) =>
        part.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
            ? type.GetString()
            : null;

    /// <summary>
    /// Reads strings with unpaired surrogates. A server that cuts its text between UTF-16 units escapes each half of a
    /// surrogate pair on its own (ECMAScript, well-formed JSON.stringify), and .NET rejects such an escape.
    /// </summary>
    private static string ReadString(JsonElement text)
    {
        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // Every escape of JSON is also an escape of regular expressions.
            return Regex.Unescape(text.GetRawText()[1..^1]);
        }
    }
}
