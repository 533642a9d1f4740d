using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Tenants.Limits;

namespace Parley.Assistants.Completions;

/// <summary>A completion that a client requested.</summary>
/// <param name="Completion">The completion as it is stored.</param>
/// <param name="Run">
/// Starts the producer in this process. Null when another request has started it: then the caller follows the
/// completion.
/// </param>
/// <param name="Began">The start of the request (<see cref="TimeProvider.GetTimestamp"/>).</param>
public sealed record StartedCompletion(Completion Completion, Func<ProducedCompletion>? Run, long Began)
{
    /// <summary>
    /// A slot of the tenant's running completions. The caller disposes it when the producer has ended, or never starts.
    /// Null when the caller follows.
    /// </summary>
    public IDisposable? Slot { get; init; }
}

/// <summary>
/// Sends messages to chatbots. The customer's message and the completion are stored in one transaction before the
/// provider is called. The process that stored them runs the producer.
/// </summary>
public sealed class CompletionCommands(
    ParleyTables tables,
    ChatbotReader chatbots,
    ConversationCreation creation,
    MessageAppend append,
    CompletionStore store,
    CompletionWriter writer,
    CompletionProducer producer,
    CompletionFollower follower,
    CompletionDrafts drafts,
    TenantBounds bounds,
    TimeProvider time)
{
    /// <summary>A new conversation that has only its chatbot.</summary>
    public static NewConversation Plain(Chatbot chatbot) =>
        new(null, null, null, null, null, null, null) { Chatbot = chatbot.Id };

    /// <summary>As below; a new conversation has only its chatbot.</summary>
    public Task<StartedCompletion> StartAsync(
        EntityRef<ChatbotKey> id,
        EntityRef<ConversationKey>? conversation,
        NewMessage draft,
        IdempotencyKey? key,
        CancellationToken cancellation) => StartAsync(id, conversation, Plain, draft, key, cancellation);

    /// <summary>Stores a customer's message and its completion.</summary>
    /// <param name="id">The chatbot.</param>
    /// <param name="conversation">The conversation; null for a new one.</param>
    /// <param name="newConversation">Creates a new one of the chatbot.</param>
    /// <param name="key">
    /// The client's idempotency key, or null. A repeated key returns the same completion, running or ended. If that was
    /// interrupted, it runs again.
    /// </param>
    /// <param name="cancellation">
    /// Cancels the call. A completion that is stored by then will end as interrupted.
    /// </param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ChatbotNotFound"/>, <see cref="ErrorCode.ChatbotDisabled"/>,
    /// <see cref="ErrorCode.MessageDeleted"/>, <see cref="ErrorCode.QuotaExceeded"/> (nothing is stored), and the
    /// errors of <see cref="MessageAppend.AppendAsync"/> and <see cref="ConversationCreation.CreateAsync"/>.
    /// </exception>
    public async Task<StartedCompletion> StartAsync(
        EntityRef<ChatbotKey> id,
        EntityRef<ConversationKey>? conversation,
        Func<Chatbot, NewConversation> newConversation,
        NewMessage draft,
        IdempotencyKey? key,
        CancellationToken cancellation)
    {
        var slot = bounds.RunningCompletions.TryTake(id.Key.Tenant);
        var isRunning = false;
        try
        {
            var started = await StartAsync(
                id, conversation, newConversation, draft, key, isRefused: slot is null, cancellation);
            isRunning = started.Run is not null;
            return isRunning ? started with { Slot = slot } : started;
        }
        finally
        {
            if (!isRunning)
            {
                slot?.Dispose();
            }
        }
    }

    /// <summary>
    /// Returns the states of a completion that any process produces, until it ends or the request's time is used up.
    /// </summary>
    public IAsyncEnumerable<Completion> FollowAsync(StartedCompletion completion, CancellationToken cancellation) =>
        follower.FollowAsync(completion.Completion, completion.Began, cancellation);

    /// <summary>
    /// Ends a completion, and returns when its text so far is stored. A completion that has ended stays unchanged.
    /// </summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.CompletionNotFound"/>, <see cref="ErrorCode.StorageUnavailable"/>.
    /// </exception>
    public async Task<Completion> CancelAsync(TenantId tenant, string id, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var completion = await store.GetAsync(tenant, id, cancellation);
        if (completion.Status == CompletionStatus.Queued)
        {
            // There is no producer that could read a request to cancel.
            completion = await writer.EndAsync(
                completion, CompletionError.Cancelled, retryAfter: null, isProducer: false);
        }

        if (completion.Status != CompletionStatus.Ended)
        {
            await writer.RequestCancelAsync(completion, cancellation);
            var current = await store.GetAsync(tenant, id, cancellation);
            await foreach (var state in follower.FollowAsync(current, began, cancellation))
            {
                completion = state;
            }
        }

        return completion.Status == CompletionStatus.Ended ? completion : throw ParleyException.OutcomeUnknown();
    }

    private async Task<StartedCompletion> StartAsync(
        EntityRef<ChatbotKey> id,
        EntityRef<ConversationKey>? conversation,
        Func<Chatbot, NewConversation> newConversation,
        NewMessage draft,
        IdempotencyKey? key,
        bool isRefused,
        CancellationToken cancellation)
    {
        var began = time.GetTimestamp();

        // Not thrown yet: when the first request with this key came, the reason for the refusal may not have existed.
        var chatbot = await chatbots.FindEvenDeletedAsync(id, cancellation) ?? throw ChatbotReader.NotFound();
        var refusal = chatbot.DeletedAt is not null ? ChatbotReader.NotFound()
            : !chatbot.Enabled
                ? ErrorCode.ChatbotDisabled.With("The chatbot does not answer: its field enabled is false.")
            : isRefused ? bounds.RunningCompletions.Exceeded() : null;
        if (conversation is null)
        {
            var (created, _) = await creation.CreateAsync(
                id.Key.Tenant, newConversation(chatbot) with { Refusal = refusal }, key, cancellation);
            conversation = new EntityRef<ConversationKey>(created.Key, created.Check);
        }

        var start = new CompletionStart(
            store, (head, message, _) => Task.FromResult<Completion?>(drafts.Running(head, message, chatbot)));
        var appended = await append.AppendWithAsync(
            [start], conversation.Value, draft with { Refusal = refusal }, key, cancellation);
        var completion = !appended.Replayed && start.Completion is { } begun && begun.ETag != default
            ? begun
            : await store.FindAsync(appended.Message.Key, cancellation)
                ?? throw new InvalidOperationException($"Message {appended.Message.Id} has no completion.");

        // The request that stored the message runs the first attempt. But while the response of storage was delayed,
        // another process may have found no heartbeat and ended the completion.
        var isOwn = !appended.Replayed && completion is { Status: CompletionStatus.Running, Attempt: 1 };
        if (isOwn)
        {
            return new StartedCompletion(
                completion, () => producer.Run(completion, chatbot, appended.Message, began), began);
        }

        return completion is { Status: CompletionStatus.Ended, Error: CompletionError.Interrupted }
            ? await BeginAgainAsync(completion, chatbot, refusal, began, cancellation)
            : new StartedCompletion(completion, null, began);
    }

    /// <summary>
    /// Begins a new attempt of an interrupted completion, unless it is refused now. It replies to the message as it is
    /// now.
    /// </summary>
    private async Task<StartedCompletion> BeginAgainAsync(
        Completion completion,
        Chatbot chatbot,
        ParleyException? refusal,
        long began,
        CancellationToken cancellation)
    {
        var message = await MessageRow.FindAsync(tables, completion.Key, cancellation)
            ?? throw new InvalidOperationException($"Completion {completion.Key} has no message.");
        if (refusal is not null || message.DeletedBy is not null)
        {
            throw refusal ?? ErrorCode.MessageDeleted.With("The message has been deleted.");
        }

        // If another request with the same key begins first, the caller follows that attempt.
        return await writer.BeginAsync(completion, cancellation) is { } again
            ? new StartedCompletion(again, () => producer.Run(again, chatbot, message, began), began)
            : new StartedCompletion(await store.FindAsync(completion.Key, cancellation) ?? completion, null, began);
    }
}
