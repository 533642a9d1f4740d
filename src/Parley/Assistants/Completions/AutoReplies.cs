using Microsoft.Extensions.Logging;
using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>
/// Replies to messages that are posted on their own: the turn is stored with the message, and a message of the queue has it spoken. Messages of the queue
/// are hints: they may come twice, late or never; the timer asks again for a turn that nobody has begun.
/// </summary>
public sealed partial class AutoReplies(
    ParleyTables tables,
    ChatbotReader chatbots,
    ConversationReader conversations,
    MessageAppend append,
    CompletionStore store,
    CompletionWriter writer,
    CompletionProducer producer,
    CompletionDrafts drafts,
    IWorkQueue<QueuedReply> queue,
    TimeProvider time,
    ILogger<AutoReplies> logger)
{
    /// <summary>Appends a customer's message, and has the conversation's chatbot reply if it has one and no human answers.</summary>
    /// <param name="id">The conversation.</param>
    /// <param name="draft">The message.</param>
    /// <param name="key">The client's idempotency key, or null.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <exception cref="Core.ParleyException">As for <see cref="MessageAppend.AppendAsync"/>.</exception>
    public async Task<Appended> AppendAsync(EntityRef<ConversationKey> id, NewMessage draft, IdempotencyKey? key, CancellationToken cancellation)
    {
        var appended = await append.AppendAsync(id, draft with { Begins = DraftAsync }, key, cancellation);
        if (appended.Completion is { } completion)
        {
            await EnqueueAsync(completion);
        }

        return appended;
    }

    /// <summary>Speaks the turn that a message of the queue asks for, if that is still to be begun.</summary>
    public async Task RunAsync(QueuedReply reply, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        if (await store.FindAsync(reply.Key, cancellation) is not { Status: CompletionStatus.Queued } completion)
        {
            return;
        }

        var head = await conversations.FindAsync(completion.Key.Conversation, cancellation);
        var message = await MessageRow.FindAsync(tables, completion.Key, cancellation);
        if (completion.CancelRequested || head?.IsAutoReplyAt(time.GetUtcNow()) != true || message?.DeletedBy is not null || await ChatbotOfAsync(completion.Chatbot, cancellation) is not { } chatbot)
        {
            await writer.EndAsync(completion, CompletionError.Cancelled, retryAfter: null, isProducer: false);
        }
        else if (await writer.BeginAsync(completion, CancellationToken.None) is { } begun)
        {
            // Neither ends with the host's patience: a turn that is begun and left is ended by the timer, and nobody begins it again.
            await producer.Run(begun, chatbot, message!, began).Result;
        }
    }

    /// <summary>Asks for a turn to be begun. It is stored by then, so neither a failure nor a client that leaves matters to it.</summary>
    internal async Task EnqueueAsync(Completion completion)
    {
        try
        {
            await queue.SendAsync(QueuedReply.Of(completion.Key), TimeSpan.Zero, CancellationToken.None);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogLeftToTimer(logger, e, completion.Id);
        }
    }

    private async Task<Completion?> DraftAsync(Conversation head, Message message, CancellationToken cancellation) =>
        head.IsAutoReplyAt(time.GetUtcNow()) && (head.Chatbot ?? head.LastChatbot) is { } id && await ChatbotOfAsync(id, cancellation) is { } chatbot
            ? drafts.Queued(head, message, chatbot)
            : null;

    /// <summary>A chatbot that answers now.</summary>
    private async Task<Chatbot?> ChatbotOfAsync(Guid id, CancellationToken cancellation) =>
        EntityId.TryFromGuid(id, EntityKind.Chatbot, out var entity)
        && await chatbots.FindAsync(new EntityRef<ChatbotKey>(new ChatbotKey(entity.Conversation.Tenant, entity.Conversation.Number), entity.Check), cancellation) is { Enabled: true } chatbot
            ? chatbot
            : null;

    [LoggerMessage(1404, LogLevel.Warning, "Completion {Completion} could not be queued; the timer finds it.")]
    private static partial void LogLeftToTimer(ILogger logger, Exception exception, Guid completion);
}
