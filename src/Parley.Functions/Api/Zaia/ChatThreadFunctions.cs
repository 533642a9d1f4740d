using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Conversations.Threads;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Dialects;
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
        endpoint.RunAsync(request, call => new PerDialect<Func<Call, Task<IResult>>>(ListByCursorAsync)
        {
            Zaia = ListByNumberAsync,
        }[call.Caller.Dialect](call));

    private async Task<IResult> ListByCursorAsync(Call call)
    {
        var query = new ChatListQuery(call.Request.Query);
        var chat = await FindChatAsync(call, query.ChatId);
        var page = chat is null
            ? query.Nothing(new ThreadPage([], null))
            : await reader.ListAsync(chat.Key, query.Cursor, query.Limit, call.Cancellation);
        return Respond(page.Threads, chat, page.Next);
    }

    /// <summary>Zaia's pages have numbers.</summary>
    private async Task<IResult> ListByNumberAsync(Call call)
    {
        var query = new QueryFields(call.Request.Query);
        var chatId = query.RequiredId("chatId");
        var (page, size) = PageNumbers.Read(query, ThreadReader.MaxReach);
        query.ThrowIfInvalid();
        var chat = await FindChatAsync(call, chatId);
        return Respond(
            chat is null ? [] : await reader.ReadPageAsync(chat.Key, page, size, call.Cancellation), chat, next: null);
    }

    private async Task<Conversation?> FindChatAsync(Call call, string chatId) =>
        call.ConversationOrNull(chatId) is { } id ? await conversations.FindAsync(id, call.Cancellation) : null;

    private static JsonArrayResult<ChatThreadResponse> Respond(
        IReadOnlyList<ChatThread> threads, Conversation? chat, string? next) => new(
        threads.Select(thread => ChatThreadResponse.Of(thread, chat!.Id)).ToAsyncEnumerable(),
        ZaiaJson.Default.IAsyncEnumerableChatThreadResponse,
        next);
}
