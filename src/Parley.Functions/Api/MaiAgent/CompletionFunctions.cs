using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Assistants.Completions;
using Parley.Core;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Senders;
using Parley.Tenants;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Completions: messages to chatbots, and their replies as they come.</summary>
public sealed class CompletionFunctions(ApiEndpoint endpoint, CompletionCommands completions, CompletionReader reader, SenderReader senders, TimeProvider time)
{
    /// <summary>POST /chatbots/{id}/completions.</summary>
    [Function("CompletionsCreate")]
    public Task Create([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/chatbots/{id}/completions")] HttpRequest request, string id) =>
        endpoint.RunAsync(request, Scopes.AssistantsWrite, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, SentContent.MaxBody);
            var conversationId = fields.IsEmptyText("conversation") ? null : fields.Id("conversation");
            var sent = SentContent.Read(fields.RequiredFields("message"), "message.");
            var isStreaming = fields.Boolean("isStreaming") ?? false;
            for (var i = 0; conversationId is null && i < sent.Attachments.Count; i++)
            {
                if (sent.Attachments[i].Url is null)
                {
                    // Here, before a conversation comes into being for it: there is no earlier message.
                    fields.Fail($"message.attachments.{i}.file", "Is required.");
                }
            }

            var key = RequestHeaders.ReadIdempotencyKey(request, fields, [conversationId, .. sent.Values]);
            fields.ThrowIfInvalid();

            var draft = await sent.DraftAsync(senders, call);
            var conversation = conversationId is null ? (EntityRef<ConversationKey>?)null : call.Conversation(conversationId);

            // Not cancelled: what is stored of it is spoken, also when the client has left.
            var completion = await completions.StartAsync(call.Chatbot(id), conversation, draft, key, CancellationToken.None);
            var replayed = completion.Run is null;
            return isStreaming
                ? Stream(call, completion, replayed ? LastEventId(request) : 0, replayed)
                : Answer(call, await EndOfAsync(call, completion), replayed);
        });

    /// <summary>GET /completions/{id}.</summary>
    [Function("CompletionsGet")]
    public Task Get([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/completions/{id}")] HttpRequest request, string id) =>
        endpoint.RunAsync(request, Scopes.AssistantsWrite, async call => Show(await reader.GetAsync(call.Caller.Tenant, id, call.Cancellation)));

    /// <summary>GET /completions/{id}/events.</summary>
    [Function("CompletionEvents")]
    public Task Events([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/completions/{id}/events")] HttpRequest request, string id) =>
        endpoint.RunAsync(request, Scopes.AssistantsWrite, async call =>
        {
            var (began, after) = (time.GetTimestamp(), LastEventId(request));
            var completion = await reader.GetAsync(call.Caller.Tenant, id, call.Cancellation);
            return Stream(call, new StartedCompletion(completion, null, began), after, replayed: false);
        });

    /// <summary>POST /completions/{id}/cancel.</summary>
    [Function("CompletionsCancel")]
    public Task Cancel([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/completions/{id}/cancel")] HttpRequest request, string id) =>
        endpoint.RunAsync(request, Scopes.AssistantsWrite, async call => Show(await completions.CancelAsync(call.Caller.Tenant, id, call.Cancellation)));

    private CompletionStream Stream(Call call, StartedCompletion completion, int after, bool replayed)
    {
        ProducedCompletion? produced = null;
        return new CompletionStream(
            completion.Completion,
            () => completion.Run is { } run ? (produced = run()).States : completions.FollowAsync(completion, call.Cancellation),
            () => produced?.Result ?? Task.CompletedTask,
            after,
            time)
        {
            Location = LocationOf(call, completion.Completion),
            Replayed = replayed,
        };
    }

    /// <summary>The turn when it has ended, whoever speaks it. What this process speaks goes on when the client leaves.</summary>
    private async Task<Completion> EndOfAsync(Call call, StartedCompletion started)
    {
        if (started.Run is { } run)
        {
            return await run().Result;
        }

        var completion = started.Completion;
        await foreach (var state in completions.FollowAsync(started, call.Cancellation))
        {
            completion = state;
        }

        return completion.Status == CompletionStatus.Ended ? completion : throw ParleyException.StorageUnavailable("The completion takes long. Try again under the same Idempotency-Key.");
    }

    private IResult Answer(Call call, Completion completion, bool replayed)
    {
        var location = LocationOf(call, completion);
        if (completion.Error is not { } error)
        {
            return new JsonResult<CompletionResponse>(CompletionResponse.Of(completion), CamelJson.Default.CompletionResponse) { Replayed = replayed, Location = location };
        }

        // To what is refused, the same again is no answer.
        var isWorthAnother = error is CompletionError.RateLimited or CompletionError.Unavailable or CompletionError.Timeout;
        var failure = new ParleyException(error.Code(), $"{error.Message()} The completion is {completion.Id}, of conversation {completion.ConversationId}.")
        {
            RetryAfter = isWorthAnother && completion.RetryAfter - (time.GetUtcNow() - completion.EndedAt) is { } left && left > TimeSpan.Zero ? left : null,
        };
        return new ProblemResult(failure) { Replayed = replayed, Location = location };
    }

    private static string LocationOf(Call call, Completion completion) => $"{PublicUrl.RootOf(call.Request)}/completions/{completion.Id}";

    private static JsonResult<CompletionResponse> Show(Completion completion) => new(CompletionResponse.Of(completion), CamelJson.Default.CompletionResponse);

    /// <summary>The number of the last event that a client has; 0 when it has none, and for what is no number of ours, as browsers keep what they were sent.</summary>
    private static int LastEventId(HttpRequest request) =>
        int.TryParse(request.Headers["Last-Event-ID"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
