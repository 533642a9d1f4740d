using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Parley.Problems;
using Parley.Storage;

namespace Parley.FollowUps;

/// <summary>Reads single follow-ups and what belongs to them.</summary>
public sealed class FollowUpReader(ParleyTables tables)
{
    /// <summary>One follow-up: one point read.</summary>
    /// <param name="tenant">The caller's.</param>
    /// <param name="id">As the client sent it.</param>
    /// <param name="cancellation">Ends the read.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.FollowUpNotFound"/>: also for a malformed id and another tenant's.</exception>
    public async Task<FollowUp> GetAsync(TenantId tenant, string id, CancellationToken cancellation)
    {
        var followUp = EntityId.TryParse(id, EntityKind.FollowUp, tenant, out var entity)
            ? await FindAsync(entity.Conversation, entity.Sequence, cancellation)
            : null;
        return followUp is not null && followUp.Check == entity.Check ? followUp : throw ErrorCode.FollowUpNotFound.With("There is no such follow-up.");
    }

    /// <summary>Its transitions, oldest first.</summary>
    public async IAsyncEnumerable<FollowUpEvent> EventsAsync(FollowUp followUp, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var start = RowKeys.FollowUpEvents(followUp.Number);
        var filter = Filters.Between(followUp.Conversation.PartitionKey, start, RowKeys.EndOf(start));
        await foreach (var row in tables.Conversations.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
        {
            yield return FollowUpRow.ReadEvent(row);
        }
    }

    /// <summary>
    /// The follow-ups that each of a range of messages triggered or that became it, by the message's number: one call for the range, and one
    /// for every fourteen of them.
    /// </summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="first">The first message's number.</param>
    /// <param name="last">The last message's number.</param>
    /// <param name="cancellation">Ends the reads.</param>
    public async Task<ILookup<int, FollowUp>> OfMessagesAsync(ConversationKey conversation, int first, int last, CancellationToken cancellation)
    {
        var filter = Filters.Between(conversation.PartitionKey, RowKeys.MessageFollowUps(first), RowKeys.EndOf(RowKeys.MessageFollowUps(last)));
        var links = await tables.Conversations.QueryAsync<TableEntity>(filter, cancellationToken: cancellation)
            .Select(row => RowKeys.ReadMessageFollowUp(row.RowKey)).ToListAsync(cancellation);
        var found = await FindAllAsync(conversation, links.Select(link => link.Number).Distinct(), cancellation);
        return links.Where(link => found.ContainsKey(link.Number)).ToLookup(link => link.Sequence, link => found[link.Number]);
    }

    internal async Task<FollowUp?> FindAsync(ConversationKey conversation, int number, CancellationToken cancellation) =>
        await tables.Conversations.FindAsync(conversation.PartitionKey, RowKeys.FollowUp(number), cancellation) is { } row
            ? FollowUpRow.Read(row, conversation)
            : null;

    /// <summary>Those of a conversation that exist, by number: one call for every fourteen, at once.</summary>
    internal async Task<Dictionary<int, FollowUp>> FindAllAsync(ConversationKey conversation, IEnumerable<int> numbers, CancellationToken cancellation) =>
        (await tables.Conversations.FindAllAsync(conversation.PartitionKey, numbers.Select(RowKeys.FollowUp), cancellation))
            .Select(row => FollowUpRow.Read(row, conversation)).ToDictionary(followUp => followUp.Number);
}
