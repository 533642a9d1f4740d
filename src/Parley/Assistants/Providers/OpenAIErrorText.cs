using System.Globalization;
using System.Text.Json;
using Parley.Core;

namespace Parley.Assistants.Providers;

/// <summary>
/// Reads a provider's error message and turns it into one short line for the log. Providers quote the input that they
/// reject, so the key is removed.
/// </summary>
internal sealed class OpenAIErrorText(string key)
{
    /// <summary>The maximum length of a message, in characters: enough to see the cause.</summary>
    public const int MaxLength = 200;

    private const int MinStatus = 400;
    private const int MaxStatus = 599;

    private static readonly string[] StatusMembers = ["code", "status", "status_code", "raw_status_code"];

    /// <summary>
    /// Reads the error of a response body or of an event. The message is empty when the JSON has none; text that is not
    /// a JSON object is the message itself.
    /// </summary>
    public OpenAIError Read(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            return root.ValueKind == JsonValueKind.Object ? Read(root) : new OpenAIError(Fit(body), null, []);
        }
        catch (JsonException)
        {
            return new OpenAIError(Fit(body), null, []);
        }
    }

    // {"error": {"message", "type", "code"}}, and the variants of it that compatible servers send.
    private OpenAIError Read(JsonElement root)
    {
        var found = Member(root, "error");
        var error = found.ValueKind == JsonValueKind.Object ? found : root;
        var message = Text(found) ?? Text(error, "message") ?? Text(root, "message") ?? Text(root, "detail") ?? "";
        return new OpenAIError(Fit(message), ReadStatus(error) ?? ReadStatus(root), [.. ReadNames(error)]);
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
            if ((number ?? Text(error, name)) is { } value)
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

    private static string? Text(JsonElement element, string name) => Text(Member(element, name));

    private static int? Number(JsonElement element, string name)
    {
        var value = Member(element, name);
        var text = value.ValueKind == JsonValueKind.Number ? value.GetRawText() : Text(value);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private string Fit(string text)
    {
        // The key is removed before the text is truncated: otherwise a part of the key could remain.
        var withoutKey = text.Replace(key, "***", StringComparison.Ordinal);

        // One line, because the log has one line for each entry.
        var line = string.Concat(withoutKey.Select(c => char.IsControl(c) ? ' ' : c));
        return Texts.Truncate(line.Trim(), MaxLength);
    }
}
