using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>
/// Keeps the tenant's list by activity in step with the heads. The invariant: the head's activity minute always has its row
/// <c>a|…</c>, and <c>c|C</c>'s last minute is never before it. So the rows come first, then the head, and the old row goes last.
/// </summary>
public sealed partial class ConversationActivity(ParleyTables tables, ILogger<ConversationActivity> logger)
{
    /// <summary>
    /// Before a write that moves the head to a later minute: the row of that minute and the raised <c>c|C</c> in one transaction.
    /// </summary>
    /// <returns>The conversation with the minute and the ETag that the head is to be written with.</returns>
    internal async Task<Conversation> MoveToAsync(Conversation conversation, long minute, CancellationToken cancellation)
    {
        if (minute <= conversation.ActivityMinute)
        {
            return conversation;
        }

        try
        {
            return conversation with { ActivityMinute = minute, ListETag = await WriteRowsAsync(conversation.Key, minute, conversation.ListETag, cancellation) };
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed())
        {
            // A writer of another process was here since the head was read, or wrote the rows and then lost its append. Its minute may
            // be later than this one's (clocks differ); then the head goes there too, so that the last minute never goes back.
            var row = await ListRow.FindAsync(tables, conversation.Key, cancellation)
                ?? throw new InvalidOperationException($"Conversation {conversation.Key.PartitionKey} has a head but no row in its tenant's list.", e);
            var later = Math.Max(minute, row.LastMinute);
            return conversation with { ActivityMinute = later, ListETag = await WriteRowsAsync(conversation.Key, later, row.ETag, cancellation) };
        }
    }

    /// <summary>
    /// After the head has moved to a later minute, the row of the earlier one is of no more use. If this fails, lists skip the row and
    /// drop it later.
    /// </summary>
    internal async Task DropPassedAsync(Conversation before, Conversation after, CancellationToken cancellation)
    {
        if (before.ActivityMinute >= after.ActivityMinute)
        {
            return;
        }

        var key = before.Key;
        try
        {
            await tables.Tenants.DeleteEntityAsync(key.Tenant.PartitionKey, RowKeys.Activity(before.ActivityMinute, key.Number), ETag.All, cancellation);
        }
        catch (Exception e) when (e is RequestFailedException || StorageErrors.IsOutcomeUnknown(e, CancellationToken.None))
        {
            LogRowLeft(logger, e, key.PartitionKey);
        }
    }

    private async Task<ETag> WriteRowsAsync(ConversationKey key, long minute, ETag listETag, CancellationToken cancellation)
    {
        var partition = key.Tenant.PartitionKey;
        var responses = await tables.Tenants.SubmitAsync(
            [
                new(TableTransactionActionType.UpsertReplace, new TableEntity(partition, RowKeys.Activity(minute, key.Number))),
                new(TableTransactionActionType.UpdateMerge, new TableEntity(partition, RowKeys.Conversation(key.Number)) { ["LastMinute"] = minute }, listETag),
            ],
            cancellation);
        return responses[1].Headers.ETag!.Value;
    }

    [LoggerMessage(1001, LogLevel.Warning, "The old activity row of conversation {Conversation} was left behind; lists skip it.")]
    private static partial void LogRowLeft(ILogger logger, Exception exception, string conversation);
}
