using Azure;
using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tests.Conversations;

/// <summary>
/// An instance of version 0.2.0 beside those of today, as in a rolling update. It writes list rows into the tenant's
/// partition and <c>c|C</c> in every minute. Its appends merge the head; its edits replace it, without the properties
/// of later versions.
/// </summary>
internal sealed class EarlierInstance(ParleyTables tables, TimeProvider time, RandomSource random)
{
    private const int MaxTries = 8;

    private static readonly string[] LaterProperties = ["ListMinute", "ListedUntil", "Writer", "OldRev"];

    /// <summary>Appends a message of the staff.</summary>
    /// <returns>The message's key; null when other writers won every race, so that nothing is stored.</returns>
    public async Task<MessageKey?> AppendAsync(ConversationKey key, string name)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var head = (await tables.Conversations.FindAsync(key.PartitionKey, ConversationRowKeys.Head, CancellationToken.None))!;
            var before = ConversationRow.Read(head, key);
            var message = NewMessage(before, name);
            try
            {
                var (minute, listed) = await PrepareAsync(before, message.CreatedAt.Minute());
                await tables.Conversations.SubmitAsync(
                [
                    new(TableTransactionActionType.Add, MessageRow.Create(message)),
                    new(TableTransactionActionType.UpdateMerge, HeadAfter(before, message, minute, listed), head.ETag),
                ], CancellationToken.None);
                if (minute > before.ActivityMinute)
                {
                    await tables.Tenants.DeleteAllAsync(ListRows(before, before.ActivityMinute), CancellationToken.None);
                }

                return message.Key;
            }
            catch (RequestFailedException e) when (e.IsLostRace())
            {
                // As every writer, it starts again from the new state.
            }
        }

        return null;
    }

    /// <summary>Replaces the head, as an edit does.</summary>
    /// <returns>False when another writer was first, so that nothing is stored.</returns>
    public async Task<bool> EditAsync(ConversationKey key)
    {
        var head = (await tables.Conversations.FindAsync(key.PartitionKey, ConversationRowKeys.Head, CancellationToken.None))!;
        foreach (var property in LaterProperties)
        {
            head.Remove(property);
        }

        head["Rev"] = head.GetInt32("Rev") + 1;
        head["EditRev"] = head.GetInt32("EditRev") + 1;
        head["EditId"] = random.NextWriteId();
        try
        {
            await tables.Conversations.SubmitAsync([new(TableTransactionActionType.UpdateReplace, head, head.ETag)], CancellationToken.None);
            return true;
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed())
        {
            return false;
        }
    }

    public static List<TableEntity> ListRows(Conversation conversation, long minute) =>
        ConversationActivity.ListRows(conversation with { ActivityMinute = minute, ListMinute = 0 });

    private async Task<(long Minute, ETag Listed)> PrepareAsync(Conversation before, long minute)
    {
        if (minute <= before.ActivityMinute)
        {
            return (before.ActivityMinute, before.ListETag);
        }

        try
        {
            return (minute, await MoveAsync(before, minute, before.ListETag));
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed())
        {
            var row = (await tables.Tenants.FindAsync(
                before.Key.Tenant.PartitionKey, ConversationRowKeys.Conversation(before.Key.Number), CancellationToken.None))!;
            var later = Math.Max(minute, row.GetInt64("LastMinute")!.Value);
            return (later, await MoveAsync(before, later, row.ETag));
        }
    }

    private async Task<ETag> MoveAsync(Conversation before, long minute, ETag listed)
    {
        var raised = new TableEntity(before.Key.Tenant.PartitionKey, ConversationRowKeys.Conversation(before.Key.Number)) { ["LastMinute"] = minute };
        var responses = await tables.Tenants.SubmitAsync(
        [
            new(TableTransactionActionType.UpdateMerge, raised, listed),
            .. ListRows(before, minute).Select(row => new TableTransactionAction(TableTransactionActionType.UpsertReplace, row)),
        ], CancellationToken.None);
        return responses[0].Headers.ETag!.Value;
    }

    private Message NewMessage(Conversation head, string name)
    {
        var (now, previous) = (time.NowInMilliseconds(), head.LastMessageAt ?? head.CreatedAt);
        var createdAt = now < previous ? previous : now;
        return new Message
        {
            Key = new MessageKey(head.Key, head.Last + 1),
            WriteId = random.NextWriteId(),
            Check = random.NextBits(EntityId.CheckBits),
            Revision = 1,
            Role = MessageRole.Staff,
            UserNumber = 1,
            UserName = name,
            Type = "text",
            Text = $"text of {name}",
            Ticket = head.OpenTicket,
            CreatedAt = createdAt,
            UpdatedAt = createdAt,
        };
    }

    private static TableEntity HeadAfter(Conversation before, Message message, long minute, ETag listed)
    {
        var head = ConversationRow.Appended(before with
        {
            Revision = before.Revision + 1,
            Last = message.Key.Sequence,
            LastMessage = message.Text,
            LastMessageAt = message.CreatedAt,
            LastRole = message.Role,
            LastId = message.Id,
            ActivityMinute = minute,
            ListETag = listed,
        });
        foreach (var property in LaterProperties)
        {
            head.Remove(property);
        }

        return head;
    }
}
