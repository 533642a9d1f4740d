using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Dialects;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Senders;
using Parley.Storage;
using Parley.Tenants;
using Parley.Tenants.Limits;

namespace Parley.Functions.Api.Zaia;

/// <summary>Messages of a chat, in the format of Zaia. A chat is a conversation.</summary>
public sealed class ChatMessageFunctions(
    ApiEndpoint endpoint,
    ChatMessages chats,
    MessageAppend append,
    SenderReader senders,
    FollowUpReader followUps)
{
    private const int MaxContent = 4000;
    private const int MinExternalId = 3;
    private const int MaxTickets = 50;
    private const int MaxLimit = 1000;

    /// <summary>
    /// Zaia's list has 250 messages when the client names no limit, and its reference knows an unknown chat as an error.
    /// </summary>
    private static readonly PerDialect<ListRules> Rules = new(new ListRules(DefaultLimit: 5000, IsUnknownRefused: false))
    {
        Zaia = new ListRules(DefaultLimit: 250, IsUnknownRefused: true),
    };

    /// <summary>The names of senders' kinds.</summary>
    private static readonly PerDialect<Func<SenderEntity, string>> EntityNames = new(EnumNames.Of)
    {
        Zaia = SenderEntities.NameOf,
    };

    /// <summary>The number of messages whose senders and follow-ups are read together.</summary>
    private const int JoinedAtOnce = 100;

    /// <summary>A message of maximum length fits even if every character is escaped.</summary>
    private const int MaxBody = 64 * 1024;

    [Function("ChatMessagesCreate")]
    [Costs(LimitUnits.Messages)]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Create(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/chat-messages")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var chatId = fields.RequiredId("chatId");
            var threadId = fields.Id("chatThreadId");
            var content = fields.RequiredText("content", 0, MaxContent);
            var externalId = fields.Text("externalId", MinExternalId, Limits.Line);
            var senderId = fields.Id("senderId");
            var role = fields.RequiredChoice("role", "user", "assistant");
            string?[] body = [chatId, threadId, content, externalId, senderId, role];
            var key = RequestHeaders.ReadIdempotencyKey(request, fields, body);
            fields.ThrowIfInvalid();

            var sender = await senders.GetReferencedAsync(call.Caller.Tenant, senderId, "senderId", call.Cancellation);
            var messageRole = role == "user" ? MessageRole.Customer : MessageRole.Assistant;
            var draft = new NewMessage(messageRole, content, null, sender?.Name, null)
            {
                Sender = sender,
                Thread = threadId,
                ExternalId = externalId,
                ExternalKey = externalId is null
                    ? null
                    : IdempotencyKey.OfExternalId(externalId, [threadId, content, senderId, role]),
            };
            var stored = await append.AppendAsync(call.Conversation(chatId), draft, key, call.Cancellation);
            return new JsonResult<ChatMessageResponse>(
                ChatMessageResponse.Of(stored.Message, stored.Conversation.Id),
                ZaiaJson.Default.ChatMessageResponse)
            {
                Replayed = stored.Replayed,
            };
        });

    [Function("ChatMessagesList")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/chat-messages")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var query = new QueryFields(request.Query);
            var chatId = query.RequiredId("chatId");
            var filter = new ChatFilter(query.Id("chatThreadId"), query.IdList("ticketIds", MaxTickets));
            var joins = query.Additions("joins", "senders", "chat-message-follow-ups");
            var rules = Rules[call.Caller.Dialect];
            var limit = query.Number(
                "limit", query.Number("pagination[limit]", rules.DefaultLimit, 1, MaxLimit), 1, MaxLimit);
            var cursor = query.Cursor();
            query.ThrowIfInvalid();

            var list = ChatMessageList.Empty;
            if (call.ConversationOrNull(chatId) is { } id)
            {
                list = await chats.OpenAsync(id, filter, cursor, limit, call.Cancellation);
            }
            else
            {
                Cursors.RequireNone(cursor);
            }

            if (rules.IsUnknownRefused && ReferenceEquals(list, ChatMessageList.Empty))
            {
                throw ConversationReader.NotFound();
            }

            return new JsonArrayResult<ChatMessageResponse>(
                ResponsesAsync(call.Caller, list, joins, call.Cancellation),
                ZaiaJson.Default.IAsyncEnumerableChatMessageResponse,
                list.Next)
            {
                Total = list.Total,
            };
        });

    private async IAsyncEnumerable<ChatMessageResponse> ResponsesAsync(
        Caller caller,
        ChatMessageList list,
        IReadOnlySet<string> joins,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var known = new Dictionary<int, Sender>();
        await foreach (var chunk in list.Messages.Chunk(JoinedAtOnce).WithCancellation(cancellation))
        {
            IEnumerable<ChatMessageResponse> answers =
                chunk.Select(message => ChatMessageResponse.Of(message, list.Chat)).ToList();
            if (joins.Contains("senders"))
            {
                answers = await WithSendersAsync(caller, answers, known, cancellation);
            }

            if (joins.Contains("chat-message-follow-ups"))
            {
                answers = await WithFollowUpsAsync(chunk, answers, cancellation);
            }

            foreach (var answer in answers)
            {
                yield return answer;
            }
        }
    }

    /// <summary>Adds the current senders. Each sender is read once.</summary>
    private async Task<IEnumerable<ChatMessageResponse>> WithSendersAsync(
        Caller caller,
        IEnumerable<ChatMessageResponse> answers,
        Dictionary<int, Sender> known,
        CancellationToken cancellation)
    {
        var unknown = answers.Select(NumberOf).OfType<int>().Where(number => !known.ContainsKey(number));
        foreach (var (number, sender) in await senders.FindAllAsync(caller.Tenant, unknown, cancellation))
        {
            known[number] = sender;
        }

        var nameOf = EntityNames[caller.Dialect];
        return answers.Select(
            answer => answer.With(NumberOf(answer) is { } number ? known.GetValueOrDefault(number) : null, nameOf));
    }

    private async Task<IEnumerable<ChatMessageResponse>> WithFollowUpsAsync(
        Message[] messages, IEnumerable<ChatMessageResponse> answers, CancellationToken cancellation)
    {
        var found = await followUps.OfMessagesAsync(
            messages[0].Key.Conversation,
            [.. messages.Select(message => message.Key.Sequence)],
            cancellation);
        return answers.Zip(messages, (answer, message) => answer with
        {
            ChatMessageFollowUps = [.. found[message.Key.Sequence].Select(FollowUpResponse.Of)],
        });
    }

    /// <param name="DefaultLimit">The most messages of a response to a request without a limit.</param>
    /// <param name="IsUnknownRefused">True when an unknown chat is an error, and not a list without messages.</param>
    private sealed record ListRules(int DefaultLimit, bool IsUnknownRefused);

    private static int? NumberOf(ChatMessageResponse answer) =>
        answer.SenderId is { } id && EntityId.TryFromGuid(id, EntityKind.Sender, out var sender)
            ? sender.Conversation.Number
            : null;
}
