using System.Security.Cryptography;
using System.Text;
using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Conversations.Tickets;
using Parley.Core;
using Parley.Senders;

namespace Parley.Functions.Api.Zaia;

/// <summary>What a list of chats shows of a chat beside its head.</summary>
/// <param name="Owner">The contact, as it is now.</param>
/// <param name="Responder">The assigned chatbot, if it exists.</param>
/// <param name="Ticket">The open ticket.</param>
/// <param name="Penultimate">The message before the last one.</param>
public sealed record ChatParts(Sender? Owner, Chatbot? Responder, Ticket? Ticket, MessagePreview? Penultimate);

/// <summary>A chat, in the format of Zaia. A chat is a conversation.</summary>
/// <param name="IsRemoved">False: Parley removes no chats.</param>
/// <param name="OwnerId">The contact's UUID; null for a chat without a contact, which Zaia does not have.</param>
/// <param name="ResponderEntity"><c>agents</c> when a chatbot is assigned.</param>
/// <param name="ResponderPicture">Null: chatbots have no picture.</param>
/// <param name="ResponderVersion">Null: chatbots have no versions.</param>
/// <param name="ResponderVersionId">Null, like <paramref name="ResponderVersion"/>.</param>
/// <param name="WorkspaceId">A UUID that follows from the tenant's number.</param>
public sealed record ChatResponse(
    Guid Id,
    DateTimeOffset CreatedAt,
    Guid? ChannelId,
    string? ChannelName,
    string? ChannelType,
    bool? IsOwnerBlocked,
    bool IsRemoved,
    string? LastMessageContent,
    DateTimeOffset? LastMessageCreatedAt,
    string? LastMessageRole,
    string? OwnerEmail,
    Guid? OwnerId,
    string? OwnerIdentifier,
    string? OwnerName,
    string? PenultimateMessageContent,
    DateTimeOffset? PenultimateMessageCreatedAt,
    string? PenultimateMessageRole,
    string? ResponderEntity,
    Guid? ResponderId,
    string? ResponderName,
    string? ResponderPicture,
    int? ResponderVersion,
    Guid? ResponderVersionId,
    Guid? TicketId,
    string? TicketStatus,
    string? Title,
    Guid WorkspaceId)
{
    public static ChatResponse Of(Conversation chat, ChatParts parts) => new(
        chat.Id,
        chat.CreatedAt,
        chat.Inbox?.Id,
        chat.Inbox?.Name,
        ChannelTypes.NameOf(chat.Inbox?.ChannelType),
        parts.Owner?.Blocked,
        IsRemoved: false,
        chat.LastMessage,
        chat.LastMessageAt,
        chat.LastRole is { } role ? RoleOf(role) : null,
        parts.Owner?.Email,
        chat.Contact?.Id,
        parts.Owner?.Identifier,
        parts.Owner?.Name ?? chat.Contact?.Name,
        parts.Penultimate?.Text,
        parts.Penultimate?.CreatedAt,
        parts.Penultimate is { } before ? RoleOf(before.Role) : null,
        chat.Chatbot is null ? null : "agents",
        chat.Chatbot,
        parts.Responder?.Name,
        ResponderPicture: null,
        ResponderVersion: null,
        ResponderVersionId: null,
        parts.Ticket?.Id,
        parts.Ticket is { } ticket ? EnumNames.Of(ticket.Status) : null,
        chat.Title,
        WorkspaceOf(chat.Key.Tenant));

    /// <summary>The name of a role in Zaia, which knows two.</summary>
    public static string RoleOf(MessageRole role) => role == MessageRole.Customer ? "user" : "assistant";

    private static Guid WorkspaceOf(TenantId tenant)
    {
        Span<byte> hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant.Number}|workspace"));
        return RandomSource.Version4(hash[..16]);
    }
}

/// <summary>Channel types of Zaia.</summary>
internal static class ChannelTypes
{
    private const string Widget = "widget";
    private const string Other = "api";
    private const string Web = "web";

    /// <summary>The names. Those in the middle are also names of channels.</summary>
    public static readonly string[] Names = [Widget, "waha", "whatsapp", "instagram", Other];

    /// <summary>The type of an inbox: <c>widget</c> for web chats, <c>api</c> for channels with names of their own.</summary>
    /// <param name="stored">The stored channel type; null without an inbox.</param>
    public static string? NameOf(string? stored) =>
        stored is null ? null : stored == Web ? Widget : Names.Contains(stored) ? stored : Other;
}
