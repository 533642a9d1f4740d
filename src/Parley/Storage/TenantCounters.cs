using Azure;
using Azure.Data.Tables;
using Parley.Core;

namespace Parley.Storage;

/// <summary>An entity to insert, with a number from its tenant's counters.</summary>
/// <param name="Entity">The entity.</param>
/// <param name="Rows">The rows to insert.</param>
/// <param name="CounterUpdate">
/// Merged into the counters' row: the entity's number in its counter's property. Null if the entity already exists.
/// </param>
internal sealed record NumberedInsert<T>(
    T Entity, IReadOnlyList<TableTransactionAction> Rows, TableEntity? CounterUpdate);

/// <summary>
/// Creates entities with numbers from their tenant's counters. One transaction inserts the entity and increments the
/// counter, under the ETag of the counters' row, so numbers have no gaps and are unique.
/// </summary>
public sealed class TenantCounters(ParleyTables tables, KeyedLock writers, WriteBudget budget, RandomSource random)
{
    /// <summary>Creates one entity, with retries.</summary>
    /// <param name="tenant">The owner.</param>
    /// <param name="find">
    /// After an attempt with an unknown outcome: the entity, if the row with its number has the write id; else null.
    /// </param>
    /// <param name="create">
    /// Returns the insert, from the tenant's counters (null before the first entity), the write id, which is the same
    /// for all attempts, and true after the first attempt; throws to reject the request.
    /// </param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Busy"/>, or <see cref="ErrorCode.StorageUnavailable"/> if the outcome is unknown.
    /// </exception>
    internal async Task<T> CreateAsync<T>(
        TenantId tenant,
        Func<T, string, CancellationToken, Task<T?>> find,
        Func<TableEntity?, string, bool, CancellationToken, Task<NumberedInsert<T>>> create,
        CancellationToken cancellation)
        where T : class
    {
        var running = budget.Start();
        using var slot = await writers.EnterAsync(tenant.PartitionKey, cancellation);
        var writeId = random.NextWriteId();
        (T Entity, ETag? Counters)? tried = null;
        for (var isRetry = false; ; isRetry = true)
        {
            await running.WaitAsync(cancellation);
            var counters = await tables.Tenants.FindAsync(tenant.PartitionKey, TenantRowKeys.Counter, cancellation);

            // Once the counters have another ETag, the attempt can no longer succeed later. The row with its number
            // shows whether this writer or another one got the number.
            if (tried is { } before && before.Counters != counters?.ETag)
            {
                if (await find(before.Entity, writeId, cancellation) is { } stored)
                {
                    return stored;
                }

                running.NothingLanded();
            }

            var next = await create(counters, writeId, isRetry, cancellation);
            if (next.CounterUpdate is null)
            {
                return next.Entity;
            }

            running.ThrowIfUsedUp();
            TableTransactionAction increment = counters is null
                ? new(TableTransactionActionType.Add, next.CounterUpdate)
                : new(TableTransactionActionType.UpdateMerge, next.CounterUpdate, counters.ETag);
            try
            {
                await running.SendAsync(
                    token => tables.Tenants.SubmitAsync([.. next.Rows, increment], token), cancellation);
                return next.Entity;
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                tried = running.MayHaveLanded ? (next.Entity, counters?.ETag) : null;
            }
        }
    }
}
