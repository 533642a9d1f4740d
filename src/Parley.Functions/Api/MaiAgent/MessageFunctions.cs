using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Dialects;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Senders;
using Parley.Tenants;
using Parley.Tenants.Limits;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Messages, in the format of MaiAgent.</summary>
public sealed class MessageFunctions(
    ApiEndpoint endpoint,
    ConversationReader conversations,
    MessageReader reader,
    AutoReplies replies,
    MessageAppend append,
    MessageChange change,
    SenderReader senders,
    PerDialect<IMessageForms> forms)
{
    private const int MaxFeedback = 2000;

    [Function("MessagesCreate")]
    [Costs(LimitUnits.Messages)]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Create(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/messages")] HttpRequest request) =>
        endpoint.RunAsync(request, call => CreateAsync(call, SentContent.ReadRole, PublicUrl.Of(request)));

    /// <inheritdoc cref="Create"/>
    [Function("MessagesCreateUnversioned")]
    [Costs(LimitUnits.Messages)]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task CreateUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "messages")] HttpRequest request) =>
        Create(request);

    /// <summary>Stores a message of the assistant.</summary>
    [Function("MessagesCreateOutgoing")]
    [Costs(LimitUnits.Messages)]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task CreateOutgoing(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/messages/outgoing")] HttpRequest request) =>
        endpoint.RunAsync(
            request, call => CreateAsync(call, _ => MessageRole.Assistant, PublicUrl.ParentOf(request)));

    /// <inheritdoc cref="CreateOutgoing"/>
    [Function("MessagesCreateOutgoingUnversioned")]
    [Costs(LimitUnits.Messages)]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task CreateOutgoingUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "messages/outgoing")] HttpRequest request) =>
        CreateOutgoing(request);

    [Function("MessagesList")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/messages")] HttpRequest request) =>
        endpoint.RunAsync(request, call => forms[call.Caller.Dialect].ListAsync(call));

    /// <inheritdoc cref="List"/>
    [Function("MessagesListUnversioned")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task ListUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "messages")] HttpRequest request) =>
        List(request);

    [Function("MessagesGet")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/messages/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var message = await reader.GetAsync(call.Message(id), call.Cancellation);

            // The UUID of the conversation contains a check value, which only the conversation row has.
            var reference = new EntityRef<ConversationKey>(message.Key.Conversation, null);
            var conversation = await conversations.GetAsync(reference, call.Cancellation);
            return await RespondAsync(call, conversation, message, AnswerHeaders.Ok);
        });

    /// <inheritdoc cref="Get"/>
    [Function("MessagesGetUnversioned")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task GetUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "messages/{id}")] HttpRequest request,
        string id) =>
        Get(request, id);

    [Function("MessagesUpdate")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Update(
        [HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "v1/messages/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, SentContent.MaxBody);
            var feedback = fields.Text("feedback", 0, MaxFeedback);
            if (!fields.Has("feedback"))
            {
                fields.Fail("feedback", "Is required; null removes the feedback.");
            }

            var expected = RequestHeaders.ReadPreconditions(request);
            fields.ThrowIfInvalid();

            var (conversation, changed) =
                await change.GiveFeedbackAsync(call.Message(id), feedback, expected, call.Cancellation);
            return await RespondAsync(call, conversation, changed, AnswerHeaders.Ok);
        });

    /// <inheritdoc cref="Update"/>
    [Function("MessagesUpdateUnversioned")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task UpdateUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "messages/{id}")] HttpRequest request, string id) =>
        Update(request, id);

    /// <summary>
    /// Stores a message. Only a customer's ends follow-ups and gets a reply; the answer to any is the message itself.
    /// </summary>
    /// <param name="call">The request.</param>
    /// <param name="readRole">Reads whose message it is.</param>
    /// <param name="messages">The URL below which messages are.</param>
    private async Task<IResult> CreateAsync(Call call, Func<Fields, MessageRole> readRole, string messages)
    {
        var fields = await RequestBody.ReadFieldsAsync(call.Request, SentContent.MaxBody);
        var conversationId = fields.RequiredId("conversation");
        var sent = SentContent.Read(fields, path: "", readRole(fields));
        var key = RequestHeaders.ReadIdempotencyKey(call.Request, fields, [conversationId, .. sent.Values]);
        fields.ThrowIfInvalid();

        var draft = await sent.DraftAsync(senders, call);
        var conversation = call.Conversation(conversationId);
        var stored = sent.Role == MessageRole.Customer
            ? await replies.AppendAsync(conversation, draft, key, call.Cancellation)
            : await append.AppendAsync(conversation, draft, key, call.Cancellation);
        var location = $"{messages}/{stored.Message.Id}";
        return await RespondAsync(
            call, stored.Conversation, stored.Message, AnswerHeaders.Created(location, stored.Replayed));
    }

    private Task<IResult> RespondAsync(
        Call call, Conversation conversation, Message message, AnswerHeaders headers) =>
        forms[call.Caller.Dialect].RespondAsync(call, conversation, message, headers);
}
