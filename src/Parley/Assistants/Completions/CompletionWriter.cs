using Azure;
using Azure.Data.Tables;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>
/// Writes turns. Who speaks writes under the turn's ETag, one write at a time, and looks what is there when one fails; it goes on only while the turn is its own. So
/// a turn ends once, with at most one reply, whoever ends it.
/// </summary>
public sealed class CompletionWriter(
    ParleyTables tables, CompletionStore store, MessageAppend append, WriteBudget budget, TimeProvider time, RandomSource random) : IDisposable
{
    /// <summary>
    /// How long after its beginning the timer looks after a turn: by then it has ended, for who speaks stops after <see cref="CompletionProducer.MaxDuration"/>.
    /// </summary>
    internal static readonly TimeSpan CheckAfter = TimeSpan.FromSeconds(240);

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
    /// <param name="completion">As it is stored.</param>
    /// <param name="extended">With what has been said since; the same as a sign of life.</param>
    /// <returns>As it is stored then: not running under this producer's id any more when somebody else ended it, or asked to be cancelled.</returns>
    /// <exception cref="ParleyException">Storage does not answer.</exception>
    internal async Task<Completion> AppendTextAsync(Completion completion, Completion extended)
    {
        extended = extended with { Heartbeat = completion.Heartbeat + 1 };
        var row = extended.Parts.Count > completion.Parts.Count ? CompletionRow.TextAppended(extended) : CompletionRow.Heartbeat(extended);
        var running = budget.Start();
        while (true)
        {
            await running.WaitAsync(CancellationToken.None);
            running.ThrowIfUsedUp();
            await writes.WaitAsync(CancellationToken.None);
            try
            {
                var response = await running.SendAsync(
                    token => tables.Conversations.UpdateEntityAsync(row, completion.ETag, TableUpdateMode.Merge, token), CancellationToken.None);
                return extended with { ETag = response.Headers.ETag!.Value };
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, CancellationToken.None))
            {
                if (await TryReadAsync(completion) is not { } there)
                {
                    continue;
                }

                if (!CompletionEnding.IsOpen(completion, there, isProducer: true))
                {
                    return there;
                }

                if (there.Heartbeat == extended.Heartbeat)
                {
                    // It was this write.
                    return extended with { ETag = there.ETag, CancelRequested = there.CancelRequested };
                }

                completion = completion with { ETag = there.ETag, CancelRequested = there.CancelRequested };
                if (completion.CancelRequested)
                {
                    return completion;
                }
            }
            finally
            {
                writes.Release();
            }
        }
    }

    /// <summary>Ends a turn: with a reply if anything has been said. What is left for lack of a stored answer, the timer ends.</summary>
    /// <param name="completion">As it was read, with all that has been said.</param>
    /// <param name="error">Why the reply is not whole; null when it is.</param>
    /// <param name="retryAfter">When the provider says to try again.</param>
    /// <param name="isProducer">Whether the one who speaks ends it; anybody else ends it only as it was read.</param>
    /// <returns>As it is then; not ended, if somebody else wrote it and it is not to be ended by this caller.</returns>
    /// <exception cref="ParleyException">Storage does not answer.</exception>
    internal async Task<Completion> EndAsync(Completion completion, CompletionError? error, TimeSpan? retryAfter, bool isProducer)
    {
        var ending = completion with { Error = error, RetryAfter = retryAfter };
        for (var tries = 0; ; tries++)
        {
            try
            {
                var ended = await EndOnceAsync(ending, isProducer);
                if (ended.Status == CompletionStatus.Ended)
                {
                    await store.DropScheduleRowAsync(ended);
                }

                return ended;
            }
            catch (Exception e) when (tries < EndPauses.Length && (e is ParleyException { Code.Kind: ErrorKind.Unavailable } || StorageErrors.IsOutcomeUnknown(e, CancellationToken.None)))
            {
                // Busy, or what it rests on could not be read, or not known whether it was stored: the next try finds out.
                await Task.Delay(EndPauses[tries], time);
            }
        }
    }

    /// <summary>Begins a turn (again).</summary>
    /// <param name="completion">As it was read: queued, or interrupted.</param>
    /// <param name="cancellation">Ends it; the turn may be begun all the same, and is then interrupted.</param>
    /// <returns>The running turn; null when somebody else was faster.</returns>
    internal async Task<Completion?> BeginAsync(Completion completion, CancellationToken cancellation)
    {
        var begun = completion with
        {
            Status = CompletionStatus.Running,
            Attempt = completion.Attempt + 1,
            ProducerId = random.NextWriteId(),
            DueAt = time.NowInMilliseconds() + CheckAfter,
            FirstEvent = completion.NextEvent,
            Text = "",
            Parts = [],
            CancelRequested = false,
            Error = null,
            RetryAfter = null,
            EndedAt = null,
            Reply = null,
        };
        await store.WriteScheduleRowAsync(begun, cancellation);
        var running = budget.Start();
        while (true)
        {
            await running.WaitAsync(cancellation);
            running.ThrowIfUsedUp();
            try
            {
                // Replace, not merge: what an earlier attempt said goes.
                var response = await running.SendAsync(
                    token => tables.Conversations.UpdateEntityAsync(CompletionRow.Create(begun), completion.ETag, TableUpdateMode.Replace, token), cancellation);
                begun = begun with { ETag = response.Headers.ETag!.Value };
                break;
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                if (await TryReadAsync(completion) is { } there && there.ETag != completion.ETag)
                {
                    if (there.ProducerId != begun.ProducerId || there.Status != CompletionStatus.Running)
                    {
                        return null;
                    }

                    begun = begun with { ETag = there.ETag, CancelRequested = there.CancelRequested };
                    break;
                }
            }
        }

        await store.DropScheduleRowAsync(completion);
        return begun;
    }

    /// <summary>Asks for a turn's end: whoever speaks hears of it with the next write, at most a second later.</summary>
    internal Task RequestCancelAsync(Completion completion, CancellationToken cancellation) =>
        tables.Conversations.UpdateEntityAsync(CompletionRow.CancelRequested(completion), ETag.All, TableUpdateMode.Merge, cancellation);

    private async Task<Completion> EndOnceAsync(Completion completion, bool isProducer)
    {
        if (completion.Text.Length == 0)
        {
            return await EndSilentlyAsync(completion, isProducer);
        }

        var end = new CompletionEnding(store, completion, isProducer);
        try
        {
            var appended = await append.AppendAsync(
                new EntityRef<ConversationKey>(completion.Key.Conversation, null), ReplyOf(completion) with { Ends = end }, key: null, CancellationToken.None);
            return end.After(appended.Message);
        }
        catch (CompletionConflictException e) when (e.Why == CompletionConflict.Moved)
        {
            return await store.FindAsync(completion.Key, CancellationToken.None) ?? completion;
        }
        catch (CompletionConflictException)
        {
            return await EndSilentlyAsync(completion with { Error = CompletionError.Cancelled }, isProducer);
        }
        catch (ParleyException e) when (e.Code == ErrorCode.ConversationFull)
        {
            // The record has what was said; there is no number for the reply.
            return await EndSilentlyAsync(completion, isProducer);
        }
    }

    /// <summary>The message of a reply; one that is not whole says so, to programs that read either API.</summary>
    private static NewMessage ReplyOf(Completion completion)
    {
        var mark = completion.Error is { } error ? $$"""{"partial":true,"error":"{{error.Code().Code}}"}""" : null;
        return new NewMessage(MessageRole.Assistant, completion.Text, null, completion.ChatbotName, null)
        {
            Speaker = new MessageSender(completion.Chatbot, completion.ChatbotName, Avatar: null),
            ContentPayload = mark,
            Metadata = mark,
        };
    }

    private async Task<Completion> EndSilentlyAsync(Completion completion, bool isProducer)
    {
        var running = budget.Start();
        var stored = completion;
        while (true)
        {
            await running.WaitAsync(CancellationToken.None);
            running.ThrowIfUsedUp();
            var ended = completion with { Status = CompletionStatus.Ended, EndedAt = Timestamps.Latest(time.NowInMilliseconds(), completion.CreatedAt) };
            try
            {
                await running.SendAsync(
                    token => tables.Conversations.UpdateEntityAsync(CompletionRow.Ended(ended), stored.ETag, TableUpdateMode.Merge, token), CancellationToken.None);
                return ended;
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, CancellationToken.None))
            {
                if (await TryReadAsync(completion) is { } there)
                {
                    if (!CompletionEnding.IsOpen(completion, there, isProducer))
                    {
                        return there;
                    }

                    stored = there;
                }
            }
        }
    }

    /// <summary>The turn as it is stored; null when storage does not answer.</summary>
    private async Task<Completion?> TryReadAsync(Completion completion)
    {
        try
        {
            return await store.FindAsync(completion.Key, CancellationToken.None);
        }
        catch (Exception e) when (StorageErrors.IsOutcomeUnknown(e, CancellationToken.None))
        {
            return null;
        }
    }
}
