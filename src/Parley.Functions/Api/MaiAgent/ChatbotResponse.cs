using Parley.Assistants.Chatbots;

namespace Parley.Functions.Api.MaiAgent;

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
