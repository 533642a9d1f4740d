using Azure;
using Parley.Assistants.Providers;
using Parley.Core;

namespace Parley.Assistants.Chatbots;

/// <summary>An assistant of a tenant: what it is told, and which model speaks for it.</summary>
public sealed record Chatbot
{
    /// <summary>Tenant and number.</summary>
    public required ChatbotKey Key { get; init; }

    /// <summary>The random part of its UUID.</summary>
    public required long Check { get; init; }

    /// <summary>Raised by every edit; the HTTP ETag.</summary>
    public required int Revision { get; init; }

    /// <summary>The name: that of the sender of its messages.</summary>
    public required string Name { get; init; }

    /// <summary>What the model is told before the conversation.</summary>
    public string? Instructions { get; init; }

    /// <summary>The name of a provider of the settings; null for <see cref="AssistantProviders.Default"/>.</summary>
    public string? Provider { get; init; }

    /// <summary>The provider's name of the model; null for the provider's own choice.</summary>
    public string? Model { get; init; }

    /// <summary>How freely the model chooses its words; null for the provider's own choice.</summary>
    public double? Temperature { get; init; }

    /// <summary>Whether it answers.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>When it was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was edited last, else created.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it was deleted. The row stays, so that its number is not used again and its records still mean something.</summary>
    public DateTimeOffset? DeletedAt { get; init; }

    /// <summary>Names the write that made it.</summary>
    public required string WriteId { get; init; }

    /// <summary>Names the last edit.</summary>
    internal string? EditId { get; init; }

    /// <summary>The row's ETag.</summary>
    internal ETag ETag { get; init; }

    /// <summary>Its UUID.</summary>
    public Guid Id => new EntityId(EntityKind.Chatbot, new ConversationKey(Key.Tenant, Key.Number), 0, Check).ToGuid();
}
