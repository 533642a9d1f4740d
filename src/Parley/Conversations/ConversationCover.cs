using Azure;
using Azure.Data.Tables;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>
/// Writes a conversation's rows in the tenant's own partition before its activity: <c>c|C</c>, which covers an hour,
/// and the unread row.
/// </summary>
internal sealed class ConversationCover(ParleyTables tables)
{
    /// <summary>True when <c>c|C</c> covers the conversation's activity minute.</summary>
    public static bool Covers(Conversation conversation) => conversation.ActivityMinute <= conversation.ListedUntil;

    /// <summary>
    /// Raises <c>c|C</c>. The ETag is that of the row as it covered earlier minutes only, so the row is never lowered.
    /// </summary>
    public static TableTransactionAction Raising(Conversation conversation) => new(
        TableTransactionActionType.UpdateMerge,
        ConversationIndexRow.Raised(conversation.Key, ConversationIndexRow.UntilOf(conversation.ActivityMinute)),
        conversation.ListETag);

    /// <summary>The conversation after <see cref="Raising"/>.</summary>
    public static Conversation Raised(Conversation conversation, Response response) => conversation with
    {
        ListedUntil = ConversationIndexRow.UntilOf(conversation.ActivityMinute),
        ListETag = response.Headers.ETag!.Value,
    };

    /// <summary>
    /// Writes the rows that change, in one transaction: <c>c|C</c> if it does not cover the activity minute, the unread
    /// row if the conversation becomes unread. Often none does.
    /// </summary>
    /// <returns>The conversation as it will be, with what <c>c|C</c> covers and its ETag.</returns>
    public async Task<Conversation> WriteAsync(
        Conversation before, Conversation after, CancellationToken cancellation)
    {
        try
        {
            return await SendAsync(before, after, cancellation);
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed())
        {
            // Since the head was read, another process raised the row, or raised it and then lost its append.
            var row = await ConversationIndexRow.FindAsync(tables, before.Key, cancellation)
                ?? throw new InvalidOperationException(
                    $"Conversation {before.Key.PartitionKey} has a head but no row in its tenant's list.", e);
            return await SendAsync(
                before, after with { ListedUntil = row.Until, ListETag = row.ETag }, cancellation);
        }
    }

    private async Task<Conversation> SendAsync(
        Conversation before, Conversation after, CancellationToken cancellation)
    {
        var (actions, isCovered) = (new List<TableTransactionAction>(2), Covers(after));
        if (!isCovered)
        {
            actions.Add(Raising(after));
        }

        if (after.UnreadRevision > before.UnreadRevision)
        {
            var row = ConversationActivity.UnreadRow(after);
            actions.Add(new(TableTransactionActionType.UpsertReplace, row));
        }

        if (actions.Count == 0)
        {
            return after;
        }

        var responses = await tables.Tenants.SubmitAsync(actions, cancellation);
        return isCovered ? after : Raised(after, responses[0]);
    }
}
