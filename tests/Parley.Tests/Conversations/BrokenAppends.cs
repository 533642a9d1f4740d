using Azure;
using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Conversations;

/// <summary>
/// Copies of the append, each with one thing left out, to show that the invariants catch what that thing is for. Requests with a key
/// go Parley's way: the key alone would save them.
/// </summary>
internal static class BrokenAppends
{
    /// <summary>Nothing is left out: so it is not something else about the copies that is caught.</summary>
    public static AppendWay Whole { get; } = (process, conversation, message, key) => AppendAsync(process, conversation, message, key, looksForWriteId: true, ifMatch: true);

    /// <summary>After a lost answer it does not look for its write id.</summary>
    public static AppendWay WithoutWriteId { get; } = (process, conversation, message, key) => AppendAsync(process, conversation, message, key, looksForWriteId: false, ifMatch: true);

    /// <summary>It writes the head whatever has become of it.</summary>
    public static AppendWay WithoutIfMatch { get; } = (process, conversation, message, key) => AppendAsync(process, conversation, message, key, looksForWriteId: true, ifMatch: false);

    private static async Task<Appended> AppendAsync(
        ParleyProcess process, ConversationRef conversation, NewMessage draft, IdempotencyKey? key, bool looksForWriteId, bool ifMatch)
    {
        if (key is not null)
        {
            return await process.Append.AppendAsync(conversation, draft, key, CancellationToken.None);
        }

        int? tried = null;
        while (true)
        {
            var head = await process.Conversations.GetAsync(conversation, CancellationToken.None);
            if (looksForWriteId && tried <= head.Last
                && await MessageRow.FindAsync(process.Tables, new MessageKey(head.Key, tried.Value), CancellationToken.None) is { } there && there.WriteId == draft.UserName)
            {
                return new Appended(head, there, Replayed: false);
            }

            var prepared = await process.Activity.PrepareAsync(head, head.ActivityMinute, draft.Role == MessageRole.Customer, CancellationToken.None);
            var message = new Message
            {
                Key = new MessageKey(head.Key, head.Last + 1),
                WriteId = draft.UserName!,
                Check = 0,
                Revision = 1,
                Role = draft.Role,
                UserName = draft.UserName,
                Type = "text",
                Text = draft.Text,
                Ticket = head.OpenTicket,
                CreatedAt = head.LastMessageAt ?? head.CreatedAt,
                UpdatedAt = head.LastMessageAt ?? head.CreatedAt,
            };
            var change = new TableEntity(head.Key.PartitionKey, ConversationRowKeys.Head)
            {
                ["Rev"] = head.Revision + 1,
                ["Last"] = message.Key.Sequence,
                ["LastMessage"] = message.Text,
                ["LastMessageAt"] = message.CreatedAt,
                ["Unread"] = head.Unread + (message.Role == MessageRole.Customer ? 1 : 0),
                ["UnreadRev"] = prepared.UnreadRevision,
            };
            try
            {
                await process.Tables.Conversations.SubmitTransactionAsync(
                [
                    new(TableTransactionActionType.Add, MessageRow.Create(message)),
                    new(TableTransactionActionType.UpdateMerge, change, ifMatch ? head.ETag : ETag.All),
                ]);
                return new Appended(head, message, Replayed: false);
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, CancellationToken.None))
            {
                tried = message.Key.Sequence;
            }
        }
    }
}
