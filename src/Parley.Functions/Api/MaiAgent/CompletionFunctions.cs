using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Senders;
using Parley.Tenants;
using Parley.Tenants.Limits;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Completions: messages to chatbots, and their replies, which may be streamed.</summary>
public sealed class CompletionFunctions(
    ApiEndpoint endpoint,
    CompletionCommands completions,
    CompletionStore store,
    SenderReader senders,
    TenantBounds bounds,
    TimeProvider time)
{
    [Function("CompletionsCreate")]
    [Costs(LimitUnits.Completions)]
    [RequiresScope(Scopes.AssistantsUse)]
    public Task Create(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/chatbots/{id}/completions")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            call.HoldForClient(bounds.Listeners.Take(call.Caller.Tenant));
            var fields = await RequestBody.ReadFieldsAsync(request, SentContent.MaxBody);
            var conversationId = fields.IsEmptyText("conversation") ? null : fields.Id("conversation");
            if (conversationId is not null)
            {
                // The provider gets the conversation's history, and its reply repeats what it was sent.
                call.Caller.Require(Scopes.MessagesRead | Scopes.MessagesWrite);
            }

            var sent = SentContent.Read(fields.RequiredFields("message"), "message.", MessageRole.Customer);
            var isStreaming = fields.Boolean("isStreaming") ?? false;
            for (var i = 0; conversationId is null && i < sent.Attachments.Count; i++)
            {
                var attachment = sent.Attachments[i];
                if (attachment.Url is null && !UploadCopies.IsUpload(attachment, call.Caller.Tenant))
                {
                    // A new conversation has no earlier messages with files, so the URL is required. This is checked
                    // here, before the conversation is created.
                    fields.Fail($"message.attachments.{i}.file", "Is required.");
                }
            }

            var key = RequestHeaders.ReadIdempotencyKey(request, fields, [conversationId, .. sent.Values]);
            fields.ThrowIfInvalid();

            var draft = await sent.DraftAsync(senders, call);
            var conversation = conversationId is null
                ? (EntityRef<ConversationKey>?)null
                : call.Conversation(conversationId);

            // Not cancelled when the client disconnects: once the message is stored, the reply is produced.
            var completion = await completions.StartAsync(
                call.Chatbot(id),
                conversation,
                chatbot => CompletionForms.All[call.Caller.Dialect].NewConversation(chatbot, draft),
                draft,
                key,
                CancellationToken.None);
            call.Hold(completion.Slot);
            var replayed = completion.Run is null;
            return isStreaming
                ? Stream(call, completion, replayed ? LastEventId(request) : 0, replayed)
                : Respond(call, await EndOfAsync(call, completion), replayed);
        });

    /// <inheritdoc cref="Create"/>
    [Function("CompletionsCreateUnversioned")]
    [Costs(LimitUnits.Completions)]
    [RequiresScope(Scopes.AssistantsUse)]
    public Task CreateUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "chatbots/{id}/completions")] HttpRequest request,
        string id) =>
        Create(request, id);

    [Function("CompletionsGet")]
    [RequiresScope(Scopes.AssistantsUse)]
    public Task Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/completions/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
            Show(call, await store.GetAsync(call.Caller.Tenant, id, call.Cancellation)));

    [Function("CompletionEvents")]
    [RequiresScope(Scopes.AssistantsUse)]
    public Task Events(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/completions/{id}/events")]
        HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            call.HoldForClient(bounds.Listeners.Take(call.Caller.Tenant));
            var (began, after) = (time.GetTimestamp(), LastEventId(request));
            var completion = await store.GetAsync(call.Caller.Tenant, id, call.Cancellation);

            // An EventSource connects again after every end of a stream, except after 204 (WHATWG HTML, section 9.2.1).
            var isOver = completion.Status == CompletionStatus.Ended && after >= completion.NextEvent - 1;
            return isOver
                ? new NoContentResult()
                : Stream(call, new StartedCompletion(completion, null, began), after, replayed: false);
        });

    [Function("CompletionsCancel")]
    [RequiresScope(Scopes.AssistantsUse)]
    public Task Cancel(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/completions/{id}/cancel")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
            Show(call, await completions.CancelAsync(call.Caller.Tenant, id, call.Cancellation)));

    private CompletionStream Stream(Call call, StartedCompletion completion, int after, bool replayed)
    {
        ProducedCompletion? produced = null;
        return new CompletionStream(
            completion.Completion,
            () => completion.Run is { } run
                ? (produced = run()).States
                : completions.FollowAsync(completion, call.Cancellation),
            () => produced?.Result ?? Task.CompletedTask,
            after,
            CompletionForms.All[call.Caller.Dialect].Event,
            time)
        {
            Location = LocationOf(call, completion.Completion),
            Replayed = replayed,
        };
    }

    /// <summary>
    /// Waits for the end of a completion, whichever process produces it. A completion that this process produces
    /// continues after the client disconnects.
    /// </summary>
    private async Task<Completion> EndOfAsync(Call call, StartedCompletion started)
    {
        if (started.Run is { } run)
        {
            // Also for a client that has left. Not for a key that was refused: the completion continues without a
            // request, as after a restart of its process.
            return await run().Result.WaitAsync(call.KeyRefused);
        }

        var completion = started.Completion;
        await foreach (var state in completions.FollowAsync(started, call.Cancellation))
        {
            completion = state;
        }

        return completion.Status == CompletionStatus.Ended
            ? completion
            : throw ParleyException.StorageUnavailable(
                "The completion takes long. Try again under the same Idempotency-Key.");
    }

    private IResult Respond(Call call, Completion completion, bool replayed)
    {
        var location = LocationOf(call, completion);
        if (completion.Error is not { } error)
        {
            return CompletionForms.All[call.Caller.Dialect].Respond(
                completion, new AnswerHeaders(StatusCodes.Status200OK, replayed, location));
        }

        // After other errors a retry does not help: the provider would refuse the same message again.
        var canRetry = error is CompletionError.RateLimited or CompletionError.Unavailable or CompletionError.Timeout;
        var remaining = completion.RetryAfter - (time.GetUtcNow() - completion.EndedAt);
        var failure = new ParleyException(
            error.Code(),
            $"{error.Message()} The completion is {completion.Id}, of conversation {completion.ConversationId}.")
        {
            RetryAfter = canRetry && remaining > TimeSpan.Zero ? remaining : null,
        };
        return new ProblemResult(failure) { Replayed = replayed, Location = location };
    }

    private static string LocationOf(Call call, Completion completion) =>
        $"{PublicUrl.RootOf(call.Request)}/completions/{completion.Id}";

    private static IResult Show(Call call, Completion completion) =>
        CompletionForms.All[call.Caller.Dialect].Respond(completion, AnswerHeaders.Ok);

    /// <summary>
    /// The number of the last event that the client received; 0 without one. Values that are not numbers also count as
    /// 0, because browsers return whatever id they were sent.
    /// </summary>
    private static int LastEventId(HttpRequest request)
    {
        var id = request.Headers["Last-Event-ID"].ToString();
        return int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }
}
