using Parley.Conversations;
using Parley.Idempotency;
using Parley.Messages;
using Parley.Problems;
using Parley.Storage;

namespace Parley.Assistants;

/// <summary>A completion that a client has asked for.</summary>
/// <param name="Turn">As it is stored.</param>
/// <param name="Speak">Begins to speak, where this process is to; null when another request has, and the completion is to be followed.</param>
/// <param name="Began">When the request did (<see cref="TimeProvider.GetTimestamp"/>).</param>
public sealed record Completion(Turn Turn, Func<SpokenTurn>? Speak, long Began);

/// <summary>
/// Sends messages to chatbots. The customer's message and the turn are stored in one transaction before anything is asked of a provider; the process that stored them speaks.
/// </summary>
public sealed class Completions(
    ParleyTables tables,
    ChatbotReader chatbots,
    ConversationCreation creation,
    MessageAppend append,
    TurnReader reader,
    TurnWriter writer,
    TurnSpeaker speaker,
    TurnWatch watch,
    Turns turns,
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
    public async Task<Completion> StartAsync(ChatbotRef id, ConversationRef? conversation, NewMessage draft, IdempotencyKey? key, CancellationToken cancellation)
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
            conversation = new ConversationRef(created.Key, created.Check);
        }

        var appended = await append.AppendAsync(
            conversation.Value,
            draft with { Refusal = refusal, Begins = (head, message, _) => Task.FromResult<Turn?>(turns.Running(head, message, chatbot)) },
            key,
            cancellation);
        var turn = appended.Turn is { } begun && begun.ETag != default
            ? begun
            : await reader.FindAsync(appended.Message.Key, cancellation) ?? throw new InvalidOperationException($"Message {appended.Message.Id} has no turn.");

        // The first attempt is that of the request whose message it is; but while its answer was on its way, another may have found it silent and ended it.
        var isOwn = !appended.Replayed && turn is { Status: TurnStatus.Running, Attempt: 1 };
        if (isOwn)
        {
            return new Completion(turn, () => speaker.Speak(turn, chatbot, appended.Message, began), began);
        }

        return turn is { Status: TurnStatus.Ended, Error: TurnError.Interrupted }
            ? await BeginAgainAsync(turn, chatbot, refusal, began, cancellation)
            : new Completion(turn, null, began);
    }

    /// <summary>What becomes of a completion that any process speaks, from now on, until the request has taken too long.</summary>
    public IAsyncEnumerable<Turn> FollowAsync(Completion completion, CancellationToken cancellation) => watch.FollowAsync(completion.Turn, completion.Began, cancellation);

    /// <summary>Ends a completion, and answers when what had been said is stored. One that has ended stays as it is.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.CompletionNotFound"/>, <see cref="ErrorCode.StorageUnavailable"/>.</exception>
    public async Task<Turn> CancelAsync(TenantId tenant, string id, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var turn = await reader.GetAsync(tenant, id, cancellation);
        if (turn.Status == TurnStatus.Queued)
        {
            // Nobody speaks who could hear of it.
            turn = await writer.EndAsync(turn, TurnError.Cancelled, retryAfter: null, speaks: false);
        }

        if (turn.Status != TurnStatus.Ended)
        {
            await writer.AskCancelAsync(turn, cancellation);
            await foreach (var state in watch.FollowAsync(await reader.GetAsync(tenant, id, cancellation), began, cancellation))
            {
                turn = state;
            }
        }

        return turn.Status == TurnStatus.Ended ? turn : throw ParleyException.OutcomeUnknown();
    }

    /// <summary>Begins a turn that was interrupted, if it is still wanted: what it answers is the message as it is now.</summary>
    private async Task<Completion> BeginAgainAsync(Turn turn, Chatbot chatbot, ParleyException? refusal, long began, CancellationToken cancellation)
    {
        var message = await MessageRow.FindAsync(tables, turn.Key, cancellation) ?? throw new InvalidOperationException($"The turn {turn.Key} has no message.");
        if (refusal is not null || message.DeletedBy is not null)
        {
            throw refusal ?? ErrorCode.MessageDeleted.With("The message has been deleted.");
        }

        // When another request with the key was faster, its attempt is the one to be followed.
        return await writer.BeginAsync(turn, cancellation) is { } again
            ? new Completion(again, () => speaker.Speak(again, chatbot, message, began), began)
            : new Completion(await reader.FindAsync(turn.Key, cancellation) ?? turn, null, began);
    }
}
