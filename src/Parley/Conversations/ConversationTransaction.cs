using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>A write in a conversation's partition, for <see cref="ConversationTransaction.RunAsync"/>.</summary>
/// <param name="Read">
/// Reads the state that the write depends on, before every attempt. The argument is true after a failed attempt. It
/// throws to refuse the write.
/// </param>
/// <param name="FenceOf">
/// The ETag under which the write is sent. Once it has changed, no earlier attempt can land.
/// </param>
/// <param name="StoredId">
/// The id of the attempt that was stored, from the state of the attempts, the current one and the ids of all attempts,
/// after the fence has changed; null when none was. It throws when that cannot be known any more.
/// </param>
/// <param name="Decide">Fills the plan and returns the result. An empty plan means that nothing is written.</param>
internal sealed record ConversationWrite<TState, T>(
    Func<bool, CancellationToken, Task<TState>> Read,
    Func<TState, ETag> FenceOf,
    Func<TState, TState, IReadOnlySet<string>, CancellationToken, Task<string?>> StoredId,
    Func<TState, ConversationPlan, CancellationToken, Task<T>> Decide)
    where T : class
{
    /// <summary>
    /// Looks after a failed attempt whether an earlier request has the same effect; null if none has.
    /// </summary>
    public Func<TState, ConversationPlan, CancellationToken, Task<T?>>? FindEarlier { get; init; }
}

/// <summary>
/// Commits everything that changes under a conversation's head: one transaction in the conversation's partition, under
/// the ETag of the head or of the edited row. Written without it are a new head, threads, remembered keys, a
/// follow-up's failed attempts, and completions until their reply.
/// </summary>
/// <remarks>
/// <para>Each attempt reads, decides, writes the index rows, sends the transaction and deletes the replaced index rows.
/// After a definite conflict the next attempt starts from the new state.</para>
/// <para>After a lost response the stored rows decide. While the fence has not changed, the attempt may still land. It
/// carries the old ETag, so it can land only if the next attempt does not. Once the fence has changed, the row that
/// took the attempt's place contains the id of the write that was stored.</para>
/// </remarks>
public sealed class ConversationTransaction
{
    private readonly ParleyTables tables;
    private readonly ConversationReader reader;
    private readonly IReadOnlyList<IConversationPart> parts;
    private readonly KeyedLock writers;
    private readonly WriteBudget budget;
    private readonly StorageClock clock;
    private readonly RandomSource random;

    internal ConversationTransaction(
        ParleyTables tables,
        ConversationReader reader,
        IEnumerable<IConversationPart> parts,
        KeyedLock writers,
        WriteBudget budget,
        StorageClock clock,
        RandomSource random)
    {
        (this.tables, this.reader, this.parts) = (tables, reader, [.. parts]);
        (this.writers, this.budget, this.clock, this.random) = (writers, budget, clock, random);
    }

    /// <summary>Edits the head, together with rows that the change adds to the plan.</summary>
    /// <param name="change">
    /// Sets <see cref="ConversationPlan.Next"/>. If it changes nothing, nothing is written.
    /// </param>
    /// <returns>The conversation after the edit.</returns>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ConversationNotFound"/>, <see cref="ErrorCode.Busy"/>,
    /// <see cref="ErrorCode.StorageUnavailable"/> (it is not known whether the change was stored).
    /// </exception>
    internal async Task<Conversation> EditAsync(
        EntityRef<ConversationKey> id,
        Func<Conversation, ConversationPlan, CancellationToken, Task> change,
        CancellationToken cancellation)
    {
        var (edited, _) = await EditAsync(
            id,
            _ => Task.FromResult(true),
            async (head, _, plan, token) =>
            {
                await change(head, plan, token);
                return true;
            },
            cancellation);
        return edited;
    }

    /// <summary>As above, for a change with a result that also reads another row of the conversation.</summary>
    /// <param name="readFirst">
    /// Reads the other row before the head. If an earlier attempt of this change lands between the two reads, the head
    /// contains its edit id, and the change is not mistaken for another writer's.
    /// </param>
    internal async Task<(Conversation Head, T Result)> EditAsync<TOther, T>(
        EntityRef<ConversationKey> id,
        Func<CancellationToken, Task<TOther>> readFirst,
        Func<Conversation, TOther, ConversationPlan, CancellationToken, Task<T>> change,
        CancellationToken cancellation)
    {
        var edited = await EditAsync(id.Key, ReadAsync, VersionOf, EditHeadAsync, cancellation);
        return (edited.Plan.Next!, edited.Result);

        async Task<(Conversation Head, TOther Other)> ReadAsync(CancellationToken token)
        {
            var other = await readFirst(token);
            return (await reader.GetAsync(id, token), other);
        }

        RowVersion VersionOf((Conversation Head, TOther) state) =>
            new(state.Head.EditRevision, state.Head.EditId, state.Head.ETag);

        async Task<HeadEdit<T>> EditHeadAsync(
            (Conversation Head, TOther Other) state, ConversationPlan plan, CancellationToken token)
        {
            var (head, other) = state;

            // Replace, not merge: a cleared value must lose its property.
            plan.SetHead(
                head,
                head,
                next => new(TableTransactionActionType.UpdateReplace, ConversationRow.Create(next), head.ETag));
            var result = await change(head, other, plan, token);
            if (!plan.IsEmpty)
            {
                plan.Next = plan.Next! with
                {
                    Revision = head.Revision + 1,
                    EditRevision = head.EditRevision + 1,
                    EditId = plan.WriteId,
                };
            }

            return new HeadEdit<T>(plan, result);
        }
    }

