using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Conversations.FollowUps;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Tenants;

namespace Parley.Functions.Api.Zaia;

/// <summary>Follow-ups of chats, in the format of Zaia.</summary>
public sealed class FollowUpFunctions(
    ApiEndpoint endpoint,
    FollowUpReader reader,
    FollowUpList list,
    FollowUpWriter writer,
    TimeProvider time)
{
    private const int MaxText = 4000;

    /// <summary>The maximum number of ids in a filter.</summary>
    private const int MaxIds = 50;

    /// <summary>A text of maximum length fits even if every character is escaped.</summary>
    private const int MaxBody = 64 * 1024;

    [Function("FollowUpsCreate")]
    [RequiresScope(Scopes.FollowUpsWrite)]
    public Task Create(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/chat-message-follow-ups")]
        HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var chatId = fields.RequiredId("chatId");
            var dueAt = fields.Time("dueDate");
            if (fields.IsAbsent("dueDate"))
            {
                fields.Fail("dueDate", "Is required.");
            }

            var text = fields.RequiredText("message", 1, MaxText);
            var key = RequestHeaders.ReadIdempotencyKey(request, fields, chatId, $"{dueAt:O}", text);
            if ((key is null || call.ConversationOrNull(chatId) is null)
                && dueAt is { } at
                && FollowUpRules.InvalidDueReason(at, time.GetUtcNow()) is { } invalid)
            {
                // With an idempotency key the due date is checked later, once the key is known to be new, so that a
                // replayed key returns the first response.
                fields.Fail("dueDate", invalid);
            }

            fields.ThrowIfInvalid();

            var (followUp, replayed) = await writer.CreateAsync(
                call.Conversation(chatId),
                dueAt!.Value,
                text,
                call.Caller.Name,
                key,
                call.Cancellation);
            return new JsonResult<FollowUpResponse>(
                FollowUpResponse.Of(followUp),
                ZaiaJson.Default.FollowUpResponse,
                StatusCodes.Status201Created)
            {
                Revision = followUp.Revision,
                Replayed = replayed,
                Location = $"{PublicUrl.Of(request)}/{followUp.Id}",
            };
        });

    [Function("FollowUpsList")]
    [RequiresScope(Scopes.FollowUpsRead)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/chat-message-follow-ups")]
        HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var query = new QueryFields(request.Query);
            var filter = new FollowUpFilter(
                query.IdList("chatIds", MaxIds),
                query.IdList("chatMessageIds", MaxIds),
                query.IdList("triggerChatMessageIds", MaxIds),
                query.Choices<FollowUpStatus>("statuses"));
            var (page, size) = PageNumbers.Read(query, FollowUpList.MaxReach);
            query.ThrowIfInvalid();
            var found = await list.ReadAsync(call.Caller.Tenant, filter, page, size, call.Cancellation);
            return new JsonArrayResult<FollowUpResponse>(
                found.Select(FollowUpResponse.Of).ToAsyncEnumerable(),
                ZaiaJson.Default.IAsyncEnumerableFollowUpResponse, next: null);
        });

    [Function("FollowUpsGet")]
    [RequiresScope(Scopes.FollowUpsRead)]
    public Task Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/chat-message-follow-ups/{id}")]
        HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
            Respond(await reader.GetAsync(call.Caller.Tenant, id, call.Cancellation)));

    [Function("FollowUpsEvents")]
    [RequiresScope(Scopes.FollowUpsRead)]
    public Task Events(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/chat-message-follow-ups/{id}/events")]
        HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var followUp = await reader.GetAsync(call.Caller.Tenant, id, call.Cancellation);
            var events = reader.EventsAsync(followUp, call.Cancellation).Select(FollowUpEventResponse.Of);
            return new JsonArrayResult<FollowUpEventResponse>(
                events,
                ZaiaJson.Default.IAsyncEnumerableFollowUpEventResponse,
                next: null);
        });

    [Function("FollowUpsUpdate")]
    [RequiresScope(Scopes.FollowUpsWrite)]
    public Task Update(
        [HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "v1/chat-message-follow-ups/{id}")]
        HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var change = new FollowUpChange
            {
                Status = fields.Choice<FollowUpStatus>("status"),
                DueAt = fields.Time("dueDate"),
                Text = fields.Text("message", 1, MaxText),
                Reason = fields.Text("reason", 1, Limits.Line),
                ClearsReason = fields.IsNull("reason"),
                MessageId = fields.Id("chatMessageId"),
                ClearsMessageId = fields.IsNull("chatMessageId"),
                FinishedAt = fields.Time("finishedAt"),
                ClearsFinishedAt = fields.IsNull("finishedAt"),
                Chat = fields.Id("chatId"),
                TriggerId = fields.Id("triggerChatMessageId"),
            };
            var expected = RequestHeaders.ReadPreconditions(request);
            fields.ThrowIfInvalid();
            var followUp = await writer.ChangeAsync(
                call.Caller.Tenant,
                id,
                change,
                call.Caller.Name,
                expected,
                call.Cancellation);
            return Respond(followUp);
        });

    /// <summary>Cancels a follow-up.</summary>
    [Function("FollowUpsDelete")]
    [RequiresScope(Scopes.FollowUpsWrite)]
    public Task Delete(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/chat-message-follow-ups/{id}")]
        HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var change = new FollowUpChange { Status = FollowUpStatus.Cancelled };
            var followUp = await writer.ChangeAsync(
                call.Caller.Tenant,
                id,
                change,
                call.Caller.Name,
                RequestHeaders.ReadPreconditions(request),
                call.Cancellation);
            return Respond(followUp);
        });

    private static JsonResult<FollowUpResponse> Respond(FollowUp followUp) =>
        new(FollowUpResponse.Of(followUp), ZaiaJson.Default.FollowUpResponse)
        {
            Revision = followUp.Revision,

            // The deletion of the message that it became empties its text, and does not raise its revision.
            RevisionCoversBody = followUp.Text.Length > 0,
        };
}
