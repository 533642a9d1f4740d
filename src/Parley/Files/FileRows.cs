using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Files;

/// <summary>
/// The rows that link a blob to its message. A blob is written before its message, and deleted after the message no
/// longer refers to it. A schedule row is written before either, so that a crash in between leaves no unused blob: when
/// the row's time has come, the clean-up deletes the blob unless it belongs to a message.
/// </summary>
internal static class FileRows
{
    /// <summary>Longer than the longest upload or deletion.</summary>
    public static readonly TimeSpan CheckAfter = TimeSpan.FromHours(1);

    /// <summary>
    /// Creates the row that links a file to its message. It is written in the conversation's partition, in the
    /// transaction of the message.
    /// </summary>
    public static TableEntity Holder(ConversationKey conversation, Guid file) =>
        new(conversation.PartitionKey, FileRowKeys.File(file));

    /// <summary>True when the file belongs to a message; one point read.</summary>
    public static async Task<bool> IsHeldAsync(
        ParleyTables tables, ConversationKey conversation, Guid file, CancellationToken cancellation) =>
        await tables.Conversations.FindAsync(
            conversation.PartitionKey, FileRowKeys.File(file), cancellation) is not null;

    /// <summary>Schedules the check of a blob by the clean-up.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="conversation">The conversation of the file.</param>
    /// <param name="file">The file.</param>
    /// <param name="revision">0 for an upload; else the message's revision from which on it lacks the file.</param>
    /// <param name="at">The time of the check: <see cref="CheckAfter"/> from now, or later.</param>
    public static Task WriteScheduleAsync(
        Schedule schedule,
        ConversationKey conversation,
        Guid file,
        int revision,
        DateTimeOffset at,
        CancellationToken cancellation) =>
        schedule.WriteAsync(
            new ScheduledItem(
                conversation.Tenant,
                at,
                FileRowKeys.ScheduledFile(conversation, file, revision),
                FileRowKeys.ScheduledFile(conversation, file)),
            cancellation);
}
