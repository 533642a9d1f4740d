using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>One follow-up at one revision, as its index rows' keys name it.</summary>
/// <param name="Conversation">The conversation.</param>
/// <param name="Number">The follow-up's number.</param>
/// <param name="Revision">The revision that the rows were written for: no two writes share one.</param>
/// <param name="Status">Its status at that revision.</param>
/// <param name="CreatedAt">When it was created (milliseconds since 1970).</param>
/// <param name="DueAt">When it is to be sent; null when it is not pending then, or when nobody needs to look.</param>
internal sealed record IndexedFollowUp(
    ConversationKey Conversation,
    int Number,
    int Revision,
    FollowUpStatus Status,
    long CreatedAt,
    DateTimeOffset? DueAt)
{
    /// <summary>A follow-up as it is.</summary>
    public static IndexedFollowUp Of(FollowUp followUp) => new(
        followUp.Conversation,
        followUp.Number,
        followUp.Revision,
        followUp.Status,
        followUp.CreatedAt.ToUnixTimeMilliseconds(),
        followUp.Status == FollowUpStatus.Pending ? followUp.DueAt : null);

    /// <summary>Its row in the tenant's list of this status.</summary>
    public TableEntity ConversationIndexRow => new(
        Conversation.Tenant.PartitionKey,
        FollowUpRowKeys.FollowUpInList((int)Status, CreatedAt, Conversation.Number, Number, Revision));

    /// <summary>Whether another one has that row in Due too.</summary>
    public bool HasSameScheduleRow(IndexedFollowUp other) =>
        other.DueAt is not null && (ScheduleRow.PartitionKey, ScheduleRow.RowKey) == (other.ScheduleRow.PartitionKey, other.ScheduleRow.RowKey);

    /// <summary>Its row in Due, while it is pending.</summary>
    public TableEntity ScheduleRow => new(ScheduleRowKeys.SchedulePartition(DueAt!.Value), FollowUpRowKeys.ScheduledFollowUp(Conversation, DueAt.Value.UtcDateTime.Second, Number, Revision));
}

/// <summary>
/// The rows that find follow-ups: <c>fs|…</c> in the tenant's lists by status, <c>f|…</c> in Due. Written before the
/// transition that they are for, and those of the revision before removed after it. Their keys hold the revision, so
/// whatever is late removes only its own.
/// </summary>
public sealed partial class FollowUpIndex(ParleyTables tables, FollowUpReader reader, ILogger<FollowUpIndex> logger)
{
    /// <summary>Before transitions: their rows, one call for a tenant's lists and one for each minute of Due.</summary>
    internal Task WriteAsync(
        IReadOnlyCollection<IndexedFollowUp> added,
        CancellationToken cancellation) => Task.WhenAll(
        tables.Tenants.UpsertAllAsync(added.Select(one => one.ConversationIndexRow), cancellation),
        tables.Schedule.UpsertAllAsync(added.Where(one => one.DueAt is not null).Select(one => one.ScheduleRow), cancellation));

    /// <summary>
    /// After them: the rows of the revisions before. What they did is stored by then, so its failure is nobody's: the
    /// list of that status and the queue's next look drop what is left.
    /// </summary>
    internal Task DropAsync(
        IReadOnlyCollection<IndexedFollowUp> gone,
        CancellationToken cancellation) => CleanAsync(() => Task.WhenAll(
        tables.Tenants.DeleteAllAsync(gone.Select(one => one.ConversationIndexRow), cancellation),
        tables.Schedule.DeleteAllAsync(gone.Where(one => one.DueAt is not null).Select(one => one.ScheduleRow), cancellation)));

    /// <summary>After sending: the rows of the lists alone.</summary>
    internal Task DropListedAsync(IReadOnlyCollection<FollowUp> gone, CancellationToken cancellation) =>
        CleanAsync(() => tables.Tenants.DeleteAllAsync(gone.Select(one => IndexedFollowUp.Of(one).ConversationIndexRow), cancellation));

    /// <summary>Rows of Due whose follow-ups are not pending at their revision any more.</summary>
    internal Task DropScheduleAsync(IReadOnlyCollection<ScheduledFollowUp> ended, CancellationToken cancellation) =>
        CleanAsync(() => tables.Schedule.DeleteAllAsync(ended.Select(row => new TableEntity(row.Partition, row.RowKey)), cancellation));

    /// <summary>
    /// After lost races: of rows that were written for transitions those that can never come, because another one has
    /// taken their revision. Left there, they would shift the pages of the lists until they are old enough to be
    /// dropped by whoever is shown them.
    /// </summary>
    internal Task DropLostAsync(IReadOnlyCollection<IndexedFollowUp> written) => CleanAsync(async () =>
    {
        foreach (var conversation in written.GroupBy(one => one.Conversation))
        {
            // Not cancelled: the client that leaves leaves the rows.
            var found = await reader.FindAllAsync(conversation.Key, conversation.Select(one => one.Number).Distinct(), CancellationToken.None);
            var replaced = conversation
                .Select(one => (Written: one, Own: found.TryGetValue(one.Number, out var followUp) && followUp.Revision >= one.Revision ? IndexedFollowUp.Of(followUp) : null))
                .Where(one => one.Own is not null).ToList();
            await tables.Tenants.DeleteAllAsync(
                replaced.Where(one => one.Written.ConversationIndexRow.RowKey != one.Own!.ConversationIndexRow.RowKey).Select(one => one.Written.ConversationIndexRow).DistinctBy(row => row.RowKey), CancellationToken.None);
            await tables.Schedule.DeleteAllAsync(
                replaced.Where(one => one.Written.DueAt is not null && !one.Written.HasSameScheduleRow(one.Own!)).Select(one => one.Written.ScheduleRow).DistinctBy(row => (row.PartitionKey, row.RowKey)),
                CancellationToken.None);
        }
    });

    private async Task CleanAsync(Func<Task> clean)
    {
        try
        {
            await clean();
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogRowsLeft(logger, e);
        }
    }

    [LoggerMessage(1101, LogLevel.Warning, "Old index rows of follow-ups were left behind; whoever finds them next drops them.")]
    private static partial void LogRowsLeft(ILogger logger, Exception exception);
}
