using Parley.Core;
using Parley.Files;
using Parley.Senders;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>A message to append.</summary>
/// <param name="UserNumber">The number of the staff member's API key; null for other roles.</param>
/// <param name="UserName">The writer's name.</param>
/// <param name="Quoted">The id of the quoted message, as the client sent it.</param>
public sealed record NewMessage(MessageRole Role, string Text, int? UserNumber, string? UserName, string? Quoted)
{
    /// <summary>The sender that the client named.</summary>
    public Sender? Sender { get; init; }

    /// <summary>The sender to show when the message has no stored sender, such as a chatbot.</summary>
    public MessageSender? DisplaySender { get; init; }

    /// <summary>The id of the thread, as the client sent it.</summary>
    public string? Thread { get; init; }

    /// <summary>The client's own id of the message.</summary>
    public string? ExternalId { get; init; }

    /// <summary>
    /// The external id and the body that it came with. A repetition of both returns the first message.
    /// </summary>
    public IdempotencyKey? ExternalKey { get; init; }

    /// <summary>Links, and files of earlier messages by the ids of those messages.</summary>
    public IReadOnlyList<Attachment> Attachments { get; init; } = [];

    /// <summary>The file uploaded with the message. Its blob is already stored.</summary>
    public StoredFile? File { get; init; }

    /// <summary>The path of the message's fields in the request body, for errors: ends in a dot, or is empty.</summary>
    public string Path { get; init; } = "";

    /// <summary>
    /// The validation error to return, unless the idempotency key shows that the message is already stored.
    /// </summary>
    public ParleyException? Refusal { get; init; }

    /// <summary>The client's own JSON object, as text.</summary>
    public string? Metadata { get; init; }

    /// <summary>A JSON object for assistants, as text.</summary>
    public string? ContentPayload { get; init; }

    /// <summary>A JSON object for assistants, as text.</summary>
    public string? QueryMetadata { get; init; }
}

/// <summary>A stored message.</summary>
/// <param name="Conversation">The conversation, as it was before the message.</param>
/// <param name="Message">The message, as it was first written.</param>
/// <param name="Replayed">
/// True when an earlier request with the same idempotency key or external id had stored it.
/// </param>
public sealed record Appended(Conversation Conversation, Message Message, bool Replayed);
