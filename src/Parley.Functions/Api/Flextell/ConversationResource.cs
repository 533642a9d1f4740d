using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Senders;

namespace Parley.Functions.Api.Flextell;

/// <summary>A conversation, in the format of Flextell: the members that its reference documents, and no others.</summary>
/// <param name="LastMessageId">The integer id of the last message, as text.</param>
/// <param name="LastMessage">The first 500 characters.</param>
/// <param name="UnreadCount">The number of the customer's unread messages, as text.</param>
/// <param name="AgentDisabled">True while no assistant answers by itself.</param>
/// <param name="AgentExpiresAt">The end of a hand-off that lies ahead.</param>
/// <param name="AgentDisabledByUserName">Null: Parley does not store it.</param>
/// <param name="Blacklist">Null: Parley has no such entries.</param>
public sealed record ConversationResource(
    int Id,
    string DisplayName,
    string? Address,
    string? LastMessageId,
    string? LastMessage,
    DateTimeOffset? LastMessageAt,
    string? LastMessageType,
    bool? LastMessageIsCustomer,
    string UnreadCount,
    bool AgentDisabled,
    DateTimeOffset? AgentExpiresAt,
    string? AgentDisabledByUserName,
    CustomerResource? Customer,
    ChannelResource? Channel,
    JsonElement? Blacklist)
{
    /// <param name="conversation">A stored conversation.</param>
    /// <param name="customer">Its contact, as it is now; null for a conversation without one.</param>
    /// <param name="last">Its last message; null for a conversation without messages.</param>
    /// <param name="now">Determines whether the conversation is handed off.</param>
    public static ConversationResource Of(
        Conversation conversation, Sender? customer, MessagePreview? last, DateTimeOffset now) => new(
        conversation.Key.Number,
        NameOf(conversation, customer),
        customer?.Identifier,
        conversation.Last == 0
            ? null
            : Text(new Core.MessageKey(conversation.Key, conversation.Last).IntegerId),
        conversation.LastMessage,
        conversation.LastMessageAt,
        last?.Type,
        conversation.LastRole is { } role ? role == MessageRole.Customer : null,
        Text(conversation.Unread),
        !conversation.IsAutoReplyAt(now),
        conversation.HandedOffUntil > now ? conversation.HandedOffUntil : null,
        AgentDisabledByUserName: null,
        customer is null ? null : CustomerResource.Of(customer),
        conversation.Inbox is { } inbox ? ChannelResource.Of(inbox) : null,
        Blacklist: null);

    /// <summary>The first that exists of the contact's name and address, the title and the number.</summary>
    private static string NameOf(Conversation conversation, Sender? customer) =>
        new[] { customer?.Name, conversation.Contact?.Name, customer?.Identifier, conversation.Title }
            .FirstOrDefault(name => !string.IsNullOrEmpty(name))
        ?? $"#{Text(conversation.Key.Number)}";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The customer of a conversation, in the format of Flextell.</summary>
/// <param name="FirstName">All words of the name but the last one; the only word of a name of one.</param>
/// <param name="LastName">The last word of the name; null for a name of one word.</param>
/// <param name="PhoneNumber">The contact's own, or the address when it is written as a phone number.</param>
public sealed record CustomerResource(
    int Id,
    string? FirstName,
    string? LastName,
    string? PhoneNumber,
    string? AvatarUrl)
{
    public static CustomerResource Of(Sender customer)
    {
        var name = customer.Name?.Trim() ?? "";
        var end = name.LastIndexOf(' ');
        return new CustomerResource(
            customer.Key.Number,
            name.Length == 0 ? null : end < 0 ? name : name[..end].TrimEnd(),
            end < 0 ? null : name[(end + 1)..],
            customer.PhoneNumber ?? (IsPhoneNumber(customer.Identifier) ? customer.Identifier : null),
            customer.Avatar);
    }

    private static bool IsPhoneNumber(string? address) =>
        address?.Any(char.IsAsciiDigit) is true
        && address.All(c => char.IsAsciiDigit(c) || c is '+' or '-' or ' ' or '(' or ')' or '.');
}

/// <summary>The channel of a conversation, in the format of Flextell.</summary>
/// <param name="Type">
/// <c>website</c> for web chats; otherwise the channel's name, which is the type when it is named after it.
/// </param>
/// <param name="Address">Null: Parley does not store it.</param>
public sealed record ChannelResource(int Id, string Name, string Type, string? Address)
{
    /// <summary>The highest id that a client gives a channel. Ids above belong to channels with other names.</summary>
    public const int MaxOwnId = (1 << 30) - 1;

    /// <summary>The type of web chats in Flextell.</summary>
    public const string Website = "website";

    private const string Web = "web";

    public static ChannelResource Of(Inbox inbox) =>
        new(IdOf(inbox), inbox.Name, inbox.ChannelType == Web ? Website : inbox.ChannelType, Address: null);

    /// <summary>The channel type of inboxes that a type of Flextell selects.</summary>
    public static string StoredTypeOf(string type) => type == Website ? Web : type;

    /// <summary>
    /// The number that is the channel's name. Inboxes have UUIDs, so that one with another name gets a number from 2^30
    /// to 2^31 - 1 that follows from its UUID.
    /// </summary>
    private static int IdOf(Inbox inbox)
    {
        if (inbox.Name.Length > 0
            && inbox.Name[0] != '0'
            && inbox.Name.All(char.IsAsciiDigit)
            && int.TryParse(inbox.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var own)
            && own <= MaxOwnId)
        {
            return own;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(inbox.Id.ToByteArray(), hash);
        return (BinaryPrimitives.ReadInt32BigEndian(hash) & MaxOwnId) | (MaxOwnId + 1);
    }
}
