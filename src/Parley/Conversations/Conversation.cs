using Azure;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>The person on the other side.</summary>
/// <param name="Id">The contact's UUID.</param>
/// <param name="Name">First and last name, else the address.</param>
/// <param name="Address">Phone number, e-mail address or the like; null when not given.</param>
/// <param name="CreatedAt">When the contact was first seen.</param>
public sealed record Contact(Guid Id, string? Name, string? Address, DateTimeOffset CreatedAt);

/// <summary>Where conversations come in; it comes into being with its first one.</summary>
/// <param name="Id">The web chat's own UUID, or one derived from tenant and channel name.</param>
/// <param name="Name">The channel's name.</param>
/// <param name="ChannelType">The channel's name, or <c>web</c> for web chats.</param>
public sealed record Inbox(Guid Id, string Name, string ChannelType);

/// <summary>A conversation, as its head row holds it.</summary>
public sealed record Conversation
{
    /// <summary>Tenant and number.</summary>
    public required ConversationKey Key { get; init; }

    /// <summary>The random part of its UUID.</summary>
    public required long Check { get; init; }

    /// <summary>Raised by every change of the row; the HTTP ETag.</summary>
    public required int Revision { get; init; }

    /// <summary>When it was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>A free title.</summary>
    public string? Title { get; init; }

    /// <summary>The person on the other side.</summary>
    public Contact? Contact { get; init; }

    /// <summary>Where it came in.</summary>
    public Inbox? Inbox { get; init; }

    /// <summary>JSON text of the client's own object.</summary>
    public string? Metadata { get; init; }

    /// <summary>Whether assistants may answer.</summary>
    public bool AutoReplyEnabled { get; init; } = true;

    /// <summary>The number of the first message that is still there; 1 until messages are ever dropped.</summary>
    public int First { get; init; } = 1;

    /// <summary>The number of the last message; 0 when there is none. Numbers are dense.</summary>
    public int Last { get; init; }

    /// <summary>The first 500 characters of the last message.</summary>
    public string? LastMessage { get; init; }

    /// <summary>When the last message was written.</summary>
    public DateTimeOffset? LastMessageAt { get; init; }

    /// <summary>The customer's messages since the conversation was last read.</summary>
    public int Unread { get; init; }

    /// <summary>The minute under which the conversation stands in the list by activity (minutes since 1970).</summary>
    internal long ActivityMinute { get; init; }

    /// <summary>The ETag of its row in the tenant's list, as last seen.</summary>
    internal ETag ListETag { get; init; }

    /// <summary>The last hour for which the sweep has been told of idempotency keys (hours since 1970).</summary>
    internal long KeyHour { get; init; }

    /// <summary>The ETag of the head row: it guards every append.</summary>
    internal ETag ETag { get; init; }

    /// <summary>Its UUID.</summary>
    public Guid Id => new EntityId(EntityKind.Conversation, Key, 0, Check).ToGuid();
}
