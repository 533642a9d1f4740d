using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Messages;

namespace Parley.Assistants;

/// <summary>What a message does that is an assistant's reply: it ends its turn in its own transaction, under the turn's ETag.</summary>
/// <param name="reader">Reads the turn again.</param>
/// <param name="turn">The turn as it was read, with what it is to be told of its end.</param>
/// <param name="speaks">
/// Whether the one who speaks ends it: then only another end, or another attempt, stands against it. Anybody else ends it only as it was seen.
/// </param>
internal sealed class TurnEnd(TurnReader reader, Turn turn, bool speaks)
{
    /// <summary>The turn.</summary>
    public Turn Turn { get; } = turn;

    /// <summary>As it is stored.</summary>
    private Turn Stored { get; set; } = turn;

    /// <summary>After a try that failed, or whose answer was lost.</summary>
    public async Task ReadAgainAsync(CancellationToken cancellation) => Stored = await reader.FindAsync(Turn.Key, cancellation)
        ?? throw new InvalidOperationException($"The turn {Turn.Key} vanished.");

    /// <summary>To be called when no earlier try has been stored.</summary>
    /// <exception cref="TurnPassedException">It has been ended otherwise, or is not to have a reply any more.</exception>
    public void ThrowIfPassed(Conversation head, DateTimeOffset now)
    {
        if (!IsOpen(Turn, Stored, speaks))
        {
            throw new TurnPassedException(TurnPassing.Moved);
        }

        if (Turn.IsAutoReply && !head.IsAutoReplyAt(now))
        {
            throw new TurnPassedException(TurnPassing.HandedOff);
        }
    }

    /// <summary>The turn as the reply leaves it.</summary>
    public Turn After(Message reply) => Turn with { Status = TurnStatus.Ended, EndedAt = reply.CreatedAt, Reply = reply.Key.Sequence };

    /// <summary>The operation that ends it.</summary>
    public TableTransactionAction Action(Message reply) => new(TableTransactionActionType.UpdateMerge, TurnRow.Ended(After(reply)), Stored.ETag);

    /// <summary>Whether a turn is still to be ended.</summary>
    internal static bool IsOpen(Turn seen, Turn stored, bool speaks) =>
        stored.Status != TurnStatus.Ended && stored.ProducerId == seen.ProducerId && (speaks || stored.ETag == seen.ETag);
}

/// <summary>Why a turn is not to be ended with a reply.</summary>
internal enum TurnPassing
{
    /// <summary>It has been ended, or written by who speaks, or been begun again.</summary>
    Moved,

    /// <summary>A human answers now.</summary>
    HandedOff,
}

/// <summary>A turn is not to be ended with a reply.</summary>
/// <param name="why">Why.</param>
internal sealed class TurnPassedException(TurnPassing why) : Exception($"The turn is not to be ended with a reply: {why}.")
{
    /// <summary>Why.</summary>
    public TurnPassing Why => why;
}
