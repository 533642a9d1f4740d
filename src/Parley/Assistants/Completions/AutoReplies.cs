using Microsoft.Extensions.Logging;
using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Tenants.Limits;

namespace Parley.Assistants.Completions;

/// <summary>
/// Automatic replies to messages that are posted without a completion request. The completion is stored with the
/// message, and a queue message starts it.
/// </summary>
/// <remarks>
/// Queue messages are hints: they may arrive twice, late or never. The timer enqueues a queued completion again if no
/// process has begun it.
/// </remarks>
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
    TenantBounds bounds,
    TimeProvider time,
    ILogger<AutoReplies> logger)
{
    /// <summary>
    /// Queued replies of one tenant that a process produces at once, a third of the messages that the host runs at once
    /// (host.json): a tenant whose provider is slow does not delay the replies of others.
    /// </summary>
    internal const int RepliesPerTenant = 8;

    /// <summary>
    /// Limit of a message's requeues. They take more than five minutes together, and then the timer has enqueued the
    /// completion again (<see cref="CompletionRecovery"/>). Without a limit, each of its messages would be requeued
    /// for ever.
    /// </summary>
    internal const int MaxWaits = 6;

    private readonly TenantConcurrencyLimiter limiter = new(int.MaxValue, RepliesPerTenant, time);

    /// <summary>
    /// Appends a customer's message. If the conversation has an enabled chatbot and is not handed off to a human, a
    /// reply of the chatbot is enqueued.
    /// </summary>
    /// <param name="key">The client's idempotency key, or null.</param>
    /// <exception cref="ParleyException">The errors of <see cref="MessageAppend.AppendAsync"/>.</exception>
    public async Task<Appended> AppendAsync(
        EntityRef<ConversationKey> id,
        NewMessage draft,
        IdempotencyKey? key,
        CancellationToken cancellation)
    {
        var start = new CompletionStart(store, DraftAsync);
        var appended = await append.AppendWithAsync([start], id, draft, key, cancellation);
        if (!appended.Replayed && start.Completion is { } completion)
        {
            await EnqueueAsync(completion);
        }

        return appended;
    }

    /// <summary>Runs the completion that a queue message names, if it is still queued.</summary>
    public async Task RunAsync(QueuedReply reply, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var tenant = reply.Key.Conversation.Tenant;
        if (!limiter.TryTake(tenant))
        {
            await RequeueAsync(reply, cancellation);
            return;
        }

        try
        {
            using var slot = bounds.RunningCompletions.TryTake(tenant);
            await (slot is null ? RequeueAsync(reply, cancellation) : RunAsync(reply, began, cancellation));
        }
        finally
        {
            limiter.Return(tenant);
        }
    }

    /// <summary>
    /// Enqueues a message again, with twice the delay of the last time: a function that waits is paid, and other
    /// tenants need it. After <see cref="MaxWaits"/> times it leaves the completion to the timer.
    /// </summary>
    private Task RequeueAsync(QueuedReply reply, CancellationToken cancellation) => reply.Waits < MaxWaits
        ? queue.SendAsync(
            reply with { Waits = reply.Waits + 1 }, TenantBound.RetryAfter * (1 << reply.Waits), cancellation)
        : Task.CompletedTask;

    private async Task RunAsync(QueuedReply reply, long began, CancellationToken cancellation)
    {
        if (await store.FindAsync(reply.Key, cancellation) is not { Status: CompletionStatus.Queued } completion)
        {
            return;
        }

        var head = await conversations.FindAsync(completion.Key.Conversation, cancellation);
        var message = await MessageRow.FindAsync(tables, completion.Key, cancellation);
        if (completion.CancelRequested
            || head?.IsAutoReplyAt(time.GetUtcNow()) != true
            || message?.DeletedBy is not null
            || await FindEnabledAsync(completion.Chatbot, cancellation) is not { } chatbot)
        {
            await writer.EndAsync(completion, CompletionError.Cancelled, retryAfter: null, isProducer: false);
        }
        else if (await writer.BeginAsync(completion, CancellationToken.None) is { } begun)
        {
            // Neither call takes the host's cancellation token: if a completion that has begun is abandoned, the timer
            // ends it, and no process begins it again.
            await producer.Run(begun, chatbot, message!, began).Result;
        }
    }

    /// <summary>
    /// Enqueues a stored completion. Failures are logged, not thrown, and the call cannot be cancelled: the completion
    /// is already stored, and the timer enqueues it later.
    /// </summary>
    internal async Task EnqueueAsync(Completion completion)
    {
        try
        {
            await queue.SendAsync(QueuedReply.Of(completion.Key), TimeSpan.Zero, CancellationToken.None);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogLeftToTimer(logger, PrivateException.Of(e), completion.Id);
        }
    }

    private async Task<Completion?> DraftAsync(Conversation head, Message message, CancellationToken cancellation) =>
        head.IsAutoReplyAt(time.GetUtcNow())
        && (head.Chatbot ?? head.LastChatbot) is { } id
        && await FindEnabledAsync(id, cancellation) is { } chatbot
            ? drafts.Queued(head, message, chatbot)
            : null;

    private async Task<Chatbot?> FindEnabledAsync(Guid id, CancellationToken cancellation)
    {
        if (!EntityId.TryFromGuid(id, EntityKind.Chatbot, out var entity))
        {
            return null;
        }

        var key = new ChatbotKey(entity.Conversation.Tenant, entity.Conversation.Number);
        var chatbot = await chatbots.FindAsync(new EntityRef<ChatbotKey>(key, entity.Check), cancellation);
        return chatbot is { Enabled: true } ? chatbot : null;
    }

    [LoggerMessage(1404, LogLevel.Warning, "Completion {Completion} could not be queued; the timer finds it.")]
    private static partial void LogLeftToTimer(ILogger logger, Exception exception, Guid completion);
}
