using System.Runtime.CompilerServices;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// Lists the follow-ups of some conversations, newest first: those of some statuses from the conversations' lists by
/// status, those of any status by their numbers, and those of messages by the messages' rows.
/// </summary>
public sealed class FollowUpsOfChats(
    ConversationReader conversations,
    FollowUpReader reader,
    FollowUpChatLists lists,
    FollowUpIndex index)
{
    /// <summary>The most rows of a conversation read in one call.</summary>
    private const int RowsAtOnce = 100;

    private static readonly int StatusCount = Enum.GetValues<FollowUpStatus>().Length;

    /// <summary>
    /// Newest first, then highest conversation, then highest number: the key order of the lists by status.
    /// </summary>
    private static readonly IComparer<FollowUp> NewestFirst = Comparer<FollowUp>.Create(
        (left, right) => OrderOf(right).CompareTo(OrderOf(left)));

    /// <param name="tenant">The tenant.</param>
    /// <param name="filter">It names chats, messages or triggers.</param>
    /// <param name="skipped">The follow-ups before the page.</param>
    /// <param name="size">The most follow-ups of the page.</param>
    internal async Task<IReadOnlyList<FollowUp>> ReadAsync(
        TenantId tenant, FollowUpFilter filter, int skipped, int size, CancellationToken cancellation)
    {
        var (messages, triggers) = (Messages(filter.Messages), Messages(filter.Triggers));
        var heads = await HeadsAsync(tenant, filter, messages, triggers, cancellation);
        var statuses = filter.Statuses.ToHashSet();
        if (filter is { Messages: [], Triggers: [] })
        {
            return statuses.Count == 0 || statuses.Count == StatusCount
                ? await OfAnyStatusAsync(heads, skipped, size, cancellation)
                : await OfStatusesAsync(heads, statuses, skipped, size, cancellation);
        }

        var streams = heads
            .Select(head => OfMessagesAsync(head, [.. messages, .. triggers], cancellation).Where(Matches))
            .ToList();
        return await SortedMerge.MergeAsync(streams, NewestFirst, cancellation)
            .Skip(skipped).Take(size).ToListAsync(cancellation);

        List<EntityRef<MessageKey>> Messages(IReadOnlyList<string> ids) =>
            [
                .. ids
                    .Select(id => EntityRef.TryParse<MessageKey>(id, tenant, out var message)
                        ? message
                        : (EntityRef<MessageKey>?)null)
                    .OfType<EntityRef<MessageKey>>(),
            ];

        bool Matches(FollowUp followUp) =>
            (statuses.Count == 0 || statuses.Contains(followUp.Status))
            && (filter.Messages is [] || (followUp.MessageId is { } message && Contains(messages, message)))
            && (filter.Triggers is [] || Contains(triggers, followUp.TriggerId));
    }

    private async Task<List<Conversation>> HeadsAsync(
        TenantId tenant,
        FollowUpFilter filter,
        List<EntityRef<MessageKey>> messages,
        List<EntityRef<MessageKey>> triggers,
        CancellationToken cancellation)
    {
        IEnumerable<EntityRef<ConversationKey>> named =
            filter.Chats is not []
                ? filter.Chats
                    .Select(id => EntityRef.TryParse<ConversationKey>(id, tenant, out var chat)
                        ? chat
                        : (EntityRef<ConversationKey>?)null)
                    .OfType<EntityRef<ConversationKey>>()
                : (filter.Messages is not [] ? messages : triggers)
                    .Select(message => new EntityRef<ConversationKey>(message.Key.Conversation, null));
        var heads = await Workers.RunAsync(
            [.. named.Distinct()], TableReads.Width, id => conversations.FindAsync(id, cancellation));
        return [.. heads.OfType<Conversation>().DistinctBy(head => head.Key)];
    }

    private static bool Contains(List<EntityRef<MessageKey>> named, Guid message) =>
        EntityId.TryFromGuid(message, EntityKind.Message, out var id)
        && named.Exists(one => one.Key == new MessageKey(id.Conversation, id.Sequence) && one.Matches(id.Check));

    /// <summary>
    /// Numbers have no gaps, and creation times never decrease with the number. So of one conversation the page is a
    /// range of numbers; the rows of several are merged.
    /// </summary>
    private async Task<IReadOnlyList<FollowUp>> OfAnyStatusAsync(
        List<Conversation> heads, int skipped, int size, CancellationToken cancellation)
    {
        var known = heads is [_] ? skipped : 0;
        var atOnce = Math.Min(RowsAtOnce, skipped - known + size);
        var streams = heads.ConvertAll(head =>
        {
            var numbers = Descending(FollowUpChatLists.FirstOf(head), head.FollowUps - known);
            return ReadAsync(head.Key, numbers, atOnce, cancellation);
        });
        return await SortedMerge.MergeAsync(streams, NewestFirst, cancellation)
            .Skip(skipped - known).Take(size).ToListAsync(cancellation);
    }

    /// <summary>
    /// Merges the lists by status of the conversations. The follow-ups of the page are read, those before it are not,
    /// so an outdated row on an earlier page may move this one.
    /// </summary>
    private async Task<IReadOnlyList<FollowUp>> OfStatusesAsync(
        List<Conversation> heads,
        HashSet<FollowUpStatus> statuses,
        int skipped,
        int size,
        CancellationToken cancellation)
    {
        var streams = await Workers.RunAsync(
            heads, TableReads.Width, head => ListsAsync(head, statuses, skipped + size, cancellation));
        var listed = OncePerFollowUp(SortedMerge.MergeAsync(
            [.. streams.SelectMany(lists => lists)], ChatListRow.Order, cancellation)).Skip(skipped);
        var shown = new List<FollowUp>();
        await using var rows = listed.GetAsyncEnumerator(cancellation);
        for (var more = true; more && shown.Count < size;)
        {
            var batch = new List<ChatListRow>();
            while (batch.Count < size - shown.Count && (more = await rows.MoveNextAsync()))
            {
                batch.Add(rows.Current);
            }

            shown.AddRange(await VerifyAsync(batch, statuses, cancellation));
        }

        return shown;
    }

    private async Task<List<IAsyncEnumerable<ChatListRow>>> ListsAsync(
        Conversation head, HashSet<FollowUpStatus> statuses, int wanted, CancellationToken cancellation)
    {
        var ended = statuses.Where(status => status != FollowUpStatus.Pending).ToList();
        if (ended.Count > 0 && !await lists.IsCompleteAsync(head, cancellation))
        {
            return [OfNumbersAsync(head, statuses, cancellation)];
        }

        var found = head.FollowUps == 0
            ? []
            : ended.ConvertAll(status => lists.ReadAsync(head, status, wanted, cancellation));
        if (statuses.Contains(FollowUpStatus.Pending))
        {
            found.Add(head.Pending
                .OrderByDescending(pending => pending.Number)
                .Select(pending => new ChatListRow(head.Key, pending))
                .ToAsyncEnumerable());
        }

        return found;
    }

    /// <summary>Reads all follow-ups of a conversation whose lists are not complete.</summary>
    private IAsyncEnumerable<ChatListRow> OfNumbersAsync(
        Conversation head, HashSet<FollowUpStatus> statuses, CancellationToken cancellation)
    {
        var numbers = Descending(FollowUpChatLists.FirstOf(head), head.FollowUps);
        return ReadAsync(head.Key, numbers, RowsAtOnce, cancellation)
            .Where(followUp => statuses.Contains(followUp.Status))
            .Select(one => new ChatListRow(one.Conversation, one.Number, one.Status, one.CreatedAt, Row: null));
    }

    /// <summary>A follow-up that has changed its status may have several rows.</summary>
    private static async IAsyncEnumerable<ChatListRow> OncePerFollowUp(IAsyncEnumerable<ChatListRow> rows)
    {
        ChatListRow? last = null;
        await foreach (var row in rows)
        {
            if (last?.IsSameAs(row) != true)
            {
                yield return row;
            }

            last = row;
        }
    }

    /// <summary>Reads the follow-ups of rows, in their order. Outdated rows are deleted.</summary>
    private async Task<IEnumerable<FollowUp>> VerifyAsync(
        List<ChatListRow> batch, HashSet<FollowUpStatus> statuses, CancellationToken cancellation)
    {
        var read = await Workers.RunAsync(
            [.. batch.GroupBy(row => row.Conversation)],
            TableReads.Width,
            rows => ReadAsync(rows.Key, [.. rows.Select(row => row.Number)], cancellation));
        var found = read.SelectMany(followUps => followUps)
            .ToDictionary(followUp => (followUp.Conversation, followUp.Number));
        var outdated = batch
            .Where(row => row.Row is not null && StatusOf(row) != row.Status)
            .Select(row => row.Row!)
            .ToList();
        if (outdated.Count > 0)
        {
            await index.DropChatListedAsync(outdated, cancellation);
        }

        return batch
            .Select(row => found.GetValueOrDefault((row.Conversation, row.Number)))
            .OfType<FollowUp>()
            .Where(followUp => statuses.Contains(followUp.Status));

        FollowUpStatus? StatusOf(ChatListRow row) =>
            found.GetValueOrDefault((row.Conversation, row.Number))?.Status;
    }

    /// <summary>Messages have rows with the numbers of their follow-ups.</summary>
    private async IAsyncEnumerable<FollowUp> OfMessagesAsync(
        Conversation head,
        IEnumerable<EntityRef<MessageKey>> messages,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var own = messages
            .Where(message => message.Key.Conversation == head.Key)
            .Select(message => message.Key.Sequence)
            .Distinct()
            .Order();
        var links = await reader.LinksAsync(head.Key, [.. own], cancellation);
        var numbers = links.Select(link => link.FollowUp).Distinct().OrderDescending();
        await foreach (var followUp in ReadAsync(head.Key, numbers, RowsAtOnce, cancellation))
        {
            yield return followUp;
        }
    }

    private static IEnumerable<int> Descending(int first, int last) =>
        Enumerable.Range(0, Math.Max(0, last - first + 1)).Select(passed => last - passed);

    /// <summary>Reads follow-ups by numbers, which must be descending, some in a call.</summary>
    private async IAsyncEnumerable<FollowUp> ReadAsync(
        ConversationKey conversation,
        IEnumerable<int> numbers,
        int atOnce,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var chunk in numbers.Chunk(atOnce))
        {
            foreach (var followUp in await ReadAsync(conversation, chunk, cancellation))
            {
                yield return followUp;
            }
        }
    }

    /// <summary>
    /// Reads by descending number: consecutive numbers with one call, others with one call for each run.
    /// </summary>
    private async Task<IEnumerable<FollowUp>> ReadAsync(
        ConversationKey conversation,
        int[] numbers,
        CancellationToken cancellation)
    {
        var found = await reader.FindAllAsync(conversation, numbers, cancellation);
        return numbers.Where(found.ContainsKey).Select(number => found[number]);
    }

    private static (DateTimeOffset CreatedAt, int Conversation, int Number) OrderOf(FollowUp followUp) =>
        (followUp.CreatedAt, followUp.Conversation.Number, followUp.Number);
}
