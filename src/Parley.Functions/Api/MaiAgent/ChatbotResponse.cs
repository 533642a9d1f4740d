using Parley.Assistants.Chatbots;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>A chatbot.</summary>
public sealed record ChatbotResponse(
    Guid Id,
    int Number,
    string Name,
    string? Instructions,
    string? Provider,
    string? Model,
    double? Temperature,
    bool Enabled,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    /// <summary>Shapes a stored chatbot.</summary>
    public static ChatbotResponse Of(Chatbot chatbot) => new(
        chatbot.Id,
        chatbot.Key.Number,
        chatbot.Name,
        chatbot.Instructions,
        chatbot.Provider,
        chatbot.Model,
        chatbot.Temperature,
        chatbot.Enabled,
        chatbot.CreatedAt,
        chatbot.UpdatedAt);
}
