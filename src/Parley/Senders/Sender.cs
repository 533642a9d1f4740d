using Azure;
using Parley.Core;

namespace Parley.Senders;

/// <summary>
/// The kind of a sender. Rows store the numbers: never change one. The names are part of the API.
/// </summary>
public enum SenderEntity
{
    /// <summary>A single assistant.</summary>
    Agent = 1,

    /// <summary>Several assistants that act as one.</summary>
    Squad = 2,

    /// <summary>An automation.</summary>
    Workflow = 3,

    /// <summary>A member of the tenant's staff.</summary>
    User = 4,

    /// <summary>A customer: the contact of conversations.</summary>
    ExternalUser = 5,
}

/// <summary>A participant in conversations: an assistant, a member of staff or a customer.</summary>
public sealed record Sender
{
    public required SenderKey Key { get; init; }

    /// <summary>The random part of the sender's UUID.</summary>
    public required long Check { get; init; }

    /// <summary>Increases with every edit. The API sends it as the HTTP ETag.</summary>
    public required int Revision { get; init; }

    public required SenderEntity Entity { get; init; }

    public string? Name { get; init; }

    /// <summary>The client's own id. Unique in the tenant.</summary>
    public string? ExternalId { get; init; }

    /// <summary>The sender's address in a channel. Unique in the tenant.</summary>
    public string? Identifier { get; init; }

    /// <summary>The URL of a picture.</summary>
    public string? Avatar { get; init; }

    public string? Email { get; init; }

    public string? PhoneNumber { get; init; }

    /// <summary>True when the tenant has blocked the sender. Only the tenant's own programs use this mark.</summary>
    public bool Blocked { get; init; }

    /// <summary>The client's own object, as JSON text.</summary>
    public string? Metadata { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The time of the last edit; without one, the time of creation.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The id of the write that created the sender.</summary>
    public required string WriteId { get; init; }

    /// <summary>The id of the last edit.</summary>
    internal string? EditId { get; init; }

    internal ETag ETag { get; init; }

    /// <summary>The sender's UUID in the API.</summary>
    public Guid Id => new EntityId(EntityKind.Sender, new ConversationKey(Key.Tenant, Key.Number), 0, Check).ToGuid();
}
