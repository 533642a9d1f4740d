using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>The list of a tenant's newest messages is that of a merge in memory, whatever the conversations' shares.</summary>
public sealed class RecentMessagesTests
{
    private const int Seeds = 20;

    [Fact]
    public async Task Pages_are_those_of_all_messages_by_time()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var random = new RandomSource(seed);
            var (process, sent) = await FillAsync(random, conversations: 1 + Next(random, 6), messages: Next(random, 80));
            var expected = sent.OrderByDescending(one => one.At).ThenByDescending(one => one.Key.Conversation.Number).ThenByDescending(one => one.Key.Sequence);
            var found = await WalkAsync(process, 1 + Next(random, 30), sent.Count);
            Assert.Equal(expected.Select(one => one.Key), found);
        }
    }

    [Fact]
    public async Task Later_messages_do_not_move_the_pages()
    {
        var (process, sent) = await FillAsync(new RandomSource(1), conversations: 3, messages: 30);
        var recent = process.Recent;
        var first = await recent.ReadAsync(Appends.Tenant, null, 10, CancellationToken.None);
        await Appends.AppendAsync(process, sent[0].Key.Conversation, "later");
        var second = await recent.ReadAsync(Appends.Tenant, first.Next, 20, CancellationToken.None);

        Assert.Null(second.Next);
        Assert.Equal(30, second.Count);
        Assert.Equal(30, first.Messages.Concat(second.Messages).Select(one => one.Message.Key).Distinct().Count());
        Assert.DoesNotContain(second.Messages, one => one.Message.Text == "later");
        Assert.Equal(31, (await recent.ReadAsync(Appends.Tenant, null, 10, CancellationToken.None)).Count);
    }

    [Fact]
    public async Task At_most_a_thousand_messages_of_a_hundred_conversations_are_reached()
    {
        var (process, _) = await FillAsync(new RandomSource(1), conversations: 120, messages: 0);
        for (var number = 1; number <= 120; number++)
        {
            await Appends.AppendAsync(process, new ConversationKey(Appends.Tenant, number), "one");
        }

        Assert.Equal(100, (await WalkAsync(process, 100, 100)).Count);
        for (var i = 0; i < 1_000; i++)
        {
            await Appends.AppendAsync(process, new ConversationKey(Appends.Tenant, 120), "more");
        }

        Assert.Equal(1_000, (await WalkAsync(process, 100, 1_000)).Count);
    }

    private static async Task<List<MessageKey>> WalkAsync(ParleyProcess process, int pageSize, int count)
    {
        var found = new List<MessageKey>();
        string? cursor = null;
        do
        {
            var page = await process.Recent.ReadAsync(Appends.Tenant, cursor, pageSize, CancellationToken.None);
            Assert.Equal(count, page.Count);
            Assert.All(page.Messages, one => Assert.Equal(one.Message.Key.Conversation, one.Conversation.Key));
            found.AddRange(page.Messages.Select(one => one.Message.Key));
            cursor = page.Next;
            Assert.True(cursor is null || page.Messages.Count == pageSize);
        }
        while (cursor is not null);

        return found;
    }

    private static async Task<(ParleyProcess Process, List<(MessageKey Key, DateTimeOffset At)> Sent)> FillAsync(
        RandomSource random, int conversations, int messages)
    {
        var time = new VirtualTime(new DateTimeOffset(2026, 1, 2, 9, 30, 30, TimeSpan.Zero));
        var process = new ParleyProcess(new StrictTables(time).Connect(), time, seed: 1);
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        var keys = new List<ConversationKey>();
        for (var i = 0; i < conversations; i++)
        {
            var (created, _) = await process.Creation.CreateAsync(
                Appends.Tenant, new(null, null, null, null, null, null, null), null, CancellationToken.None);
            keys.Add(created.Key);
        }

        var sent = new List<(MessageKey, DateTimeOffset)>();
        for (var i = 0; i < messages; i++)
        {
            // Half of them within one millisecond of the last.
            time.Advance(TimeSpan.FromMilliseconds(Next(random, 2) * Next(random, 90_000)));
            var key = keys[Math.Min(Next(random, conversations), Next(random, conversations))];
            var stored = await process.Append.AppendAsync(
                new EntityRef<ConversationKey>(key, null), new NewMessage(MessageRole.Customer, $"{i}", null, null, null), null, CancellationToken.None);
            sent.Add((stored.Message.Key, stored.Message.CreatedAt));
        }

        return (process, sent);
    }

    private static int Next(RandomSource random, int below) => (int)(random.NextBits(30) % below);
}
