using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Conversations.Messages;
using Parley.Functions.Api.Parley;
using Parley.Senders;

namespace Parley.Functions.Api.Zaia;

/// <summary>A message, in the format of Zaia.</summary>
public sealed record ChatMessageResponse(
    Guid Id,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    Guid ChatId,
    Guid? ChatThreadId,
    string Content,
    string? ExternalId,
    string RawContent,
    string Role,
    Guid? SenderId)
{
    /// <summary>With <c>joins=senders</c>: the current state of the sender, or the JSON value null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Sender { get; init; }

    /// <summary>
    /// With <c>joins=chat-message-follow-ups</c>: the follow-ups that the message triggered, and the follow-up that was
    /// sent as this message.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<FollowUpResponse>? ChatMessageFollowUps { get; init; }

    public static ChatMessageResponse Of(Message message, Guid chat) => new(
        message.Id,
        message.CreatedAt,
        message.UpdatedAt,
        chat,
        message.Thread,
        message.Text,
        message.ExternalId,
        message.Text,
        ChatResponse.RoleOf(message.Role),
        message.Sender?.Id);

    /// <param name="sender">The current sender; null for none.</param>
    /// <param name="nameOf">Returns the name of a sender's kind.</param>
    public ChatMessageResponse With(Sender? sender, Func<SenderEntity, string> nameOf) => this with
    {
        Sender = JsonSerializer.SerializeToElement(
            sender is null ? null : SenderResponse.Of(sender) with { Entity = nameOf(sender.Entity) },
            ParleyJson.Default.SenderResponse!),
    };
}
