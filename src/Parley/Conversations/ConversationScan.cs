using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>Goes through a tenant's conversations, for exports.</summary>
public sealed class ConversationScan(ParleyTables tables)
{
    /// <summary>
    /// Those that may have a message of a time range, by number: a call for every thousand of the tenant's conversations at most. What the list says of a
    /// conversation's first and last minute is never narrower than its messages are.
    /// </summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="from">The range's first time.</param>
    /// <param name="until">The first time after it.</param>
    /// <param name="cancellation">Ends the reading.</param>
    internal async IAsyncEnumerable<ConversationKey> TouchedAsync(
        TenantId tenant, DateTimeOffset from, DateTimeOffset until, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var all = Filters.Range(tenant.PartitionKey, ConversationRowKeys.Conversation(1), ConversationRowKeys.Conversation(int.MaxValue));
        var touched = TableClient.CreateQueryFilter($"FirstMinute le {until.Minute()} and LastMinute ge {from.Minute()}");
        await foreach (var row in tables.Tenants.QueryAsync<TableEntity>(Filters.And(all, touched), Filters.MaxPerCall, ["RowKey"], cancellation))
        {
            yield return new ConversationKey(tenant, KeyParts.LastNumber(row.RowKey));
        }
    }
}
