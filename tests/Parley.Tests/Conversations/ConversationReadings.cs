using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>Compares every read path of a conversation with the model.</summary>
internal sealed class ConversationReadings(
    ParleyProcess process, ConversationKey conversation, ConversationModel model, IReadOnlyDictionary<int, Guid> ticketIds, Random random)
{
    private readonly EntityRef<ConversationKey> id = new(conversation, null);

    private int Last => model.Messages.Count;

    public async Task VerifyAsync()
    {
        await VerifyHeadAsync();
        await VerifyPageAsync(newestFirst: true);
        await VerifyPageAsync(newestFirst: false);
        await VerifyCursorsAsync();
        await VerifyChatAsync(null, null);
        await VerifyChatAsync(AnyThread(), null);
        await VerifyChatAsync(random.Next(2) == 0 ? null : AnyThread(), AnyTickets());
        await VerifyThreadsAsync();
        await VerifyTicketsAsync();
    }

    private async Task VerifyHeadAsync()
    {
        var head = await process.Conversations.GetAsync(id, CancellationToken.None);
        var last = model.Messages.LastOrDefault();
        var preview = last?.Text is { Length: > 500 } text ? text[..(char.IsHighSurrogate(text[499]) ? 499 : 500)] : last?.Text;
        Assert.Equal((Last, preview, last?.CreatedAt), (head.Last, head.LastMessage, head.LastMessageAt));
        Assert.Equal((model.Unread, model.ReadUpTo, model.LastReadAt), (head.Unread, head.ReadUpTo, head.LastReadAt));
        Assert.Equal(model.Settings, new ModelSettings(head.Title, head.Metadata, head.AutoReplyEnabled, head.HandedOffUntil));
        Assert.Equal((model.Tickets.Count, model.OpenTicket), (head.Tickets, head.OpenTicket));
        Assert.Equal(model.Revision, head.Revision);

        var listed = await process.ConversationList.ReadAsync(
            conversation.Tenant, new ConversationFilter(random.Next(2) == 0 ? null : head.Inbox!.Id, null), null, 5, CancellationToken.None);
        Assert.Equal((head.Id, head.Revision), (Assert.Single(listed.Conversations).Id, listed.Conversations[0].Revision));
        var unread = await process.Unread.ReadAsync(conversation.Tenant, [head], CancellationToken.None);
        Assert.Equal(model.Unread > 0 ? 1 : 0, Assert.Single(unread).Value);
    }

    private async Task VerifyPageAsync(bool newestFirst)
    {
        var perPage = random.Next(1, Last + 3);
        var page = random.Next(1, Last / perPage + 3);
        var found = await process.Pages.ReadAsync(id, page, perPage, newestFirst, CancellationToken.None);

        var ordered = newestFirst ? Enumerable.Reverse(model.Messages) : model.Messages;
        var expected = ordered.Skip((page - 1) * perPage).Take(perPage).ToList();
        Assert.Equal(expected, found.Messages.Select(ModelMessage.Of));
        Assert.Equal(Last, found.Total);
        Assert.All(expected.Where(message => message.Quoted is not null), message =>
            Assert.Equal(model.QuotedText(message.Quoted!.Value), found.QuotedTexts.GetValueOrDefault(message.Quoted.Value)));
    }

    /// <summary>
    /// Reads to the oldest page and back again; the way back must return the pages of the way there, except its last
    /// one.
    /// </summary>
    private async Task VerifyCursorsAsync()
    {
        var pageSize = PageSize(Last);
        var there = new List<Message>();
        var page = await PageAsync(null);
        Assert.Null(page.Previous);
        there.AddRange(page.Messages);
        while (page.Next is { } next)
        {
            page = await PageAsync(next);
            there.AddRange(page.Messages);
        }

        Assert.Equal(Enumerable.Reverse(model.Messages), there.Select(ModelMessage.Of));

        var back = page.Messages.Reverse().ToList();
        while (page.Previous is { } previous)
        {
            page = await PageAsync(previous);
            back.AddRange(page.Messages.Reverse());
        }

        Assert.Equal(model.Messages, back.Select(ModelMessage.Of));

        async Task<CursorPage> PageAsync(string? cursor)
        {
            var found = (await process.Pages.ReadNewestAsync(id, cursor, pageSize, CancellationToken.None))!;
            Assert.InRange(found.Messages.Count, Last == 0 ? 0 : 1, pageSize);
            return found;
        }
    }

    private async Task VerifyChatAsync(string? thread, List<int>? tickets)
    {
        // An id that names no thread matches nothing, and so does an id that names no ticket.
        var expected = model.Matching(thread is null ? null : Guid.TryParse(thread, out var uuid) ? uuid : Guid.Empty, tickets);
        var limit = PageSize(expected.Count);
        var filter = new ChatFilter(thread, [.. (tickets ?? []).Select(TicketId)]);
        var found = new List<Message>();
        string? cursor = null;
        do
        {
            var page = await process.Chats.OpenAsync(id, filter, cursor, limit, CancellationToken.None);
            Assert.Equal(expected.Count, page.Total);
            var before = found.Count;
            await foreach (var message in page.Messages)
            {
                found.Add(message);
            }

            Assert.Equal(page.Next is null ? expected.Count : before + limit, found.Count);
            cursor = page.Next;
        }
        while (cursor is not null);

        Assert.Equal(expected, found.Select(ModelMessage.Of));
    }

    private async Task VerifyThreadsAsync()
    {
        var (limit, found, cursor) = (PageSize(model.Threads.Count), new List<KeyValuePair<int, Guid>>(), (string?)null);
        do
        {
            var page = await process.Threads.ListAsync(conversation, cursor, limit, CancellationToken.None);
            found.AddRange(page.Threads.Select(thread => KeyValuePair.Create(thread.Sequence, thread.Id)));
            cursor = page.Next;
        }
        while (cursor is not null);

        Assert.Equal(model.Threads, found);
    }

    private async Task VerifyTicketsAsync()
    {
        var (limit, found, cursor) = (PageSize(model.Tickets.Count), new List<ModelTicket>(), (string?)null);
        do
        {
            var page = await process.Tickets.ListAsync(conversation, cursor, limit, CancellationToken.None);
            found.AddRange(page.Tickets.Select(ModelTicket.Of));
            cursor = page.Next;
        }
        while (cursor is not null);

        Assert.Equal(model.Tickets, found);
    }

    /// <summary>A page size with which a walk takes at most three pages.</summary>
    private int PageSize(int count) => random.Next(Math.Max(1, (count + 2) / 3), count + 2);

    private string AnyThread() => model.Threads.Count == 0 || random.Next(8) == 0
        ? "no thread"
        : $"{model.Threads.Values.ElementAt(random.Next(model.Threads.Count))}";

    /// <summary>Some of the tickets in any order, possibly with one that does not exist.</summary>
    private List<int> AnyTickets()
    {
        var numbers = Enumerable.Range(1, model.Tickets.Count + 1).ToArray();
        random.Shuffle(numbers);
        return [.. numbers.Take(random.Next(1, numbers.Length + 1))];
    }

    private string TicketId(int number) => $"{ticketIds.GetValueOrDefault(number, new EntityId(EntityKind.Ticket, conversation, number, 5).ToGuid())}";
}
