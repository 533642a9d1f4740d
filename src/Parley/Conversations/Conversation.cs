using System.Security.Cryptography;
using System.Text;
using Azure;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Core;

namespace Parley.Conversations;

/// <summary>The person on the other side: a sender, as the conversation was created.</summary>
/// <param name="Number">The sender's number.</param>
/// <param name="Id">The sender's UUID.</param>
/// <param name="Name">The name; of a sender made for an address without a name, the address.</param>
/// <param name="Avatar">The address of a picture.</param>
/// <param name="CreatedAt">When the sender was created.</param>
public sealed record Contact(int Number, Guid Id, string? Name, string? Avatar, DateTimeOffset CreatedAt);

/// <summary>Where conversations come in; it comes into being with its first one.</summary>
/// <param name="Id">The web chat's own UUID, or one derived from tenant and channel name.</param>
/// <param name="Name">The channel's name.</param>
/// <param name="ChannelType">The channel's name, or <c>web</c> for web chats.</param>
public sealed record Inbox(Guid Id, string Name, string ChannelType)
{
    /// <summary>
    /// The inbox of a channel: the same UUID for the same name, so that two conversations at once make one inbox. In the form of version 4,
    /// which clients validate.
    /// </summary>
    public static Inbox OfChannel(TenantId tenant, string channel)
    {
        Span<byte> hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant.Number}|inbox|{channel}"));
        return new Inbox(RandomSource.Version4(hash[..16]), channel, channel);
    }
}

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

    /// <summary>The number of the last message that has been read; 0 when none has.</summary>
    public int ReadUpTo { get; init; }

    /// <summary>When it was read last.</summary>
    public DateTimeOffset? LastReadAt { get; init; }

    /// <summary>Until when a human answers; null when it is not handed off.</summary>
    public DateTimeOffset? HandedOffUntil { get; init; }

    /// <summary>The UUID of the chatbot that is to answer, be it deleted since; null when the conversation names none.</summary>
    public Guid? Chatbot { get; init; }

    /// <summary>The UUID of the chatbot of the last completion; null when there was none. It answers where no other is named.</summary>
    public Guid? LastChatbot { get; init; }

    /// <summary>How many tickets it has had.</summary>
    public int Tickets { get; init; }

    /// <summary>The number of the ticket that is not completed yet; null when all are.</summary>
    public int? OpenTicket { get; init; }

    /// <summary>How many follow-ups it has had.</summary>
    public int FollowUps { get; init; }

    /// <summary>When the last of them was created; null when there is none.</summary>
    public DateTimeOffset? LastFollowUpAt { get; init; }

    /// <summary>The follow-ups that wait for their time, at most <see cref="PendingFollowUp.Max"/>.</summary>
    public IReadOnlyList<PendingFollowUp> Pending { get; init; } = [];

    /// <summary>Who wrote the last message; null when there is none.</summary>
    public MessageRole? LastRole { get; init; }

    /// <summary>The UUID of the last message; null when there is none.</summary>
    public Guid? LastId { get; init; }

    /// <summary>How often it has become unread: part of the key of its row among its inbox's unread conversations.</summary>
    internal int UnreadRevision { get; init; }

    /// <summary>The minute under which the conversation stands in the list by activity (minutes since 1970).</summary>
    internal long ActivityMinute { get; init; }

    /// <summary>The ETag of its row in the tenant's list, as last seen.</summary>
    internal ETag ListETag { get; init; }

    /// <summary>The last hour for which the sweep has been told of idempotency keys (hours since 1970).</summary>
    internal long KeyHour { get; init; }

    /// <summary>Names the write that created it.</summary>
    public required string WriteId { get; init; }

    /// <summary>Names the last edit; appends leave it.</summary>
    internal string? EditId { get; init; }

    /// <summary>Raised by every edit; appends leave it.</summary>
    internal int EditRevision { get; init; }

    /// <summary>The ETag of the head row: it guards every append.</summary>
    internal ETag ETag { get; init; }

    /// <summary>Whether assistants may answer at this time.</summary>
    public bool IsAutoReplyAt(DateTimeOffset now) => AutoReplyEnabled && !(HandedOffUntil > now);

    /// <summary>Its UUID.</summary>
    public Guid Id => new EntityId(EntityKind.Conversation, Key, 0, Check).ToGuid();
}
