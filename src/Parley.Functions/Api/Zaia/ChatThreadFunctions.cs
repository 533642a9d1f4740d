using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Conversations.Threads;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Tenants;

namespace Parley.Functions.Api.Zaia;

/// <summary>A thread, in the format of Zaia. Threads never change.</summary>
public sealed record ChatThreadResponse(
    Guid Id,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    Guid ChatId,
    Guid ChatMessageId)
{
    public static ChatThreadResponse Of(ChatThread thread, Guid chat) =>
        new(thread.Id, thread.CreatedAt, thread.CreatedAt, chat, thread.MessageId);
}

/// <summary>Threads of a chat, in the format of Zaia.</summary>
public sealed class ChatThreadFunctions(
    ApiEndpoint endpoint,
    ConversationReader conversations,
    ThreadReader reader,
    ThreadCreation creation)
{
    private const int MaxBody = 16 * 1024;

    [Function("ChatThreadsCreate")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Create(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/chat-threads")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var (chatId, messageId) = (fields.RequiredId("chatId"), fields.RequiredId("chatMessageId"));
            fields.ThrowIfInvalid();

            var chat = await conversations.GetAsync(call.Conversation(chatId), call.Cancellation);
            var thread = await creation.CreateAsync(chat, messageId, call.Cancellation);
            return new JsonResult<ChatThreadResponse>(
                ChatThreadResponse.Of(thread, chat.Id),
                ZaiaJson.Default.ChatThreadResponse);
        });

    [Function("ChatThreadsList")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/chat-threads")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var query = new ChatListQuery(request.Query);
            var chat = call.ConversationOrNull(query.ChatId) is { } id
                ? await conversations.FindAsync(id, call.Cancellation)
                : null;
            var page = chat is null
                ? query.Nothing(new ThreadPage([], null))
                : await reader.ListAsync(chat.Key, query.Cursor, query.Limit, call.Cancellation);
            var answers = page.Threads.Select(thread => ChatThreadResponse.Of(thread, chat!.Id)).ToAsyncEnumerable();
            return new JsonArrayResult<ChatThreadResponse>(
                answers,
                ZaiaJson.Default.IAsyncEnumerableChatThreadResponse,
                page.Next);
        });
}
