using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Conversations.Tickets;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Senders;
using Parley.Tenants;

namespace Parley.Functions.Api.Zaia;

/// <summary>Lists chats, in the format of Zaia. A chat is a conversation.</summary>
public sealed class ChatFunctions(
    ApiEndpoint endpoint,
    ActiveConversations list,
    ConversationReader reader,
    MessagePreviews previews,
    SenderReader senders,
    ChatbotReader chatbots,
    TicketReader tickets)
{
    /// <summary>The maximum number of ids in a filter: each is a list of its own.</summary>
    private const int MaxIds = 10;

    [Function("ChatsList")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/chats")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var query = new QueryFields(request.Query);
            var channels = query.UuidList("channelIds", MaxIds);
            var types = query.Words("channelTypes", ChannelTypes.Names);
            var owners = query.IdList("ownerIds", MaxIds);
            var from = query.Time("lastChatMessageCreatedAtStart");
            var until = query.Time("lastChatMessageCreatedAtEnd");
            var (page, size) = PageNumbers.Read(query, ActiveConversations.MaxReach);
            query.ThrowIfInvalid();

            var filter = new ActivityFilter(
                owners.Count == 0 ? null : await OwnersAsync(call, owners),
                channels.Count == 0 ? null : channels,
                types.Count == 0 || types.Count == ChannelTypes.Names.Length
                    ? null
                    : stored => ChannelTypes.NameOf(stored) is { } name && types.Contains(name),
                from,
                until);
            var found = await list.ReadAsync(call.Caller.Tenant, filter, page, size, call.Cancellation);
            var shaped = await ShapeAsync(call, found);
            return new JsonArrayResult<ChatResponse>(
                shaped.ToAsyncEnumerable(), ZaiaJson.Default.IAsyncEnumerableChatResponse, next: null);
        });

    [Function("ChatsDetails")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task Details(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/chats/{id}/details")]
        HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var chat = await reader.GetAsync(call.Conversation(id), call.Cancellation);
            var shaped = await ShapeAsync(call, [chat]);
            return new JsonResult<ChatResponse>(shaped[0], ZaiaJson.Default.ChatResponse);
        });

    /// <summary>The numbers of the contacts with these ids. Unknown ids are left out.</summary>
    private async Task<IReadOnlyCollection<int>> OwnersAsync(Call call, IReadOnlyList<string> ids)
    {
        var found = await Task.WhenAll(ids.Distinct(StringComparer.Ordinal).Select(async id =>
            EntityRef.TryParse<SenderKey>(id, call.Caller.Tenant, out var reference)
                ? await senders.FindAsync(reference, call.Cancellation)
                : null));
        return [.. found.OfType<Sender>().Select(owner => owner.Key.Number)];
    }

    private async Task<List<ChatResponse>> ShapeAsync(Call call, IReadOnlyList<Conversation> chats)
    {
        var contacts = chats.Select(chat => chat.Contact?.Number).OfType<int>();
        var owners = senders.FindAllAsync(call.Caller.Tenant, contacts, call.Cancellation);
        var responders = RespondersAsync(call, chats);
        var open = tickets.OpenOfAsync(chats, call.Cancellation);
        var penultimate = previews.ReadAsync(chats, before: 1, call.Cancellation);
        await Task.WhenAll(owners, responders, open, penultimate);
        var (ownersFound, respondersFound) = (await owners, await responders);
        var (ticketsFound, messagesFound) = (await open, await penultimate);
        return
        [
            .. chats.Select(chat => ChatResponse.Of(chat, new ChatParts(
                chat.Contact is { } contact ? ownersFound.GetValueOrDefault(contact.Number) : null,
                chat.Chatbot is { } chatbot ? respondersFound.GetValueOrDefault(chatbot) : null,
                ticketsFound.GetValueOrDefault(chat.Key.Number),
                messagesFound.GetValueOrDefault(chat.Key.Number)))),
        ];
    }

    private async Task<Dictionary<Guid, Chatbot>> RespondersAsync(Call call, IReadOnlyList<Conversation> chats)
    {
        var ids = chats.Select(chat => chat.Chatbot).OfType<Guid>().Distinct();
        var found = await Task.WhenAll(ids.Select(async id =>
            await chatbots.FindAsync(call.Chatbot($"{id}"), call.Cancellation)));
        return found.OfType<Chatbot>().ToDictionary(chatbot => chatbot.Id);
    }
}
