using System.Security.Cryptography;
using System.Text;
using Azure;
using Parley.Core;

namespace Parley.Conversations;

/// <summary>The customer of a conversation: a sender, as it was when the conversation was created.</summary>
/// <param name="Name">The sender's name; the address, if the sender was created from an address without a name.</param>
/// <param name="Avatar">The URL of a picture.</param>
public sealed record Contact(int Number, Guid Id, string? Name, string? Avatar, DateTimeOffset CreatedAt);

/// <summary>The channel or web chat that conversations arrive in. It is created with its first conversation.</summary>
/// <param name="Id">The web chat's own UUID, or one derived from the tenant and the channel name.</param>
/// <param name="ChannelType">The channel's name, or <c>web</c> for web chats.</param>
public sealed record Inbox(Guid Id, string Name, string ChannelType)
{
    /// <summary>
    /// Returns the inbox of a channel. The UUID is derived from the name, so that concurrent conversations share one
    /// inbox. It has the form of version 4, because clients validate that.
    /// </summary>
    public static Inbox OfChannel(TenantId tenant, string channel)
    {
        Span<byte> hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant.Number}|inbox|{channel}"));
        return new Inbox(RandomSource.Version4(hash[..16]), channel, channel);
    }
}

/// <summary>A conversation, as its head row stores it.</summary>
public sealed record Conversation
{
    public required ConversationKey Key { get; init; }

    /// <summary>The random part of the UUID.</summary>
    public required long Check { get; init; }

    /// <summary>Raised by every change of the row; the HTTP ETag.</summary>
    public required int Revision { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public string? Title { get; init; }

    public Contact? Contact { get; init; }

    public Inbox? Inbox { get; init; }

    /// <summary>The client's own JSON object, as text.</summary>
    public string? Metadata { get; init; }

    /// <summary>The client's switch for automatic replies. A hand-off suspends them too.</summary>
    public bool AutoReplyEnabled { get; init; } = true;

    /// <summary>The number of the first stored message; 1 as long as no messages are dropped.</summary>
    public int First { get; init; } = 1;

    /// <summary>The number of the last message; 0 when there is none. Message numbers have no gaps.</summary>
    public int Last { get; init; }

    /// <summary>The first 500 characters of the last message.</summary>
    public string? LastMessage { get; init; }

    public DateTimeOffset? LastMessageAt { get; init; }

    /// <summary>The number of the customer's messages after <see cref="ReadUpTo"/> that are not deleted.</summary>
    public int Unread { get; init; }

    /// <summary>The number of the last message that has been read; 0 when none has.</summary>
    public int ReadUpTo { get; init; }

    public DateTimeOffset? LastReadAt { get; init; }

    /// <summary>The end of the hand-off to a human; null when the conversation is not handed off.</summary>
    public DateTimeOffset? HandedOffUntil { get; init; }

    /// <summary>
    /// The UUID of the chatbot assigned to the conversation, which may have been deleted; null for none.
    /// </summary>
    public Guid? Chatbot { get; init; }

    /// <summary>
    /// The chatbot of the last completion; null when there was none. It replies when none is assigned.
    /// </summary>
    public Guid? LastChatbot { get; init; }

    /// <summary>The number of tickets created so far.</summary>
    public int Tickets { get; init; }

    /// <summary>The number of the ticket that is not completed; null when all are.</summary>
    public int? OpenTicket { get; init; }

    /// <summary>The number of follow-ups created so far.</summary>
    public int FollowUps { get; init; }

    /// <summary>The creation time of the last follow-up; null when there is none.</summary>
    public DateTimeOffset? LastFollowUpAt { get; init; }

    /// <summary>The pending follow-ups, at most <see cref="PendingFollowUp.Max"/>.</summary>
    public IReadOnlyList<PendingFollowUp> Pending { get; init; } = [];

    /// <summary>The role of the last message's writer; null when there is no message.</summary>
    public MessageRole? LastRole { get; init; }

    /// <summary>The UUID of the last message; null when there is none.</summary>
    public Guid? LastId { get; init; }

    /// <summary>
    /// The number of times that the conversation became unread: part of the key of its row among the unread ones of its
    /// inbox.
    /// </summary>
    internal int UnreadRevision { get; init; }

    /// <summary>The minute of the conversation's rows in the lists by activity (minutes since 1970).</summary>
    internal long ActivityMinute { get; init; }

    /// <summary>
    /// The last minute whose list rows were written into the conversation's own list partition. If it is not the
    /// activity minute, a version before 0.3.0 wrote the rows into the tenant's partition.
    /// </summary>
    internal long ListMinute { get; init; }

    /// <summary>The last minute that the row <c>c|C</c> covers, as last read or written.</summary>
    internal long ListedUntil { get; init; }

    /// <summary>The ETag of the conversation's row <c>c|C</c>, as last read or written.</summary>
    internal ETag ListETag { get; init; }

    /// <summary>
    /// The last minute with an index row of the change log (minutes since 1970). Every change of the conversation
    /// until the next index row belongs to it.
    /// </summary>
    internal long LogMinute { get; init; }

    /// <summary>
    /// The last hour with a schedule row for the clean-up of the conversation's idempotency keys (hours since 1970).
    /// </summary>
    internal long KeyHour { get; init; }

    /// <summary>Identifies the write that created the conversation.</summary>
    public required string WriteId { get; init; }

    /// <summary>Identifies the last edit. Appends do not change it.</summary>
    internal string? EditId { get; init; }

    /// <summary>Raised by every edit. Appends do not change it.</summary>
    internal int EditRevision { get; init; }

    /// <summary>
    /// The last revision that a version before 0.3.0 may have written; 0 for none. Such versions do not maintain what
    /// is counted or listed in the transactions of later ones. So a value that was exact at a revision of the head is
    /// still exact only if that revision is not lower than this one.
    /// </summary>
    internal int EarlierVersionsUpTo { get; init; }

    /// <summary>The ETag of the head row. Every append is conditional on it.</summary>
    internal ETag ETag { get; init; }

    /// <summary>True when automatic replies are on and the conversation is not handed off at this time.</summary>
    public bool IsAutoReplyAt(DateTimeOffset now) => AutoReplyEnabled && !(HandedOffUntil > now);

    public Guid Id => new EntityId(EntityKind.Conversation, Key, 0, Check).ToGuid();
}
