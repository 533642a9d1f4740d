using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Files;

/// <summary>
/// The rows that tell whose a blob is. A blob is written before the message that holds it and removed after the message has let go of it, so
/// before either a row in Due says where to look; a blob that no message holds by then is removed.
/// </summary>
internal static class FileRows
{
    /// <summary>Longer than any upload or deletion may take.</summary>
    private static readonly TimeSpan CheckAfter = TimeSpan.FromHours(1);

    /// <summary>In the conversation's partition, in the message's own transaction: a message holds this file.</summary>
    public static TableEntity Holder(ConversationKey conversation, Guid file) => new(conversation.PartitionKey, FileRowKeys.File(file));

    /// <summary>Whether a message holds this file: one point read.</summary>
    public static async Task<bool> IsHeldAsync(ParleyTables tables, ConversationKey conversation, Guid file, CancellationToken cancellation) =>
        await tables.Conversations.FindAsync(conversation.PartitionKey, FileRowKeys.File(file), cancellation) is not null;

    /// <summary>Has the sweep look after a blob in an hour.</summary>
    public static Task WriteScheduleAsync(ParleyTables tables, ConversationKey conversation, Guid file, DateTimeOffset now, CancellationToken cancellation) =>
        tables.Schedule.UpsertEntityAsync(
            new TableEntity(ScheduleRowKeys.SchedulePartition(now + CheckAfter), FileRowKeys.ScheduledFile(conversation, file)), TableUpdateMode.Replace, cancellation);
}
