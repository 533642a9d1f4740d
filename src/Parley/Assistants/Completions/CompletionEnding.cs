using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;

namespace Parley.Assistants.Completions;

/// <summary>What a message does that is an assistant's reply: it ends its turn in its own transaction, under the turn's ETag.</summary>
/// <param name="store">Reads the turn again.</param>
/// <param name="completion">The turn as it was read, with what it is to be told of its end.</param>
/// <param name="isProducer">
/// Whether the one who speaks ends it: then only another end, or another attempt, stands against it. Anybody else ends it only as it was seen.
/// </param>
internal sealed class CompletionEnding(CompletionStore store, Completion completion, bool isProducer)
{
    /// <summary>The turn.</summary>
    public Completion Completion { get; } = completion;

    /// <summary>As it is stored.</summary>
    private Completion Stored { get; set; } = completion;

    /// <summary>After a try that failed, or whose answer was lost.</summary>
    public async Task ReadAgainAsync(CancellationToken cancellation) => Stored = await store.FindAsync(Completion.Key, cancellation)
        ?? throw new InvalidOperationException($"The turn {Completion.Key} vanished.");

    /// <summary>To be called when no earlier try has been stored.</summary>
    /// <exception cref="CompletionConflictException">It has been ended otherwise, or is not to have a reply any more.</exception>
    public void EnsureStillOpen(Conversation head, DateTimeOffset now)
    {
        if (!IsOpen(Completion, Stored, isProducer))
        {
            throw new CompletionConflictException(CompletionConflict.Moved);
        }

        if (Completion.IsAutoReply && !head.IsAutoReplyAt(now))
        {
            throw new CompletionConflictException(CompletionConflict.HandedOff);
        }
    }

    /// <summary>The turn as the reply leaves it.</summary>
    public Completion After(Message reply) => Completion with { Status = CompletionStatus.Ended, EndedAt = reply.CreatedAt, Reply = reply.Key.Sequence };

    /// <summary>The operation that ends it.</summary>
    public TableTransactionAction Action(Message reply) => new(TableTransactionActionType.UpdateMerge, CompletionRow.Ended(After(reply)), Stored.ETag);

    /// <summary>Whether a turn is still to be ended.</summary>
    internal static bool IsOpen(Completion seen, Completion stored, bool isProducer) =>
        stored.Status != CompletionStatus.Ended && stored.ProducerId == seen.ProducerId && (isProducer || stored.ETag == seen.ETag);
}

/// <summary>Why a turn is not to be ended with a reply.</summary>
internal enum CompletionConflict
{
    /// <summary>It has been ended, or written by who speaks, or been begun again.</summary>
    Moved,

    /// <summary>A human answers now.</summary>
    HandedOff,
}

/// <summary>A turn is not to be ended with a reply.</summary>
/// <param name="why">Why.</param>
internal sealed class CompletionConflictException(CompletionConflict why) : Exception($"The turn is not to be ended with a reply: {why}.")
{
    /// <summary>Why.</summary>
    public CompletionConflict Why => why;
}
