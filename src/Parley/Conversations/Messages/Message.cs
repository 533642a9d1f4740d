using Azure;
using Parley.Core;
using Parley.Files;
using Parley.Senders;

namespace Parley.Conversations.Messages;

/// <summary>A message's sender, as it was when the message was written.</summary>
/// <param name="Id">The sender's UUID.</param>
/// <param name="Avatar">The URL of a picture.</param>
public sealed record MessageSender(Guid Id, string? Name, string? Avatar)
{
    /// <summary>Copies a sender's present values.</summary>
    public static MessageSender Of(Sender sender) => new(sender.Id, sender.Name, sender.Avatar);
}

/// <summary>A message, as its row stores it.</summary>
public sealed record Message
{
    public required MessageKey Key { get; init; }

    /// <summary>The random part of the UUID.</summary>
    public required long Check { get; init; }

    /// <summary>Raised by every change of the row except a reading; the HTTP ETag.</summary>
    public required int Revision { get; init; }

    public required MessageRole Role { get; init; }

    /// <summary>The number of the staff member's API key; null for other roles.</summary>
    public int? UserNumber { get; init; }

    /// <summary>The writer's name when the message was written.</summary>
    public string? UserName { get; init; }

    /// <summary>text, image, audio, video, document, location, sticker or other.</summary>
    public required string Type { get; init; }

    /// <summary>Empty after a deletion.</summary>
    public required string Text { get; init; }

    /// <summary>The sender that the client named. It does not affect <see cref="Role"/>.</summary>
    public MessageSender? Sender { get; init; }

    /// <summary>The client's own id of the message.</summary>
    public string? ExternalId { get; init; }

    /// <summary>The UUID of the thread that the message was written in.</summary>
    public Guid? Thread { get; init; }

    /// <summary>The number of the ticket that was open when the message was written.</summary>
    public int? Ticket { get; init; }

    /// <summary>The number of the follow-up that was sent as this message.</summary>
    public int? FollowUp { get; init; }

    /// <summary>For an assistant's reply: the number of the message that it replies to.</summary>
    public int? Completion { get; init; }

    public IReadOnlyList<Attachment> Attachments { get; init; } = [];

    /// <summary>A JSON object for assistants, as text, sent with the content.</summary>
    public string? ContentPayload { get; init; }

    /// <summary>A JSON object for assistants, as text, sent with the content.</summary>
    public string? QueryMetadata { get; init; }

    /// <summary>A client's rating of the message.</summary>
    public string? Feedback { get; init; }

    /// <summary>The number of the quoted message of the same conversation. Readers look up its text.</summary>
    public int? Quoted { get; init; }

    /// <summary>Never earlier than the previous message's time.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The time of the last edit, deletion or feedback; without one, the creation time.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The name of the last editor; null before the first edit.</summary>
    public string? EditedBy { get; init; }

    /// <summary>The name of the person who deleted the message; null while it is not deleted.</summary>
    public string? DeletedBy { get; init; }

    /// <summary>Set for the customer's messages only. A reading does not raise the revision.</summary>
    public DateTimeOffset? ReadAt { get; init; }

    /// <summary>The client's own JSON object, as text.</summary>
    public string? Metadata { get; init; }

    /// <summary>
    /// Identifies the append that wrote the row, so that the writer recognizes it after a lost response. Edits do not
    /// change it.
    /// </summary>
    public required string WriteId { get; init; }

    /// <summary>Identifies the last edit, for the same purpose.</summary>
    internal string? EditId { get; init; }

    internal ETag ETag { get; init; }

    /// <summary>The files uploaded with the message or for it, not those of earlier messages.</summary>
    internal IEnumerable<StoredFile> OwnFiles =>
        Attachments.Where(attachment => attachment.Id is null).Select(attachment => attachment.File)
            .OfType<StoredFile>();

    public Guid Id => new EntityId(EntityKind.Message, Key.Conversation, Key.Sequence, Check).ToGuid();
}
