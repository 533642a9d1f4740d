using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>Reads single follow-ups, their events and the follow-ups of messages.</summary>
public sealed class FollowUpReader(ParleyTables tables)
{
    /// <summary>The most follow-ups returned for one message; <see cref="FollowUpList"/> returns all.</summary>
    public const int MaxOfMessage = 100;

    /// <summary>Reads a follow-up by its id, as the client sent it: one point read.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.FollowUpNotFound"/>, also for a malformed id and for an id of another tenant.
    /// </exception>
    public async Task<FollowUp> GetAsync(TenantId tenant, string id, CancellationToken cancellation)
    {
        var followUp = EntityId.TryParse(id, EntityKind.FollowUp, tenant, out var entity)
            ? await FindAsync(entity.Conversation, entity.Sequence, cancellation)
            : null;
        return followUp is not null && followUp.Check == entity.Check
            ? followUp
            : throw ErrorCode.FollowUpNotFound.With("There is no such follow-up.");
    }

    /// <summary>Reads the transitions of a follow-up, oldest first.</summary>
    public async IAsyncEnumerable<FollowUpEvent> EventsAsync(
        FollowUp followUp,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var start = FollowUpRowKeys.FollowUpEvents(followUp.Number);
        var filter = Filters.Between(followUp.Conversation.PartitionKey, start, KeyParts.EndOf(start));
        await foreach (var row in tables.Conversations.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
        {
            yield return FollowUpRow.ReadEvent(row);
        }
    }

    /// <summary>
    /// Reads the follow-ups that messages triggered or that were sent as the messages, by the messages' numbers: one
    /// call for each run of near numbers, and one for each run of near follow-ups. If a client had recorded a
    /// message and Parley then sends another one, the old link stays. So each link is compared with the follow-up.
    /// </summary>
    /// <param name="conversation">The conversation of the messages.</param>
    /// <param name="messages">The messages' numbers, ascending.</param>
    public async Task<ILookup<int, FollowUp>> OfMessagesAsync(
        ConversationKey conversation,
        IReadOnlyList<int> messages,
        CancellationToken cancellation)
    {
        var links = await LinksAsync(conversation, messages, cancellation);
        var kept = links.GroupBy(link => link.Message).SelectMany(ofOne => ofOne.Take(MaxOfMessage)).ToList();
        var found = await FindAllAsync(conversation, kept.Select(link => link.FollowUp).Distinct(), cancellation);
        return kept
            .Where(link => found.TryGetValue(link.FollowUp, out var followUp)
                && FollowUpMessages.NumbersOf(followUp).Contains(link.Message))
            .ToLookup(link => link.Message, link => found[link.FollowUp]);
    }

    /// <summary>Returns the numbers of the follow-ups of these messages, whose numbers must be ascending.</summary>
    internal async Task<List<(int Message, int FollowUp)>> LinksAsync(
        ConversationKey conversation,
        IReadOnlyList<int> messages,
        CancellationToken cancellation)
    {
        // Consecutive numbers have the same difference between number and position.
        var runs = messages.Index()
            .GroupBy(one => one.Item - one.Index)
            .Select(run => (First: run.First().Item, Last: run.Last().Item))
            .ToList();
        var found = await Workers.RunAsync(runs, TableReads.Width, async run =>
        {
            var filter = Filters.Between(
                conversation.PartitionKey,
                FollowUpRowKeys.MessageFollowUps(run.First),
                KeyParts.EndOf(FollowUpRowKeys.MessageFollowUps(run.Last)));
            return await tables.Conversations.QueryAsync<TableEntity>(filter, cancellationToken: cancellation)
                .Select(row => FollowUpRowKeys.ReadMessageFollowUp(row.RowKey)).ToListAsync(cancellation);
        });
        return [.. found.SelectMany(links => links)];
    }

    internal async Task<FollowUp?> FindAsync(
        ConversationKey conversation,
        int number,
        CancellationToken cancellation) =>
        await tables.Conversations.FindAsync(
            conversation.PartitionKey, FollowUpRowKeys.FollowUp(number), cancellation) is { } row
            ? FollowUpRow.Read(row, conversation)
            : null;

    /// <summary>
    /// Returns the head's pending follow-ups with their due times. Of those without one, the rows are read. If a row is
    /// newer than the head, a transaction under the head's ETag cannot commit. An entry without a row is left out:
    /// nothing could end it, and later follow-ups would wait for it for ever.
    /// </summary>
    internal async Task<IReadOnlyList<PendingFollowUp>> PendingOfAsync(
        Conversation head, CancellationToken cancellation)
    {
        var incomplete = head.Pending.Where(one => one.DueAt is null).Select(one => one.Number).ToList();
        if (incomplete.Count == 0)
        {
            return head.Pending;
        }

        var found = await FindAllAsync(head.Key, incomplete, cancellation);
        return
        [
            .. head.Pending
                .Select(one => one.DueAt is null && found.TryGetValue(one.Number, out var followUp)
                    ? one with { DueAt = followUp.DueAt.ToUnixTimeMilliseconds() }
                    : one)
                .Where(one => one.DueAt is not null),
        ];
    }

    /// <summary>
    /// Returns the follow-ups that exist, by number: one concurrent call for each run of near numbers.
    /// </summary>
    internal async Task<Dictionary<int, FollowUp>> FindAllAsync(
        ConversationKey conversation,
        IEnumerable<int> numbers,
        CancellationToken cancellation) =>
        (await tables.Conversations.FindAllAsync(
            conversation.PartitionKey, numbers.Select(FollowUpRowKeys.FollowUp), cancellation))
            .Select(row => FollowUpRow.Read(row, conversation)).ToDictionary(followUp => followUp.Number);
}
