using Azure;
using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>
/// Writes completions. A completion ends once, with at most one reply, whichever caller ends it.
/// </summary>
/// <remarks>
/// The producer writes under the row's ETag, one write at a time. When a write fails, it reads the row, and continues
/// only while it still owns the completion.
/// </remarks>
public sealed class CompletionWriter(
    ParleyTables tables,
    CompletionStore store,
    MessageAppend append,
    ConversationReader conversations,
    ConversationTransaction transaction,
    WriteBudget budget,
    TimeProvider time,
    RandomSource random) : IDisposable
{
    /// <summary>
    /// The time from the beginning of an attempt to the timer's check. The attempt has ended by then, because the
    /// producer stops after <see cref="CompletionProducer.MaxDuration"/>.
    /// </summary>
    internal static readonly TimeSpan CheckAfter = TimeSpan.FromSeconds(240);

    /// <summary>
    /// Maximum number of text writes that a process has in flight. More writes than storage completes within their
    /// timeout would only be sent again. Text that arrives while a write waits becomes one event.
    /// </summary>
    private const int WritesAtOnce = 64;

    /// <summary>The pauses before ending is retried. Each retry has a full write budget of its own.</summary>
    private static readonly TimeSpan[] EndPauses = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)];

    private readonly SemaphoreSlim writes = new(WritesAtOnce, WritesAtOnce);

    /// <inheritdoc/>
    public void Dispose() => writes.Dispose();

    /// <summary>Stores the last event, or a heartbeat when there is no new text. Called by the producer.</summary>
    /// <param name="completion">The completion as it is stored.</param>
    /// <param name="extended">The completion with one more event; for a heartbeat, the stored one.</param>
    /// <returns>
    /// The stored state. It has ended or has another producer id when another caller ended the completion. When
    /// <see cref="Completion.CancelRequested"/> is true, the new text may not be stored.
    /// </returns>
    /// <exception cref="ParleyException">Storage does not respond.</exception>
    internal async Task<Completion> AppendTextAsync(Completion completion, Completion extended)
    {
        extended = extended with { Heartbeat = completion.Heartbeat + 1 };
        var hasText = extended.Parts.Count > completion.Parts.Count;
        var running = budget.Start();
        while (true)
        {
            await running.WaitAsync(CancellationToken.None);
            running.ThrowIfUsedUp();
            await writes.WaitAsync(CancellationToken.None);
            try
            {
                var response = await running.SendAsync(
                    token => hasText
                        ? CompletionRows.AddEventAsync(tables, extended, completion.ETag, token)
                        : tables.Conversations.UpdateEntityAsync(
                            CompletionRow.Heartbeat(extended), completion.ETag, TableUpdateMode.Merge, token),
                    CancellationToken.None);
                return extended with { ETag = response.Headers.ETag!.Value };
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, CancellationToken.None))
            {
                if (await TryReadAsync(completion) is not { } current)
                {
                    continue;
                }

                if (!CompletionEnding.IsOpen(completion, current, isProducer: true))
                {
                    return current;
                }

                if (current.Heartbeat == extended.Heartbeat)
                {
                    // Only the producer increments the heartbeat, so this write is stored: its response was lost.
                    return extended with { ETag = current.ETag, CancelRequested = current.CancelRequested };
                }

                completion = completion with { ETag = current.ETag, CancelRequested = current.CancelRequested };
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

    /// <summary>
    /// Ends a completion, with a reply if it has text. If storage does not respond, the completion stays open, and the
    /// timer ends it.
    /// </summary>
    /// <param name="completion">The completion as it was read, with its final text.</param>
    /// <param name="error">The reason why the reply is missing or incomplete; null when the reply is complete.</param>
    /// <param name="retryAfter">The delay before a retry, if the provider named one.</param>
    /// <param name="isProducer">
    /// True when called by the producer, which publishes the end before it calls <see cref="CleanUpAsync"/>. Any other
    /// caller ends the completion only if the row is unchanged since it was read.
    /// </param>
    /// <returns>
    /// The stored state. It has not ended if another writer changed the row and this caller must not end it.
    /// </returns>
    /// <exception cref="ParleyException">Storage does not respond.</exception>
    internal async Task<Completion> EndAsync(
        Completion completion,
        CompletionError? error,
        TimeSpan? retryAfter,
        bool isProducer)
    {
        var ending = completion with { Error = error, RetryAfter = retryAfter };
        for (var tries = 0; ; tries++)
        {
            try
            {
                var ended = await EndOnceAsync(ending, isProducer);
                if (ended.Status == CompletionStatus.Ended && !isProducer)
                {
                    await CleanUpAsync(ended);
                }

                return ended;
            }
            catch (Exception e) when (tries < EndPauses.Length
                && (e is ParleyException { Code.Kind: ErrorKind.Unavailable }
                    || StorageErrors.IsOutcomeUnknown(e, CancellationToken.None)))
            {
                // Storage was busy, or rows that the end depends on could not be read, or it is not known whether the
                // end was stored. The retry reads the row and finds out.
                await Task.Delay(EndPauses[tries], time);
            }
        }
    }

    /// <inheritdoc cref="CompletionStore.CleanUpAsync"/>
    internal Task CleanUpAsync(Completion ended) => store.CleanUpAsync(ended);

    /// <summary>Begins an attempt of a completion.</summary>
    /// <param name="completion">The completion as it was read: queued or interrupted.</param>
    /// <param name="cancellation">
    /// Cancels the call. The attempt may have begun all the same; then it ends as interrupted.
    /// </param>
    /// <returns>The running completion; null when another writer changed it first.</returns>
    internal async Task<Completion?> BeginAsync(Completion completion, CancellationToken cancellation)
    {
        var begun = completion with
        {
            Status = CompletionStatus.Running,
            Attempt = completion.Attempt + 1,
            ProducerId = random.NextWriteId(),
            DueAt = time.NowInMilliseconds() + CheckAfter,
            FirstEvent = completion.NextEvent,
            Parts = [],
            Chunks = 0,
            ChunkStart = 0,
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
                // Replace, not merge, so that the text of an earlier attempt is deleted.
                var response = await running.SendAsync(
                    token => tables.Conversations.UpdateEntityAsync(
                        CompletionRow.Create(begun), completion.ETag, TableUpdateMode.Replace, token),
                    cancellation);
                begun = begun with { ETag = response.Headers.ETag!.Value };
                break;
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                if (await TryReadAsync(completion) is { } current && current.ETag != completion.ETag)
                {
                    if (current.ProducerId != begun.ProducerId || current.Status != CompletionStatus.Running)
                    {
                        return null;
                    }

                    begun = begun with { ETag = current.ETag, CancelRequested = current.CancelRequested };
                    break;
                }
            }
        }

        await store.DropScheduleRowAsync(completion);
        return begun;
    }

    /// <summary>
    /// Requests the end of a running completion. The producer notices it at its next write, at most a second later.
    /// </summary>
    internal Task RequestCancelAsync(Completion completion, CancellationToken cancellation) =>
        tables.Conversations.UpdateEntityAsync(
            CompletionRow.CancelRequested(completion), ETag.All, TableUpdateMode.Merge, cancellation);

    private async Task<Completion> EndOnceAsync(Completion completion, bool isProducer)
    {
        if (completion.Parts.All(part => part.Length == 0))
        {
            return await EndWithoutReplyAsync(completion, isProducer);
        }

        var end = new CompletionEnding(store, completion, isProducer, time);
        try
        {
            var appended = await append.AppendWithAsync(
                [end],
                new EntityRef<ConversationKey>(completion.Key.Conversation, null),
                end.Reply,
                key: null,
                CancellationToken.None);
            return end.After(appended.Message);
        }
        catch (CompletionConflictException e) when (e.Why == CompletionConflict.Moved)
        {
            return await store.FindAsync(completion.Key, CancellationToken.None) ?? completion;
        }
        catch (CompletionConflictException)
        {
            return await EndWithoutReplyAsync(completion with { Error = CompletionError.Cancelled }, isProducer);
        }
        catch (ParleyException e) when (e.Code == ErrorCode.ConversationFull)
        {
            // No message number is left for the reply. The text is kept in the record.
            return await EndWithoutReplyAsync(completion, isProducer);
        }
    }

    private Task<Completion> EndWithoutReplyAsync(Completion completion, bool isProducer) => transaction.RunAsync(
        completion.Key.Conversation,
        new ConversationWrite<(Conversation Head, Completion Stored), Completion>(
            async (_, token) => (
                await conversations.GetAsync(new(completion.Key.Conversation, null), token),
                await store.FindAsync(completion.Key, token) ?? completion),
            state => state.Stored.ETag,

            // An end that was stored is found like another caller's: the completion is not open any more.
            (_, _, _, _) => Task.FromResult<string?>(null),
            (state, plan, _) => Task.FromResult(EndIfOpen(completion, isProducer, state, plan))),
        CancellationToken.None);

    private Completion EndIfOpen(
        Completion completion,
        bool isProducer,
        (Conversation Head, Completion Stored) state,
        ConversationPlan plan)
    {
        if (!CompletionEnding.IsOpen(completion, state.Stored, isProducer))
        {
            return state.Stored;
        }

        var ended = completion with
        {
            Status = CompletionStatus.Ended,
            EndedAt = Timestamps.Latest(time.NowInMilliseconds(), completion.CreatedAt),
        };
        plan.SetHead(
            state.Head,
            state.Head,
            next => new(TableTransactionActionType.UpdateMerge, ConversationRow.Logged(next), state.Head.ETag));
        plan.Add(new TableTransactionAction(
            TableTransactionActionType.UpdateMerge, CompletionRow.Ended(ended), state.Stored.ETag));
        plan.Log(CompletionEnding.TypeOf(ended), ended.Id, state.Stored.Revision);
        return ended;
    }

    /// <summary>Reads the stored completion; null when storage does not respond.</summary>
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
