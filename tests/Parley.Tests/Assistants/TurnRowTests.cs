using System.Collections.Immutable;
using Azure.Data.Tables;
using Parley.Assistants;
using Parley.Storage;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Assistants;

/// <summary>A turn comes back from its row as it was, whatever it holds, by way of a service with all its limits.</summary>
public sealed class TurnRowTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 12, 0, 0, 123, TimeSpan.Zero);

    private readonly ParleyTables tables = new(new StrictTables(new VirtualTime()).Connect().ServiceClient());

    [Fact]
    public async Task Every_field_comes_back() => await AssertKeptAsync(Empty with
    {
        IsAutoReply = true,
        Status = TurnStatus.Ended,
        Error = TurnError.RateLimited,
        RetryAfter = TimeSpan.FromSeconds(2.5),
        CancelAsked = true,
        EndedAt = At.AddSeconds(3),
        FirstEvent = 7,
        Reply = 3,
        Scores = new TurnScores(0, 0.25, 0.5, 0.75, 1, null),
        Revision = 4,
        EditId = "edit",
    });

    [Fact]
    public async Task An_empty_one_comes_back() => await AssertKeptAsync(Empty);

    [Theory]
    [InlineData(1)]
    [InlineData(0x7F)]
    [InlineData(0x80)]
    [InlineData(0x3FFF)]
    [InlineData(0x4000)]
    [InlineData(100_000)]
    public async Task Parts_of_every_length_come_back(int length) => await AssertKeptAsync(Saying([1, length, 2]));

    [Fact]
    public async Task The_most_parts_come_back() => await AssertKeptAsync(Saying([.. Enumerable.Repeat(2, TurnRow.MaxParts)]));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task The_longest_text_comes_back_also_where_characters_meet_the_ends_of_properties(int before)
    {
        var text = new string('x', before) + string.Concat(Enumerable.Repeat("🙂", (ReplyText.MaxLength - before) / 2));
        await AssertKeptAsync(Empty with { Text = text, Parts = [text.Length] });
    }

    [Fact]
    public async Task What_is_said_grows_by_merging()
    {
        var turn = Empty;
        await AddAsync(turn);
        foreach (var part in new[] { "one ", new string('x', 70_000), "🙂" })
        {
            turn = turn.Saying(part);
            await MergeAsync(TurnRow.Said(turn));
            AssertSame(turn, await ReadAsync());
        }

        turn = turn with { Status = TurnStatus.Ended, EndedAt = At, Error = TurnError.Cancelled, Reply = 2, Beat = 9 };
        await MergeAsync(TurnRow.Ended(turn));
        AssertSame(turn, await ReadAsync());
        Assert.Equal(9, (await ReadAsync()).Beat);
    }

    [Fact]
    public async Task Forgetting_leaves_nothing_of_the_text_and_the_numbers_of_its_events()
    {
        var turn = Saying([5, 40_000, 30_000, 20_000]) with { Status = TurnStatus.Ended, EndedAt = At, Reply = 2 };
        await AddAsync(turn);
        await MergeAsync(TurnRow.Forgotten(turn));
        var forgotten = await ReadAsync();
        AssertSame(turn with { Text = "", Parts = [0, 0, 0, 0] }, forgotten);
        Assert.Equal(turn.NextEvent, forgotten.NextEvent);
        var row = await tables.Conversations.FindAsync(turn.Key.Conversation.PartitionKey, RowKeys.Turn(1), CancellationToken.None);
        Assert.All(row!.Where(property => property.Key.StartsWith("Text", StringComparison.Ordinal)), property => Assert.Equal("", property.Value));
    }

    [Fact]
    public async Task Asking_for_the_end_changes_nothing_else()
    {
        var turn = Saying([3]);
        await AddAsync(turn);
        await MergeAsync(TurnRow.CancelAsked(turn));
        AssertSame(turn with { CancelAsked = true }, await ReadAsync());
    }

    private static Turn Empty { get; } = new()
    {
        Key = new MessageKey(new ConversationKey(new TenantId(1), 2), 1),
        Check = 1,
        ConversationCheck = 2,
        Chatbot = new EntityId(EntityKind.Chatbot, new ConversationKey(new TenantId(1), 3), 0, 4).ToGuid(),
        ChatbotName = "Bot",
        IsAutoReply = false,
        Status = TurnStatus.Running,
        Attempt = 2,
        ProducerId = "producer",
        CreatedAt = At,
        DueAt = At.AddMinutes(4),
    };

    private static Turn Saying(ImmutableList<int> parts) => Empty with { Text = new string('x', parts.Sum()), Parts = parts };

    private async Task AssertKeptAsync(Turn turn)
    {
        await AddAsync(turn);
        AssertSame(turn, await ReadAsync());
    }

    private static void AssertSame(Turn expected, Turn actual)
    {
        Assert.Equal(expected.Parts, actual.Parts);
        Assert.Equal(expected with { Parts = actual.Parts, ETag = default, Beat = 0 }, actual with { ETag = default, Beat = 0 });
    }

    private async Task AddAsync(Turn turn)
    {
        await tables.CreateIfNotExistsAsync(CancellationToken.None);
        await tables.Conversations.AddEntityAsync(TurnRow.Create(turn));
    }

    private async Task MergeAsync(TableEntity row) => await tables.Conversations.UpdateEntityAsync(row, Azure.ETag.All, TableUpdateMode.Merge);

    private async Task<Turn> ReadAsync() => (await TurnRow.FindAsync(tables, Empty.Key, CancellationToken.None))!;
}
