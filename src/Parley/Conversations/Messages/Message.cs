using Azure;
using Parley.Core;
using Parley.Senders;

namespace Parley.Conversations.Messages;

/// <summary>Who speaks. Stored by number: never change one.</summary>
public enum MessageRole
{
    /// <summary>The customer: only these messages count as unread and cancel follow-ups.</summary>
    Customer = 1,

    /// <summary>An assistant or a fired follow-up.</summary>
    Assistant = 2,

    /// <summary>A person of the tenant's own.</summary>
    Staff = 3,
}

/// <summary>A message's sender, as it was when the message was written.</summary>
/// <param name="Id">The sender's UUID.</param>
/// <param name="Name">The name then.</param>
/// <param name="Avatar">The picture then.</param>
public sealed record MessageSender(Guid Id, string? Name, string? Avatar)
{
    /// <summary>A sender as it is now.</summary>
    public static MessageSender Of(Sender sender) => new(sender.Id, sender.Name, sender.Avatar);
}

/// <summary>A message, as its row holds it.</summary>
public sealed record Message
{
    /// <summary>Tenant, conversation and number.</summary>
    public required MessageKey Key { get; init; }

    /// <summary>The random part of its UUID.</summary>
    public required long Check { get; init; }

    /// <summary>Raised by every change of the row; the HTTP ETag.</summary>
    public required int Revision { get; init; }

    /// <summary>Who speaks, as written.</summary>
    public required MessageRole Role { get; init; }

    /// <summary>The number of the staff member's API key; null for others.</summary>
    public int? UserNumber { get; init; }

    /// <summary>The writer's name at the time of writing.</summary>
    public string? UserName { get; init; }

    /// <summary>text, image, audio, video, document, location, sticker or other.</summary>
    public required string Type { get; init; }

    /// <summary>The text; empty once deleted.</summary>
    public required string Text { get; init; }

    /// <summary>Who is named as speaking; the role decides what they speak as.</summary>
    public MessageSender? Sender { get; init; }

    /// <summary>The client's own id of the message.</summary>
    public string? ExternalId { get; init; }

    /// <summary>The UUID of the thread that it was written in.</summary>
    public Guid? Thread { get; init; }

    /// <summary>The number of the ticket that was open when it was written.</summary>
    public int? Ticket { get; init; }

    /// <summary>The number of the follow-up that became it.</summary>
    public int? FollowUp { get; init; }

    /// <summary>The number of the message that it answers as an assistant's reply.</summary>
    public int? Completion { get; init; }

    /// <summary>Files and links that came with it.</summary>
    public IReadOnlyList<Attachment> Attachments { get; init; } = [];

    /// <summary>JSON text of an object that was sent with the content, for assistants.</summary>
    public string? ContentPayload { get; init; }

    /// <summary>JSON text of an object that was sent with the content, for assistants.</summary>
    public string? QueryMetadata { get; init; }

    /// <summary>What somebody thinks of it.</summary>
    public string? Feedback { get; init; }

    /// <summary>The number of the quoted message of the same conversation. Its text is looked up when read.</summary>
    public int? Quoted { get; init; }

    /// <summary>When it was written; never before the message before it.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was edited, deleted or given feedback last; else when it was written.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Who edited it last; null when nobody has.</summary>
    public string? EditedBy { get; init; }

    /// <summary>Who deleted it; null when nobody has.</summary>
    public string? DeletedBy { get; init; }

    /// <summary>When it was read; of the customer's messages only. Reading leaves the revision.</summary>
    public DateTimeOffset? ReadAt { get; init; }

    /// <summary>JSON text of the client's own object.</summary>
    public string? Metadata { get; init; }

    /// <summary>Names the append that made the row, so that its writer recognizes it after a lost answer. Edits leave it.</summary>
    public required string WriteId { get; init; }

    /// <summary>Names the last edit, for the same reason.</summary>
    internal string? EditId { get; init; }

    /// <summary>The row's ETag.</summary>
    internal ETag ETag { get; init; }

    /// <summary>Its UUID.</summary>
    public Guid Id => new EntityId(EntityKind.Message, Key.Conversation, Key.Sequence, Check).ToGuid();
}
