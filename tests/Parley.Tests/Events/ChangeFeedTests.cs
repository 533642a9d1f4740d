using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Events;
using Parley.Storage;
using Parley.Storage.ChangeLog;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Events;

/// <summary>The feed of one writer: what it contains, when, and in pages of every size.</summary>
public sealed class ChangeFeedTests
{
    private readonly VirtualTime time = new(new DateTimeOffset(2026, 1, 2, 9, 30, 30, TimeSpan.Zero));
    private readonly StrictTables tables;
    private readonly ParleyProcess process;
    private readonly ChangeFeed feed;

    public ChangeFeedTests()
    {
        tables = new StrictTables(time);
        process = new ParleyProcess(tables.Connect("writer"), time, seed: 1);
        var clock = new StorageClock(time);
        feed = new ChangeFeed(new ParleyTables(tables.Connect("reader").ServiceClient(clock: clock)), clock);
    }

    [Fact]
    public async Task A_minute_is_returned_thirty_seconds_after_its_end_and_not_before()
    {
        var conversation = await NewConversationAsync();

        time.Advance(TimeSpan.FromSeconds(59));
        Assert.Empty((await ReadAsync(FeedPosition.Beginning)).Changes);
        Assert.Equal(["conversation.created"], Names((await ReadAsync(conversation, FeedPosition.Beginning)).Changes));

        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["sender.created", "conversation.created"], Names((await ReadAsync(FeedPosition.Beginning)).Changes));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    public async Task Pages_of_every_size_return_the_same_changes_also_within_a_transaction(int limit)
    {
        var (first, second) = (await NewConversationAsync(), await NewConversationAsync());
        for (var i = 0; i < 3; i++)
        {
            await AnswerAsync(first);
            time.Advance(TimeSpan.FromSeconds(40));
            await Appends.AppendAsync(process, second, $"{i}");
        }

        await FollowUpAsync(first);
        await FollowUpAsync(first);

        // The message cancels both follow-ups: three changes in one transaction.
        await Appends.AppendAsync(process, first, "reply");
        time.Advance(TimeSpan.FromMinutes(2));
        var whole = (await ReadAsync(FeedPosition.Beginning)).Changes;
        Assert.Equal(["message.created", "follow_up.cancelled", "follow_up.cancelled"], Names(whole.Where(change => change.Position.Number == first.Number).TakeLast(3)));

        Assert.Equal(whole.Select(change => change.Id), await AllAsync(limit, (after, size) => ReadAsync(after, size)));
        Assert.Equal(
            whole.Where(change => change.Position.Number == first.Number && change.Position.IsInConversation).Select(change => change.Id),
            await AllAsync(limit, (after, size) => ReadAsync(first, after, size)));
    }

    [Fact]
    public async Task Types_that_are_not_wanted_are_left_out_and_passed()
    {
        var conversation = await NewConversationAsync();
        await Appends.AppendAsync(process, conversation, "text");
        time.Advance(TimeSpan.FromMinutes(2));

        var ids = await AllAsync(
            limit: 1, (after, size) => feed.ReadAsync(Appends.Tenant, after, size, type => type == ChangeType.TicketCreated, CancellationToken.None));

        Assert.Empty(ids);
    }

    [Fact]
    public async Task An_index_row_without_changes_and_another_tenants_rows_are_passed()
    {
        var conversation = await NewConversationAsync();
        var minute = time.GetUtcNow().Minute();
        await process.Tables.Tenants.AddEntityAsync(ConversationRowKeys.LogIndexRow(conversation with { Number = 99 }, minute));
        await process.Creation.CreateAsync(new TenantId(2), new("other", "web", null, null, null, null, null), null, CancellationToken.None);
        time.Advance(TimeSpan.FromMinutes(2));

        Assert.All((await ReadAsync(FeedPosition.Beginning)).Changes, change => Assert.Equal(Appends.Tenant, change.Tenant));
        Assert.Equal(2, (await ReadAsync(FeedPosition.Beginning)).Changes.Count);
    }

