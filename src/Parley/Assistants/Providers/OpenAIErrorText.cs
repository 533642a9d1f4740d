using System.Text.Json;
using Parley.Core;

namespace Parley.Assistants.Providers;

/// <summary>
/// What a provider says of its failure, fit for the log: one short line. Providers repeat what they dislike, and that may be the key.
/// </summary>
internal sealed class OpenAIErrorText(string key)
{
    /// <summary>What is kept of it, in characters: enough to see what it complains of.</summary>
    public const int MaxLength = 200;

    /// <summary>What an answer's body or an event says; empty when it says nothing that is understood.</summary>
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

    /// <summary><c>{"error": {"message", "code"}}</c>, and what compatible servers make of it.</summary>
    private (string Message, string? Code) Read(JsonElement root)
    {
        var error = root.TryGetProperty("error", out var found) ? found : root;
        return error.ValueKind == JsonValueKind.String
            ? (Fit(error.GetString()!), null)
            : (Fit(Text(error, "message") ?? Text(root, "message") ?? Text(root, "detail") ?? ""), Text(error, "code"));
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Without the key, and only then cut: else half of it could be left. In one line: a log has one for each entry.</summary>
    private string Fit(string text) =>
        Texts.Truncate(string.Concat(text.Replace(key, "***", StringComparison.Ordinal).Select(c => char.IsControl(c) ? ' ' : c)).Trim(), MaxLength);
}
