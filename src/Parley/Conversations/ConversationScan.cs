using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>Finds a tenant's conversations for exports.</summary>
public sealed class ConversationScan(ParleyTables tables)
{
    /// <summary>
    /// Returns the conversations that may have messages in a time range, by number. It makes at most one call for every
    /// thousand of the tenant's conversations. The first and last minute in a list row always include all the messages.
    /// </summary>
    /// <param name="from">The start of the range, inclusive.</param>
    /// <param name="until">The end of the range, exclusive.</param>
    /// <param name="first">The first number to return.</param>
    internal async IAsyncEnumerable<ConversationKey> TouchedAsync(
        TenantId tenant,
        DateTimeOffset from,
        DateTimeOffset until,
        int first,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var all = Filters.Range(
            tenant.PartitionKey, ConversationRowKeys.Conversation(first), ConversationRowKeys.Conversation(int.MaxValue));
        var touched = ConversationIndexRow.Touched(from.Minute(), until.Minute());
        await foreach (var row in tables.Tenants.QueryAsync<TableEntity>(
            Filters.And(all, touched), Filters.MaxPerCall, ["RowKey"], cancellation))
        {
            yield return new ConversationKey(tenant, KeyParts.LastNumber(row.RowKey));
        }
    }
}