    [Fact]
    public async Task A_call_looks_through_a_thousand_index_rows_and_the_next_one_goes_on()
    {
        var conversation = await NewConversationAsync();
        var minute = time.GetUtcNow().Minute();
        foreach (var rows in Enumerable.Range(100, 1_500).Select(number => ConversationRowKeys.LogIndexRow(conversation with { Number = number }, minute)).GroupBy(row => row.PartitionKey))
        {
            await process.Tables.Tenants.UpsertAllAsync(rows, CancellationToken.None);
        }

        time.Advance(TimeSpan.FromMinutes(2));
        var first = await ReadAsync(FeedPosition.Beginning);
        var second = await ReadAsync(first.Next);

        Assert.Equal((2, false), (first.Changes.Count, first.IsAtEnd));
        Assert.Equal((0, true), (second.Changes.Count, second.IsAtEnd));
    }

    [Fact]
    public async Task A_change_says_who_made_it()
    {
        ChangeActor.Set(new ChangeActor(7, "Shop"));
        var conversation = await NewConversationAsync();
        ChangeActor.Set(null);
        await Appends.AppendAsync(process, conversation, "text");

        var changes = (await ReadAsync(conversation, FeedPosition.Beginning)).Changes;

        Assert.Equal([new ChangeActor(7, "Shop"), null], changes.Select(change => change.Actor));
        Assert.Equal(["1-1-1-0", "1-1-2-0"], changes.Select(change => change.Id));
        Assert.All(changes, change => Assert.Equal(time.GetUtcNow(), change.At));
    }

    [Fact]
    public void Positions_sort_as_their_keys()
    {
        var random = new Random(1);
        var positions = Enumerable.Range(0, 200).Select(_ => new FeedPosition(random.Next(3), 6 + random.Next(4), random.Next(12), random.Next(12), 0)).Distinct().ToList();

        Assert.Equal(
            positions.Order().Select(position => position.ObjectKey),
            positions.Select(position => position.ObjectKey).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_type_has_a_name_that_is_read_again()
    {
        Assert.Equal(Enum.GetValues<ChangeType>().Length, ChangeTypes.All.Distinct().Count());
        Assert.All(ChangeTypes.All, name =>
        {
            Assert.Matches("^[a-z_]+[.][a-z_]+$", name);
            Assert.True(ChangeTypes.TryParse(name, out var type));
            Assert.Equal(name, type.Name());
        });
        Assert.Equal("conversation.handed_off", ChangeType.ConversationHandedOff.Name());
        Assert.Equal("follow_up.sent", ChangeType.FollowUpSent.Name());
        Assert.False(ChangeTypes.TryParse("follow_up", out _));
    }

    private static IEnumerable<string> Names(IEnumerable<FeedChange> changes) => changes.Select(change => change.Change.Type.Name());

    private static async Task<List<string>> AllAsync(int limit, Func<FeedPosition, int, Task<FeedPage>> read)
    {
        var (ids, page) = (new List<string>(), new FeedPage([], FeedPosition.Beginning, IsAtEnd: false));
        while (!page.IsAtEnd)
        {
            page = await read(page.Next, limit);
            Assert.InRange(page.Changes.Count, 0, limit);
            ids.AddRange(page.Changes.Select(change => change.Id));
        }

        return ids;
    }

    private Task<FeedPage> ReadAsync(FeedPosition after, int limit = 1000) =>
        feed.ReadAsync(Appends.Tenant, after, limit, _ => true, CancellationToken.None);

    private Task<FeedPage> ReadAsync(ConversationKey conversation, FeedPosition after, int limit = 1000) =>
        feed.ReadAsync(conversation, after, limit, _ => true, CancellationToken.None);

    private async Task<ConversationKey> NewConversationAsync()
    {
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        var draft = new NewConversation("Title", "web", null, "+49", "Ada", null, null);
        return (await process.Creation.CreateAsync(Appends.Tenant, draft, null, CancellationToken.None)).Conversation.Key;
    }

    private async Task AnswerAsync(ConversationKey conversation) => await process.Append.AppendAsync(
        new EntityRef<ConversationKey>(conversation, null), new NewMessage(MessageRole.Staff, "answer", null, null, null), null, CancellationToken.None);

    private async Task FollowUpAsync(ConversationKey conversation) => await process.FollowUpWriter.CreateAsync(
        new EntityRef<ConversationKey>(conversation, null), time.GetUtcNow().AddHours(1), "Still there?", "test", null, CancellationToken.None);
}
