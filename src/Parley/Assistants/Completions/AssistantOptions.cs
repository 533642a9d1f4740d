using System.Globalization;
using Microsoft.Extensions.Configuration;
using Parley.Core;

namespace Parley.Assistants.Completions;

/// <summary>Settings of assistants that are not a provider's.</summary>
/// <param name="HistoryTokens">How much of the conversation before the message a provider is told, in tokens as <see cref="Prompts"/> counts them.</param>
public sealed record AssistantOptions(int HistoryTokens)
{
    /// <summary>The setting, as <c>Assistants__HistoryTokens</c> in the environment: 0 to 1,000,000, 8,000 unless set.</summary>
    public const string HistorySetting = "Assistants:HistoryTokens";

    private const int DefaultTokens = 8_000;
    private const int MaxTokens = 1_000_000;

    /// <summary>Reads the setting.</summary>
    /// <exception cref="StartUpException">It is not a whole number within its limits.</exception>
    public static AssistantOptions Read(IConfiguration configuration) => configuration[HistorySetting] switch
    {
        null or "" => new AssistantOptions(DefaultTokens),
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var tokens) && tokens <= MaxTokens => new AssistantOptions(tokens),
        _ => throw new StartUpException($"Assistants__HistoryTokens must be a whole number from 0 to {MaxTokens}."),
    };
}
