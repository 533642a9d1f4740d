using Azure.Data.Tables;
using Parley.Core;

namespace Parley.Storage.ChangeLog;

/// <summary>Logs changes of objects outside conversations, each in the transaction that makes it.</summary>
/// <remarks>
/// The key of the row begins with the minute, so the feed finds it without an index row. The transaction must be sent
/// at once: <see cref="WriteBudget"/> keeps the send within the time that the feed waits after a minute.
/// </remarks>
public sealed class ObjectLog(StorageClock clock)
{
    /// <summary>The operation of the tenant's transaction that logs the change. Called before every attempt.</summary>
    /// <param name="number">The object's number within the tenant.</param>
    /// <param name="id">The object's UUID; empty for an API key, which has only its number.</param>
    /// <param name="revision">The object's revision after the change.</param>
    internal TableTransactionAction Entry(TenantId tenant, int number, ChangeType type, Guid id, int revision)
    {
        var now = clock.Now;
        var change = new ObjectChange(
            now.Minute(), number, now, ChangeActor.Current, new Change(type, id, revision));
        return new(TableTransactionActionType.Add, ChangeRow.Create(tenant.PartitionKey, change));
    }
}
