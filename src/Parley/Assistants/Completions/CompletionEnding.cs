using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Storage.ChangeLog;

namespace Parley.Assistants.Completions;

/// <summary>
/// Ends a completion in the transaction that appends its reply, under the ETag of the completion's row.
/// </summary>
/// <param name="completion">The completion as it was read, with its final text and error.</param>
/// <param name="isProducer">
/// True when called by the producer, which may overwrite concurrent changes of the same attempt: only another end or
/// another attempt conflicts. Any other caller ends the completion only if the row is unchanged since it was read.
/// </param>
internal sealed class CompletionEnding(
    CompletionStore store, Completion completion, bool isProducer, TimeProvider time) : IMessagePart
{
    public Completion Completion { get; } = completion;

    public int MaxOperations => 1;

    private Completion Stored { get; set; } = completion;

    /// <summary>
    /// The reply's message. An incomplete reply is marked in both payload and metadata, so that programs see it in
    /// either API.
    /// </summary>
    public NewMessage Reply
    {
        get
        {
            var mark = Completion.Error is { } error ? $$"""{"partial":true,"error":"{{error.Code().Code}}"}""" : null;
            return new NewMessage(MessageRole.Assistant, Completion.Text, null, Completion.ChatbotName, null)
            {
                DisplaySender = new MessageSender(Completion.Chatbot, Completion.ChatbotName, Avatar: null),
                ContentPayload = mark,
                Metadata = mark,
            };
        }
    }

    public async Task ReadAgainAsync(CancellationToken cancellation) =>
        Stored = await store.FindAsync(Completion.Key, cancellation)
            ?? throw new InvalidOperationException($"Completion {Completion.Key} no longer exists.");

    /// <exception cref="CompletionConflictException">
    /// The completion has ended otherwise, or must not have a reply any more.
    /// </exception>
    public void EnsureAllowed(Conversation head)
    {
        if (!IsOpen(Completion, Stored, isProducer))
        {
            throw new CompletionConflictException(CompletionConflict.Moved);
        }

        if (Completion.IsAutoReply && !head.IsAutoReplyAt(time.GetUtcNow()))
        {
            throw new CompletionConflictException(CompletionConflict.HandedOff);
        }
    }

    /// <summary>The completion after the reply is stored.</summary>
    public Completion After(Message reply) =>
        Completion with { Status = CompletionStatus.Ended, EndedAt = reply.CreatedAt, Reply = reply.Key.Sequence };

    public Message Shape(Message message) => message with { Completion = Completion.Key.Sequence };

    public Task AddAsync(ConversationPlan plan, Message message, CancellationToken cancellation)
    {
        plan.Add(new TableTransactionAction(
            TableTransactionActionType.UpdateMerge, CompletionRow.Ended(After(message)), Stored.ETag));
        plan.Log(TypeOf(Completion), Completion.Id, Stored.Revision);
        return Task.CompletedTask;
    }

    internal static ChangeType TypeOf(Completion ended) =>
        ended.Error is null ? ChangeType.CompletionCompleted : ChangeType.CompletionFailed;

    /// <summary>True if the caller may still write or end the completion.</summary>
    /// <param name="seen">The completion as the caller read it.</param>
    internal static bool IsOpen(Completion seen, Completion stored, bool isProducer) =>
        stored.Status != CompletionStatus.Ended
        && stored.ProducerId == seen.ProducerId
        && (isProducer || stored.ETag == seen.ETag);
}

/// <summary>The reason why a completion must not end with a reply.</summary>
internal enum CompletionConflict
{
    /// <summary>It has ended, its producer has written it, or another attempt has begun.</summary>
    Moved,

    /// <summary>A human answers now.</summary>
    HandedOff,
}

/// <summary>A completion must not end with a reply.</summary>
internal sealed class CompletionConflictException(CompletionConflict why)
    : Exception($"The completion must not end with a reply: {why}.")
{
    public CompletionConflict Why => why;
}
