using System.Globalization;
using Microsoft.Extensions.Configuration;
using Parley.Core;

namespace Parley.Assistants.Completions;

/// <summary>Settings of assistants that do not belong to a provider.</summary>
/// <param name="HistoryTokens">
/// Maximum size of the earlier conversation in a prompt, in tokens as <see cref="Prompts"/> counts them.
/// </param>
public sealed record AssistantOptions(int HistoryTokens)
{
    /// <summary>
    /// The key of the setting; <c>Assistants__HistoryTokens</c> in the environment. 0 to 1,000,000, default 8,000.
    /// </summary>
    public const string HistorySetting = "Assistants:HistoryTokens";

    private const int DefaultTokens = 8_000;
    private const int MaxTokens = 1_000_000;

    /// <exception cref="StartUpException">The setting is not a whole number within its limits.</exception>
    public static AssistantOptions Read(IConfiguration configuration) => configuration[HistorySetting] switch
    {
        null or "" => new AssistantOptions(DefaultTokens),
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var tokens)
            && tokens <= MaxTokens => new AssistantOptions(tokens),
        _ => throw new StartUpException($"Assistants__HistoryTokens must be a whole number from 0 to {MaxTokens}."),
    };
}
