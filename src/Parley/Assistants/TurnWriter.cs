using Azure;
using Azure.Data.Tables;
using Parley.Messages;
using Parley.Problems;
using Parley.Storage;

namespace Parley.Assistants;

/// <summary>
/// Writes turns. Who speaks writes under the turn's ETag, one write at a time, and looks what is there when one fails; it goes on only while the turn is its own. So
/// a turn ends once, with at most one reply, whoever ends it.
/// </summary>
public sealed class TurnWriter(
    ParleyTables tables, TurnReader reader, TurnIndex index, MessageAppend append, WriteBudget budget, TimeProvider time, Entropy entropy) : IDisposable
{
    /// <summary>
    /// How long after its beginning the timer looks after a turn: by then it has ended, for who speaks stops after <see cref="TurnSpeaker.MaxSpeaking"/>.
    /// </summary>
    internal static readonly TimeSpan LookAfter = TimeSpan.FromSeconds(240);

    /// <summary>
    /// Writes of text that a process has on their way at once: more than storage answers within their time-out would only be sent again. What is said meanwhile
    /// goes into one event.
    /// </summary>
    private const int WritesAtOnce = 32;

    /// <summary>Before the end is tried again; each time as often and long as any write.</summary>
    private static readonly TimeSpan[] EndPauses = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)];

    private readonly SemaphoreSlim writes = new(WritesAtOnce, WritesAtOnce);

    /// <inheritdoc/>
    public void Dispose() => writes.Dispose();

    /// <summary>Stores what has been said.</summary>
    /// <param name="turn">As it is stored.</param>
    /// <param name="said">With what has been said since; the same as a sign of life.</param>
    /// <returns>As it is stored then: not running under this producer's id any more when somebody else ended it, or asked to be cancelled.</returns>
    /// <exception cref="ParleyException">Storage does not answer.</exception>
    internal async Task<Turn> SayAsync(Turn turn, Turn said)
    {
        said = said with { Beat = turn.Beat + 1 };
        var row = said.Parts.Count > turn.Parts.Count ? TurnRow.Said(said) : TurnRow.Lives(said);
        var running = budget.Start();
        while (true)
        {
            await running.WaitAsync(CancellationToken.None);
            running.ThrowIfUsedUp();
            await writes.WaitAsync(CancellationToken.None);
            try
            {
                var response = await running.SendAsync(
                    token => tables.Conversations.UpdateEntityAsync(row, turn.ETag, TableUpdateMode.Merge, token), CancellationToken.None);
                return said with { ETag = response.Headers.ETag!.Value };
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, CancellationToken.None))
            {
                if (await TryReadAsync(turn) is not { } there)
                {
                    continue;
                }

                if (!TurnEnd.IsOpen(turn, there, speaks: true))
                {
                    return there;
                }

                if (there.Beat == said.Beat)
                {
                    // It was this write.
                    return said with { ETag = there.ETag, CancelAsked = there.CancelAsked };
                }

                turn = turn with { ETag = there.ETag, CancelAsked = there.CancelAsked };
                if (turn.CancelAsked)
                {
                    return turn;
                }
            }
            finally
            {
                writes.Release();
            }
        }
    }

    /// <summary>Ends a turn: with a reply if anything has been said. What is left for lack of a stored answer, the timer ends.</summary>
    /// <param name="turn">As it was read, with all that has been said.</param>
    /// <param name="error">Why the reply is not whole; null when it is.</param>
    /// <param name="retryAfter">When the provider says to try again.</param>
    /// <param name="speaks">Whether the one who speaks ends it; anybody else ends it only as it was read.</param>
    /// <returns>As it is then; not ended, if somebody else wrote it and it is not to be ended by this caller.</returns>
    /// <exception cref="ParleyException">Storage does not answer.</exception>
    internal async Task<Turn> EndAsync(Turn turn, TurnError? error, TimeSpan? retryAfter, bool speaks)
    {
        var ending = turn with { Error = error, RetryAfter = retryAfter };
        for (var tries = 0; ; tries++)
        {
            try
            {
                var ended = await EndOnceAsync(ending, speaks);
                if (ended.Status == TurnStatus.Ended)
                {
                    await index.DropDueAsync(ended);
                }

                return ended;
            }
            catch (Exception e) when (tries < EndPauses.Length && (e is ParleyException { Code.Kind: ProblemKind.Unavailable } || StorageErrors.IsOutcomeUnknown(e, CancellationToken.None)))
            {
                // Busy, or what it rests on could not be read, or not known whether it was stored: the next try finds out.
                await Task.Delay(EndPauses[tries], time);
            }
        }
    }

    /// <summary>Begins a turn (again).</summary>
    /// <param name="turn">As it was read: queued, or interrupted.</param>
    /// <param name="cancellation">Ends it; the turn may be begun all the same, and is then interrupted.</param>
    /// <returns>The running turn; null when somebody else was faster.</returns>
    internal async Task<Turn?> BeginAsync(Turn turn, CancellationToken cancellation)
    {
        var begun = turn with
        {
            Status = TurnStatus.Running,
            Attempt = turn.Attempt + 1,
            ProducerId = entropy.NextWriteId(),
            DueAt = time.NowInMilliseconds() + LookAfter,
            FirstEvent = turn.NextEvent,
            Text = "",
            Parts = [],
            CancelAsked = false,
            Error = null,
            RetryAfter = null,
            EndedAt = null,
            Reply = null,
        };
        await index.WriteDueAsync(begun, cancellation);
        var running = budget.Start();
        while (true)
        {
            await running.WaitAsync(cancellation);
            running.ThrowIfUsedUp();
            try
            {
                // Replace, not merge: what an earlier attempt said goes.
                var response = await running.SendAsync(
                    token => tables.Conversations.UpdateEntityAsync(TurnRow.Create(begun), turn.ETag, TableUpdateMode.Replace, token), cancellation);
                begun = begun with { ETag = response.Headers.ETag!.Value };
                break;
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                if (await TryReadAsync(turn) is { } there && there.ETag != turn.ETag)
                {
                    if (there.ProducerId != begun.ProducerId || there.Status != TurnStatus.Running)
                    {
                        return null;
                    }

                    begun = begun with { ETag = there.ETag, CancelAsked = there.CancelAsked };
                    break;
                }
            }
        }

        await index.DropDueAsync(turn);
        return begun;
    }

    /// <summary>Asks for a turn's end: whoever speaks hears of it with the next write, at most a second later.</summary>
    internal Task AskCancelAsync(Turn turn, CancellationToken cancellation) =>
        tables.Conversations.UpdateEntityAsync(TurnRow.CancelAsked(turn), ETag.All, TableUpdateMode.Merge, cancellation);

    private async Task<Turn> EndOnceAsync(Turn turn, bool speaks)
    {
        if (turn.Text.Length == 0)
        {
            return await EndSilentlyAsync(turn, speaks);
        }

        var end = new TurnEnd(reader, turn, speaks);
        try
        {
            var appended = await append.AppendAsync(
                new ConversationRef(turn.Key.Conversation, null), ReplyOf(turn) with { Ends = end }, key: null, CancellationToken.None);
            return end.After(appended.Message);
        }
        catch (TurnPassedException e) when (e.Why == TurnPassing.Moved)
        {
            return await reader.FindAsync(turn.Key, CancellationToken.None) ?? turn;
        }
        catch (TurnPassedException)
        {
            return await EndSilentlyAsync(turn with { Error = TurnError.Cancelled }, speaks);
        }
        catch (ParleyException e) when (e.Code == ErrorCode.ConversationFull)
        {
            // The record has what was said; there is no number for the reply.
            return await EndSilentlyAsync(turn, speaks);
        }
    }

    /// <summary>The message of a reply; one that is not whole says so, to programs that read either API.</summary>
    private static NewMessage ReplyOf(Turn turn)
    {
        var mark = turn.Error is { } error ? $$"""{"partial":true,"error":"{{error.Code().Code}}"}""" : null;
        return new NewMessage(MessageRole.Assistant, turn.Text, null, turn.ChatbotName, null)
        {
            Speaker = new MessageSender(turn.Chatbot, turn.ChatbotName, Avatar: null),
            ContentPayload = mark,
            Metadata = mark,
        };
    }

    private async Task<Turn> EndSilentlyAsync(Turn turn, bool speaks)
    {
        var running = budget.Start();
        var stored = turn;
        while (true)
        {
            await running.WaitAsync(CancellationToken.None);
            running.ThrowIfUsedUp();
            var ended = turn with { Status = TurnStatus.Ended, EndedAt = Timestamps.Latest(time.NowInMilliseconds(), turn.CreatedAt) };
            try
            {
                await running.SendAsync(
                    token => tables.Conversations.UpdateEntityAsync(TurnRow.Ended(ended), stored.ETag, TableUpdateMode.Merge, token), CancellationToken.None);
                return ended;
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, CancellationToken.None))
            {
                if (await TryReadAsync(turn) is { } there)
                {
                    if (!TurnEnd.IsOpen(turn, there, speaks))
                    {
                        return there;
                    }

                    stored = there;
                }
            }
        }
    }

    /// <summary>The turn as it is stored; null when storage does not answer.</summary>
    private async Task<Turn?> TryReadAsync(Turn turn)
    {
        try
        {
            return await reader.FindAsync(turn.Key, CancellationToken.None);
        }
        catch (Exception e) when (StorageErrors.IsOutcomeUnknown(e, CancellationToken.None))
        {
            return null;
        }
    }
}
