using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>A completion that a client has asked for.</summary>
/// <param name="Completion">As it is stored.</param>
/// <param name="Run">Begins to speak, where this process is to; null when another request has, and the completion is to be followed.</param>
/// <param name="Began">When the request did (<see cref="TimeProvider.GetTimestamp"/>).</param>
public sealed record StartedCompletion(Completion Completion, Func<ProducedCompletion>? Run, long Began);

/// <summary>
/// Sends messages to chatbots. The customer's message and the turn are stored in one transaction before anything is asked of a provider; the process that stored them speaks.
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
    TimeProvider time)
{
    /// <summary>Stores a message and the turn that answers it.</summary>
    /// <param name="id">Who is to answer.</param>
    /// <param name="conversation">Where; null for a new conversation.</param>
    /// <param name="draft">The customer's message.</param>
    /// <param name="key">
    /// The client's idempotency key, or null. The same again is the same completion, whether it runs or has ended; one that was interrupted runs again.
    /// </param>
    /// <param name="cancellation">Ends the call; what is stored by then is interrupted.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ChatbotNotFound"/>, <see cref="ErrorCode.ChatbotDisabled"/>, <see cref="ErrorCode.MessageDeleted"/>, and as for <see cref="MessageAppend.AppendAsync"/> and
    /// <see cref="ConversationCreation.CreateAsync"/>.
    /// </exception>
    public async Task<StartedCompletion> StartAsync(EntityRef<ChatbotKey> id, EntityRef<ConversationKey>? conversation, NewMessage draft, IdempotencyKey? key, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();

        // What forbids it now may not have when its key came first.
        var chatbot = await chatbots.FindEvenDeletedAsync(id, cancellation) ?? throw ChatbotReader.NotFound();
        var refusal = chatbot.DeletedAt is not null ? ChatbotReader.NotFound()
            : chatbot.Enabled ? null
            : ErrorCode.ChatbotDisabled.With("The chatbot does not answer: its field enabled is false.");
        if (conversation is null)
        {
            var (created, _) = await creation.CreateAsync(
                id.Key.Tenant, new NewConversation(null, null, null, null, null, null, null) { Chatbot = chatbot.Id, Refusal = refusal }, key, cancellation);
            conversation = new EntityRef<ConversationKey>(created.Key, created.Check);
        }

        var appended = await append.AppendAsync(
            conversation.Value,
            draft with { Refusal = refusal, Begins = (head, message, _) => Task.FromResult<Completion?>(drafts.Running(head, message, chatbot)) },
            key,
            cancellation);
        var completion = appended.Completion is { } begun && begun.ETag != default
            ? begun
            : await store.FindAsync(appended.Message.Key, cancellation) ?? throw new InvalidOperationException($"Message {appended.Message.Id} has no turn.");

        // The first attempt is that of the request whose message it is; but while its answer was on its way, another may have found it silent and ended it.
        var isOwn = !appended.Replayed && completion is { Status: CompletionStatus.Running, Attempt: 1 };
        if (isOwn)
        {
            return new StartedCompletion(completion, () => producer.Run(completion, chatbot, appended.Message, began), began);
        }

        return completion is { Status: CompletionStatus.Ended, Error: CompletionError.Interrupted }
            ? await BeginAgainAsync(completion, chatbot, refusal, began, cancellation)
            : new StartedCompletion(completion, null, began);
    }

    /// <summary>What becomes of a completion that any process speaks, from now on, until the request has taken too long.</summary>
    public IAsyncEnumerable<Completion> FollowAsync(StartedCompletion completion, CancellationToken cancellation) => follower.FollowAsync(completion.Completion, completion.Began, cancellation);

    /// <summary>Ends a completion, and answers when what had been said is stored. One that has ended stays as it is.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.CompletionNotFound"/>, <see cref="ErrorCode.StorageUnavailable"/>.</exception>
    public async Task<Completion> CancelAsync(TenantId tenant, string id, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var completion = await store.GetAsync(tenant, id, cancellation);
        if (completion.Status == CompletionStatus.Queued)
        {
            // Nobody speaks who could hear of it.
            completion = await writer.EndAsync(completion, CompletionError.Cancelled, retryAfter: null, isProducer: false);
        }

        if (completion.Status != CompletionStatus.Ended)
        {
            await writer.RequestCancelAsync(completion, cancellation);
            await foreach (var state in follower.FollowAsync(await store.GetAsync(tenant, id, cancellation), began, cancellation))
            {
                completion = state;
            }
        }

        return completion.Status == CompletionStatus.Ended ? completion : throw ParleyException.OutcomeUnknown();
    }

    /// <summary>Begins a turn that was interrupted, if it is still wanted: what it answers is the message as it is now.</summary>
    private async Task<StartedCompletion> BeginAgainAsync(Completion completion, Chatbot chatbot, ParleyException? refusal, long began, CancellationToken cancellation)
    {
        var message = await MessageRow.FindAsync(tables, completion.Key, cancellation) ?? throw new InvalidOperationException($"The turn {completion.Key} has no message.");
        if (refusal is not null || message.DeletedBy is not null)
        {
            throw refusal ?? ErrorCode.MessageDeleted.With("The message has been deleted.");
        }

        // When another request with the key was faster, its attempt is the one to be followed.
        return await writer.BeginAsync(completion, cancellation) is { } again
            ? new StartedCompletion(again, () => producer.Run(again, chatbot, message, began), began)
            : new StartedCompletion(await store.FindAsync(completion.Key, cancellation) ?? completion, null, began);
    }
}
