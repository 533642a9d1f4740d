using Azure;
using Parley.Assistants.Providers;
using Parley.Core;

namespace Parley.Assistants.Chatbots;

/// <summary>An assistant of a tenant: its instructions, its provider and its model.</summary>
public sealed record Chatbot
{
    /// <summary>The most web chats beside its own.</summary>
    public const int MaxWebChats = 20;

    public required ChatbotKey Key { get; init; }

    /// <summary>The random part of <see cref="Id"/>.</summary>
    public required long Check { get; init; }

    /// <summary>Increased by every edit. It is the HTTP ETag.</summary>
    public required int Revision { get; init; }

    /// <summary>The display name, also of the sender of the chatbot's messages.</summary>
    public required string Name { get; init; }

    /// <summary>The system prompt: the model gets it before the conversation.</summary>
    public string? Instructions { get; init; }

    /// <summary>The name of a provider in the settings; null for <see cref="AssistantProviders.Default"/>.</summary>
    public string? Provider { get; init; }

    /// <summary>The provider's name for the model; null for the model in the provider's settings.</summary>
    public string? Model { get; init; }

    /// <summary>The sampling temperature of the model; null for the provider's default.</summary>
    public double? Temperature { get; init; }

    /// <summary>False when the chatbot must not reply.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>
    /// The web chats whose conversations it answers, beside the one with its own UUID: UUIDs, separated by blanks;
    /// null for none. A text, so that equal chatbots are equal.
    /// </summary>
    public string? WebChatIds { get; init; }

    /// <summary>The UUIDs of <see cref="WebChatIds"/>.</summary>
    public IReadOnlyList<Guid> WebChats =>
        WebChatIds is null ? [] : [.. WebChatIds.Split(' ').Select(Guid.Parse)];

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The time of the last edit, or of the creation when there was none.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>
    /// The time of the deletion. The row is kept, so that its number is not used again and its records keep their
    /// meaning.
    /// </summary>
    public DateTimeOffset? DeletedAt { get; init; }

    /// <summary>The id of the write that created the row.</summary>
    public required string WriteId { get; init; }

    /// <summary>The id of the last edit; null before the first.</summary>
    internal string? EditId { get; init; }

    internal ETag ETag { get; init; }

    /// <summary>The chatbot's UUID.</summary>
    public Guid Id =>
        new EntityId(EntityKind.Chatbot, new ConversationKey(Key.Tenant, Key.Number), 0, Check).ToGuid();
}
