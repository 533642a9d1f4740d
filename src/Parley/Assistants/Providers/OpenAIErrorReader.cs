using System.Globalization;
using System.Text.Json;

namespace Parley.Assistants.Providers;

/// <summary>Reads the status and the known names of a provider's error.</summary>
internal static class OpenAIErrorReader
{
    private const int MinStatus = 400;
    private const int MaxStatus = 599;

    private static readonly string[] StatusMembers = ["code", "status", "status_code", "raw_status_code"];

    private static readonly OpenAIError Nothing = new(null, []);

    /// <summary>
    /// Reads the error of a response body or of an event. Text that cannot be read, or is not a JSON object, has no
    /// status and no name.
    /// </summary>
    public static OpenAIError Read(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            return root.ValueKind == JsonValueKind.Object ? Read(root) : Nothing;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is thrown at a name with half of a surrogate pair.
            return Nothing;
        }
    }

    // {"error": {"type", "code"}}, and the variants of it that compatible servers send.
    private static OpenAIError Read(JsonElement root)
    {
        var found = Member(root, "error");
        var error = found.ValueKind == JsonValueKind.Object ? found : root;
        return new OpenAIError(
            ReadStatus(error) ?? ReadStatus(root), [.. ReadNames(error).Select(OpenAIError.FindName).OfType<string>()]);
    }

    /// <summary>
    /// The status in an error: OpenRouter, vLLM and llama.cpp send it as a number in <c>code</c>, LiteLLM as text,
    /// Mistral in <c>raw_status_code</c>. Other numbers are codes of the server's own.
    /// </summary>
    private static int? ReadStatus(JsonElement error) => StatusMembers
        .Select(name => Number(error, name))
        .FirstOrDefault(number => number is >= MinStatus and <= MaxStatus);

    private static IEnumerable<string> ReadNames(JsonElement error)
    {
        foreach (var name in new[] { "code", "type" })
        {
            var number = Number(error, name)?.ToString(CultureInfo.InvariantCulture);
            if ((number ?? Text(Member(error, name))) is { } value)
            {
                yield return value;
            }
        }

        // OpenRouter sends status 403 and the flagged part of the input.
        if (Member(Member(error, "metadata"), "flagged_input").ValueKind != JsonValueKind.Undefined)
        {
            yield return "content_filter";
        }
    }

    private static JsonElement Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

    private static string? Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? OpenAIContent.ReadText(value) : null;

    private static int? Number(JsonElement element, string name)
    {
        var value = Member(element, name);
        var text = value.ValueKind == JsonValueKind.Number ? value.GetRawText() : Text(value);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
