using System.Security.Cryptography;
using System.Text;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Providers;
using Parley.Core;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>A model of a chatbot, for MaiAgent's own clients.</summary>
/// <param name="Id">Derived from the provider's and the model's names: equal for chatbots with the same model.</param>
/// <param name="Name">The provider's name for the model; the provider's own name for its standard model.</param>
/// <param name="IsDefault">True for the standard model of the provider.</param>
public sealed record MaiAgentModel(Guid Id, string Name, bool IsDefault)
{
    public static MaiAgentModel Of(Chatbot chatbot)
    {
        var provider = chatbot.Provider ?? AssistantProviders.Default;
        Span<byte> hash = SHA256.HashData(Encoding.UTF8.GetBytes($"model|{provider}|{chatbot.Model}"));
        return new MaiAgentModel(
            RandomSource.Version4(hash[..16]), chatbot.Model ?? provider, IsDefault: chatbot.Model is null);
    }
}

/// <summary>
/// A chatbot in a list, for MaiAgent's own clients, with Parley's additional members at the end. Parley has no
/// retrieval, so its models are null.
/// </summary>
public sealed record MaiAgentListedChatbot(
    Guid Id,
    string Name,
    MaiAgentModel LargeLanguageModel,
    string? Rag,
    string? EmbeddingModel,
    string? RerankerModel,
    DateTimeOffset UpdatedAt,
    bool EnableChineseConversion,
    int Number,
    bool Enabled)
{
    public static MaiAgentListedChatbot Of(Chatbot chatbot) => new(
        chatbot.Id,
        chatbot.Name,
        MaiAgentModel.Of(chatbot),
        Rag: null,
        EmbeddingModel: null,
        RerankerModel: null,
        chatbot.UpdatedAt,
        EnableChineseConversion: false,
        chatbot.Key.Number,
        chatbot.Enabled);
}

/// <summary>A chatbot, for MaiAgent's own clients, with Parley's additional members at the end.</summary>
/// <param name="LargeLanguageModel">The id of <see cref="MaiAgentModel"/>.</param>
/// <param name="ApiWebChatId">The web chat that every chatbot has: its own id.</param>
/// <param name="WebChats">The other web chats whose conversations it answers.</param>
public sealed record MaiAgentChatbot(
    Guid Id,
    string Name,
    Guid LargeLanguageModel,
    string? Rag,
    string? EmbeddingModel,
    string? RerankerModel,
    string Instructions,
    string? WebhookUrl,
    Guid ApiWebChatId,
    DateTimeOffset UpdatedAt,
    string ReplyMode,
    bool EnableChineseConversion,
    int Number,
    string? Provider,
    string? Model,
    double? Temperature,
    bool Enabled,
    DateTimeOffset CreatedAt,
    IReadOnlyList<Guid> WebChats)
{
    public static MaiAgentChatbot Of(Chatbot chatbot) => new(
        chatbot.Id,
        chatbot.Name,
        MaiAgentModel.Of(chatbot).Id,
        Rag: null,
        EmbeddingModel: null,
        RerankerModel: null,
        chatbot.Instructions ?? "",
        WebhookUrl: null,
        ApiWebChatId: chatbot.Id,
        chatbot.UpdatedAt,
        ReplyMode: "normal",
        EnableChineseConversion: false,
        chatbot.Key.Number,
        chatbot.Provider,
        chatbot.Model,
        chatbot.Temperature,
        chatbot.Enabled,
        chatbot.CreatedAt,
        chatbot.WebChats);
}
