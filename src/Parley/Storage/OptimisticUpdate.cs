using Azure;
using Azure.Data.Tables;
using Parley.Core;

namespace Parley.Storage;

/// <summary>A row's concurrency token.</summary>
/// <param name="Revision">Every edit increments it.</param>
/// <param name="Id">The id of the last edit; null before the first.</param>
/// <param name="ETag">The row's ETag.</param>
internal readonly record struct RowVersion(int Revision, string? Id, ETag ETag)
{
    /// <summary>
    /// The id of the attempt that made this version out of an earlier one, when it is one of <paramref name="ownIds"/>;
    /// null when none of them was stored, and none can be any more.
    /// </summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.StorageUnavailable"/>: this edit may have made the next revision, and another edit the one
    /// after it. To write this edit again would undo the other one; to report a failure could deny a stored edit.
    /// </exception>
    public string? FindOwn(RowVersion before, IReadOnlySet<string> ownIds) =>
        Id is not null && ownIds.Contains(Id) ? Id
        : Revision > before.Revision + 1 ? throw ParleyException.OutcomeUnknown()
        : null;
}

/// <summary>The result of an edit and its transaction.</summary>
/// <param name="Changed">The state after the edit.</param>
/// <param name="Actions">
/// One transaction, which fails unless the row still has its ETag; empty if there is nothing to write.
/// </param>
internal sealed record Edit<T>(T Changed, IReadOnlyCollection<TableTransactionAction> Actions);

/// <summary>
/// Changes rows that have an edit id and a revision, each in one transaction under the row's ETag. After a definite
/// conflict the edit is tried again on the new state. After a lost response the row is read again: if it contains this
/// edit's id, the edit was written; if another edit has the revision that this one would have created, it was not.
/// </summary>
public sealed class OptimisticUpdate(KeyedLock writers, WriteBudget budget, RandomSource random)
{
    /// <summary>Runs one edit, with retries.</summary>
    /// <param name="table">The table.</param>
    /// <param name="lockKey">Writers with the same key run one after another within the process.</param>
    /// <param name="read">Reads the state before every attempt; throws to reject the edit.</param>
    /// <param name="versionOf">Returns the concurrency token of the row to change.</param>
    /// <param name="edit">Returns the transaction, from the state and the edit's id; throws to reject the edit.</param>
    /// <returns>The state after the edit.</returns>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Busy"/>, or <see cref="ErrorCode.StorageUnavailable"/> if the outcome is unknown.
    /// </exception>
    internal async Task<T> WriteAsync<T>(
        TableClient table,
        string lockKey,
        Func<CancellationToken, Task<T>> read,
        Func<T, RowVersion> versionOf,
        Func<T, string, CancellationToken, Task<Edit<T>>> edit,
        CancellationToken cancellation)
    {
        var running = budget.Start();
        using var slot = await writers.EnterAsync(lockKey, cancellation);
        var editId = random.NextWriteId();
        var ownIds = new HashSet<string>(StringComparer.Ordinal) { editId };
        RowVersion? tried = null;
        while (true)
        {
            await running.WaitAsync(cancellation);
            var state = await read(cancellation);
            var version = versionOf(state);
            if (tried is { } before && version.ETag != before.ETag)
            {
                if (version.FindOwn(before, ownIds) is not null)
                {
                    return state;
                }

                running.NothingLanded();
            }

            var next = await edit(state, editId, cancellation);
            if (next.Actions.Count == 0)
            {
                return next.Changed;
            }

            running.ThrowIfUsedUp();
            try
            {
                await running.SendAsync(token => table.SubmitAsync(next.Actions, token), cancellation);
                return next.Changed;
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                tried = running.MayHaveLanded ? version : null;
            }
        }
    }

    /// <summary>A read for an edit: the first attempt uses a known state, later ones read it.</summary>
    internal static Func<CancellationToken, Task<T>> StartWith<T>(T known, Func<CancellationToken, Task<T>> read)
    {
        var isFirst = true;
        return token =>
        {
            (var first, isFirst) = (isFirst, false);
            return first ? Task.FromResult(known) : read(token);
        };
    }
}
