using Azure;
using Azure.Data.Tables;
using Parley.Core;

namespace Parley.Storage;

/// <summary>What is to be made.</summary>
/// <param name="Entity">The thing.</param>
/// <param name="Rows">The rows to insert.</param>
/// <param name="CounterUpdate">What the counters are to be merged with: the thing's number under its counter's name. Null when it is there already.</param>
internal sealed record NumberedInsert<T>(T Entity, IReadOnlyList<TableTransactionAction> Rows, TableEntity? CounterUpdate);

/// <summary>
/// Makes what takes its number from its tenant's counters: in one transaction with the raised counter, under the counters' ETag. So numbers are
/// dense, and none is given out twice.
/// </summary>
public sealed class TenantCounters(ParleyTables tables, KeyedLock writers, WriteBudget budget, RandomSource random)
{
    /// <summary>Makes one.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="find">After a try whose outcome is not known: the thing, if what is stored under its number has this try's write id; else null.</param>
    /// <param name="make">
    /// The thing, from the tenant's counters as read (null before the first), a write id, the same for all tries, and whether this is another try; refuses by
    /// throwing.
    /// </param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was stored).</exception>
    internal async Task<T> MakeAsync<T>(
        TenantId tenant,
        Func<T, string, CancellationToken, Task<T?>> find,
        Func<TableEntity?, string, bool, CancellationToken, Task<NumberedInsert<T>>> make,
        CancellationToken cancellation)
        where T : class
    {
        var running = budget.Start();
        using var slot = await writers.EnterAsync(tenant.PartitionKey, cancellation);
        var writeId = random.NextWriteId();
        (T Entity, ETag? Counters)? tried = null;
        while (true)
        {
            await running.WaitAsync(cancellation);
            var counters = await tables.Tenants.FindAsync(tenant.PartitionKey, TenantRowKeys.Counter, cancellation);

            // A try is decided once the counters have another ETag: whose the number became, its row tells.
            if (tried is { } before && before.Counters != counters?.ETag)
            {
                if (await find(before.Entity, writeId, cancellation) is { } there)
                {
                    return there;
                }

                running.NothingLanded();
            }

            var next = await make(counters, writeId, tried is not null, cancellation);
            if (next.CounterUpdate is null)
            {
                return next.Entity;
            }

            running.ThrowIfUsedUp();
            TableTransactionAction raise = counters is null
                ? new(TableTransactionActionType.Add, next.CounterUpdate)
                : new(TableTransactionActionType.UpdateMerge, next.CounterUpdate, counters.ETag);
            try
            {
                await running.SendAsync(token => tables.Tenants.SubmitAsync([.. next.Rows, raise], token), cancellation);
                return next.Entity;
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                tried = (next.Entity, counters?.ETag);
            }
        }
    }
}
