using Azure;
using Parley.Core;

namespace Parley.Senders;

/// <summary>What kind of speaker a sender is. Stored by number: never change one. The names are part of the API.</summary>
public enum SenderEntity
{
    /// <summary>A single assistant.</summary>
    Agent = 1,

    /// <summary>Several assistants that act as one.</summary>
    Squad = 2,

    /// <summary>An automation.</summary>
    Workflow = 3,

    /// <summary>A person of the tenant's own.</summary>
    User = 4,

    /// <summary>A customer: the contact of conversations.</summary>
    ExternalUser = 5,
}

/// <summary>Someone who speaks in conversations: an assistant, a colleague, a customer.</summary>
public sealed record Sender
{
    /// <summary>Tenant and number.</summary>
    public required SenderKey Key { get; init; }

    /// <summary>The random part of its UUID.</summary>
    public required long Check { get; init; }

    /// <summary>Raised by every edit; the HTTP ETag.</summary>
    public required int Revision { get; init; }

    /// <summary>What kind.</summary>
    public required SenderEntity Entity { get; init; }

    /// <summary>The name.</summary>
    public string? Name { get; init; }

    /// <summary>The client's own id; unique in the tenant.</summary>
    public string? ExternalId { get; init; }

    /// <summary>The address by which a channel knows them; unique in the tenant.</summary>
    public string? Identifier { get; init; }

    /// <summary>The address of a picture.</summary>
    public string? Avatar { get; init; }

    /// <summary>The e-mail address.</summary>
    public string? Email { get; init; }

    /// <summary>The phone number.</summary>
    public string? PhoneNumber { get; init; }

    /// <summary>Whether the tenant wants to hear no more of them: a mark for its own programs.</summary>
    public bool Blocked { get; init; }

    /// <summary>JSON text of the client's own object.</summary>
    public string? Metadata { get; init; }

    /// <summary>When it was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was edited last, else created.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Names the write that made it.</summary>
    public required string WriteId { get; init; }

    /// <summary>Names the last edit.</summary>
    internal string? EditId { get; init; }

    /// <summary>The row's ETag.</summary>
    internal ETag ETag { get; init; }

    /// <summary>Its UUID.</summary>
    public Guid Id => new EntityId(EntityKind.Sender, new ConversationKey(Key.Tenant, Key.Number), 0, Check).ToGuid();
}
