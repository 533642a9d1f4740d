using System.Globalization;
using Azure.Data.Tables;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Exports;
using Parley.Senders;
using Parley.Storage;

namespace Parley.Operations.Restore;

/// <summary>An index row and its table.</summary>
internal readonly record struct IndexRow(TableClient Table, TableEntity Row);

/// <summary>
/// Derives the index rows that each row of a back-up must have (docs/consistency.md: the index row is written before
/// the row that it points to). A back-up can miss index rows, because they move to other keys while it reads. The
/// restore derives them from the rows that they point to.
/// </summary>
internal sealed class IndexRowsOfFacts(ParleyTables tables, DateTimeOffset now)
{
    private readonly Schedule schedule = new(tables, new ScheduleOptions(ScheduleTable.Schedule));

    public IEnumerable<IndexRow> OfConversationRow(TableEntity row)
    {
        var key = ReadKey(row.PartitionKey);
        switch (KindOf(row))
        {
            case ConversationRowKeys.Head:
                var conversation = ConversationRow.Read(row, key);
                var rows = ConversationActivity.ListRows(conversation);
                if (conversation is { Unread: > 0, Inbox: not null })
                {
                    rows.Add(ConversationActivity.UnreadRow(conversation));
                }

                return rows.Select(InTenants);
            case "f":
                var followUp = IndexedFollowUp.Of(FollowUpRow.Read(row, key));
                return followUp.DueAt is null
                    ? [InTenants(followUp.StatusListRow)]
                    : [InTenants(followUp.StatusListRow), InSchedule(followUp.Scheduled)];
            case "t" when !CompletionRowKeys.IsChunk(row.RowKey):
                var completion = CompletionRow.Read(row, key);
                var record = InTenants(CompletionStore.RecordRow(completion));
                return completion.Status == CompletionStatus.Ended
                    ? [record]
                    : [record, InSchedule(CompletionStore.Scheduled(completion))];
            case "k":
                return [ScheduledKeysOf(key.Tenant, key.Number)];
            default:
                return [];
        }
    }

    public IEnumerable<IndexRow> OfTenantRow(TableEntity row)
    {
        if (row.PartitionKey == TenantRowKeys.AdministrationPartition
            || !TenantId.TryParse(row.PartitionKey, out var tenant))
        {
            return [];
        }

        switch (KindOf(row))
        {
            case "e":
                var export = ExportRow.Read(row, tenant);
                return new[] { ExportStore.ScheduledStep(export), ExportStore.ScheduledExpiry(export) }
                    .OfType<ScheduledItem>()
                    .Select(InSchedule);
            case "s":
                var sender = SenderRow.Read(row, tenant);
                return SenderRow.LookupKeys(sender).Select(key => InTenants(SenderRow.LookupRow(sender, key)));
            case "k":
                return [ScheduledKeysOf(tenant, 0)];
            default:
                return [];
        }
    }

    /// <summary>
    /// Idempotency keys are deleted by the age of their rows, and the restore resets that age. The schedule rows for
    /// the old times would be consumed before the keys are old enough, so the restore adds later ones.
    /// </summary>
    private IndexRow ScheduledKeysOf(TenantId tenant, int conversation) =>
        InSchedule(IdempotencyKey.ScheduledDeletion(tenant, conversation, now.AddHours(1).Hour()));

    private static string KindOf(TableEntity row) => row.RowKey.Split('|', 2)[0];

    private static ConversationKey ReadKey(string partitionKey)
    {
        var parts = partitionKey.Split('|');
        return new ConversationKey(
            new TenantId(int.Parse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture)),
            int.Parse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture));
    }

    private IndexRow InTenants(TableEntity row) => new(tables.Tenants, row);

    private IndexRow InSchedule(ScheduledItem item) => new(schedule.WrittenTable, schedule.RowOf(item));
}
