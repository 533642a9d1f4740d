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

    /// <summary>
    /// Reads the message and the code of a response body or an event. The message is empty when the JSON has none; text
    /// that is not a JSON object is the message itself.
    /// </summary>
    public (string Message, string? Code) Read(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            return root.ValueKind == JsonValueKind.Object ? Read(root) : (Fit(body), null);
        }
        catch (JsonException)
        {
            return (Fit(body), null);
        }
    }

    // {"error": {"message", "code"}}, and the variants of it that compatible servers send.
    private (string Message, string? Code) Read(JsonElement root)
    {
        var error = root.TryGetProperty("error", out var found) ? found : root;
        return error.ValueKind == JsonValueKind.String
            ? (Fit(error.GetString()!), null)
            : (Fit(Text(error, "message") ?? Text(root, "message") ?? Text(root, "detail") ?? ""), Text(error, "code"));
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private string Fit(string text)
    {
        // The key is removed before the text is truncated: otherwise a part of the key could remain.
        var withoutKey = text.Replace(key, "***", StringComparison.Ordinal);

        // One line, because the log has one line for each entry.
        var line = string.Concat(withoutKey.Select(c => char.IsControl(c) ? ' ' : c));
        return Texts.Truncate(line.Trim(), MaxLength);
    }
}
