using Azure;
using Azure.Data.Tables;
using Parley.Core;

namespace Parley.Storage;

/// <summary>What a row tells of its last edit.</summary>
/// <param name="Revision">Raised by every edit.</param>
/// <param name="Id">Names the last one; null before the first.</param>
/// <param name="ETag">The row's.</param>
internal readonly record struct RowVersion(int Revision, string? Id, ETag ETag);

/// <summary>What an edit is to write.</summary>
/// <param name="Changed">What is there once it is written.</param>
/// <param name="Actions">One transaction, that fails unless the row still has its ETag; empty when there is nothing to write.</param>
internal sealed record Edit<T>(T Changed, IReadOnlyCollection<TableTransactionAction> Actions);

/// <summary>
/// Changes rows that carry an edit id and a revision, under their ETags, in one transaction each. After a lost answer the row tells
/// whether this edit was written: by its id, or, once another edit has taken the revision that it would have made, that it was not.
/// </summary>
public sealed class OptimisticUpdate(KeyedLock writers, WriteBudget budget, RandomSource random)
{
    /// <summary>Makes one edit.</summary>
    /// <param name="table">The table.</param>
    /// <param name="partitionKey">The partition: its writers take turns within the process.</param>
    /// <param name="read">Reads what the edit rests on, anew for every try; refuses by throwing.</param>
    /// <param name="versionOf">The mark of the row that the edit changes.</param>
    /// <param name="edit">What to write, with the id that names this edit; refuses by throwing.</param>
    /// <param name="cancellation">Ends the edit.</param>
    /// <returns>What is there then.</returns>
    /// <exception cref="ParleyException"><see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was stored).</exception>
    internal async Task<T> WriteAsync<T>(
        TableClient table,
        string partitionKey,
        Func<CancellationToken, Task<T>> read,
        Func<T, RowVersion> versionOf,
        Func<T, string, CancellationToken, Task<Edit<T>>> edit,
        CancellationToken cancellation)
    {
        var running = budget.Start();
        using var slot = await writers.EnterAsync(partitionKey, cancellation);
        var editId = random.NextWriteId();
        RowVersion? tried = null;
        while (true)
        {
            await running.WaitAsync(cancellation);
            var state = await read(cancellation);
            var version = versionOf(state);
            if (tried is { } before && version.ETag != before.ETag)
            {
                if (version.Id == editId)
                {
                    return state;
                }

                if (version.Revision > before.Revision + 1)
                {
                    // This edit may have made the revision after the one that it was tried on, and another one the next. To write it
                    // again would undo that other one; to refuse it might deny what happened.
                    throw ParleyException.OutcomeUnknown();
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
                tried = version;
            }
        }
    }

    /// <summary>Reads for an edit: the first try takes what is known already, the next ones read anew.</summary>
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