    /// <summary>Edits a row that has an edit id and a revision, under its ETag.</summary>
    internal Task<T> EditAsync<TState, T>(
        ConversationKey key,
        Func<CancellationToken, Task<TState>> read,
        Func<TState, RowVersion> versionOf,
        Func<TState, ConversationPlan, CancellationToken, Task<T>> change,
        CancellationToken cancellation)
        where T : class =>
        RunAsync(
            key,
            new ConversationWrite<TState, T>(
                (_, token) => read(token),
                state => versionOf(state).ETag,
                (before, now, ids, _) => Task.FromResult(versionOf(now).FindOwn(versionOf(before), ids)),
                change),
            cancellation);

    /// <summary>Runs a write with retries.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Busy"/> when nothing was stored, <see cref="ErrorCode.StorageUnavailable"/> when that is
    /// not known, and what the write throws.
    /// </exception>
    internal async Task<T> RunAsync<TState, T>(
        ConversationKey key, ConversationWrite<TState, T> write, CancellationToken cancellation)
        where T : class
    {
        var running = budget.Start();
        using var slot = await writers.EnterAsync(key.PartitionKey, cancellation);
        var (ids, attempts) = (new HashSet<string>(StringComparer.Ordinal), new List<ConversationPlan>());
        var unknown = new List<(TState State, ConversationPlan Plan, T Result)>();
        ConversationPlan? stored = null;
        try
        {
            for (var isRetry = false; ; isRetry = true)
            {
                await running.WaitAsync(cancellation);
                var state = await write.Read(isRetry, cancellation);
                if (unknown.Count > 0 && write.FenceOf(state) != write.FenceOf(unknown[0].State))
                {
                    var storedId = await write.StoredId(unknown[0].State, state, ids, cancellation);
                    if (unknown.FindIndex(attempt => attempt.Plan.WriteId == storedId) is >= 0 and var own)
                    {
                        stored = unknown[own].Plan;
                        return unknown[own].Result;
                    }

                    running.NothingLanded();
                    unknown.Clear();
                }

                var plan = NewPlan(key, ids);
                var result = unknown.Count == 0
                    ? await write.Decide(state, plan, cancellation)
                    : await DecideAgainAsync(write, state, plan, cancellation);
                if (plan.IsEmpty)
                {
                    return result;
                }

                if (plan.TakeLogIndexRow() is { } logIndexRow)
                {
                    plan.Add(new IndexRowChange(token => tables.Tenants.UpsertEntityAsync(
                        logIndexRow, TableUpdateMode.Replace, token)));
                }

                running.ThrowIfUsedUp();
                attempts.Add(plan);
                try
                {
                    await plan.WriteIndexRowsAsync(cancellation);
                    await SendAsync(running, plan, cancellation);
                    stored = plan;
                    return result;
                }
                catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
                {
                    if (running.MayHaveLanded)
                    {
                        unknown.Add((state, plan, result));
                    }
                }

                if (write.FindEarlier is { } find && await find(state, plan, cancellation) is { } earlier)
                {
                    return earlier;
                }
            }
        }
        finally
        {
            if (stored is not null)
            {
                stored.ReportStored();
                await stored.DropReplacedAsync(cancellation);
            }

            foreach (var lost in attempts.Where(attempt => attempt != stored))
            {
                await lost.DropLostAsync();
            }
        }
    }

    /// <summary>
    /// Decides while an earlier attempt may still land. A refusal may depend on a row outside the fence, such as a
    /// message that was deleted meanwhile. It cannot be reported, because the attempt may be stored after it. A reused
    /// key can: its row keeps the attempt from landing.
    /// </summary>
    private static async Task<T> DecideAgainAsync<TState, T>(
        ConversationWrite<TState, T> write, TState state, ConversationPlan plan, CancellationToken cancellation)
        where T : class
    {
        try
        {
            return await write.Decide(state, plan, cancellation);
        }
        catch (ParleyException e) when (e.Code != ErrorCode.IdempotencyKeyReused)
        {
            throw ParleyException.OutcomeUnknown();
        }
    }

    /// <summary>
    /// Sends a plan once. Its index row changes are not run: their rows must already be written, and the caller deletes
    /// those that they replace.
    /// </summary>
    /// <param name="fill">Fills the plan; false sends nothing.</param>
    /// <returns>True when the plan is stored.</returns>
    /// <exception cref="Exception">Storage failed. The plan may have been stored.</exception>
    internal async Task<bool> SendOnceAsync(
        ConversationKey key, Func<ConversationPlan, Task<bool>> fill, CancellationToken cancellation)
    {
        var running = budget.Start();
        using var slot = await writers.EnterAsync(key.PartitionKey, cancellation);
        var plan = NewPlan(key, new HashSet<string>(StringComparer.Ordinal));
        if (!await fill(plan))
        {
            return false;
        }

        await SendAsync(running, plan, cancellation);
        plan.ReportStored();
        return true;
    }

    private ConversationPlan NewPlan(ConversationKey key, HashSet<string> ids)
    {
        var id = random.NextWriteId();
        ids.Add(id);
        return new ConversationPlan(key, id, ids, parts, clock.Now);
    }

    private async Task SendAsync(WriteBudget.Running running, ConversationPlan plan, CancellationToken cancellation)
    {
        var operations = plan.Operations();
        plan.Commit(await running.SendAsync(
            token => tables.Conversations.SubmitAsync(operations, token), cancellation));
    }

    private sealed record HeadEdit<T>(ConversationPlan Plan, T Result);
}
