using Parley.Core;

namespace Parley.Conversations;

/// <summary>A client's request for a new conversation. All fields are optional.</summary>
/// <param name="Channel">The name of the inbox.</param>
/// <param name="WebChat">The UUID of the web chat that is the inbox.</param>
/// <param name="Address">The contact's phone number, e-mail address or the like.</param>
/// <param name="Metadata">A JSON object, as text.</param>
public sealed record NewConversation(
    string? Title,
    string? Channel,
    Guid? WebChat,
    string? Address,
    string? FirstName,
    string? LastName,
    string? Metadata)
{
    /// <summary>
    /// The id of the sender that is the contact, as the client sent it. It replaces <see cref="Address"/>,
    /// <see cref="FirstName"/> and <see cref="LastName"/>.
    /// </summary>
    public string? Contact { get; init; }

    /// <summary>The UUID of the chatbot to assign.</summary>
    public Guid? Chatbot { get; init; }

    /// <summary>
    /// The validation error to return, unless the idempotency key shows that the conversation is already stored; null
    /// for a valid request.
    /// </summary>
    public ParleyException? Refusal { get; init; }

    /// <summary>The contact's first and last name; the address when both are missing.</summary>
    internal string? ContactName => string.Join(
        ' ', new[] { FirstName, LastName }.Where(part => !string.IsNullOrEmpty(part))) is { Length: > 0 } name
            ? name
            : Address;

    internal Inbox? InboxOf(TenantId tenant) => this switch
    {
        { WebChat: { } webChat } => new Inbox(webChat, Channel ?? "webChat", "web"),
        { Channel: { } channel } => Inbox.OfChannel(tenant, channel),
        _ => null,
    };
}
