using System.Collections.Immutable;
using Azure.Data.Tables;
using Parley.Assistants.Completions;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>
/// A completion is read from its row as it was written, with any content, through a service that enforces all its
/// limits.
/// </summary>
public sealed class CompletionRowTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 12, 0, 0, 123, TimeSpan.Zero);

    private readonly ParleyTables tables = new(new StrictTables(new VirtualTime()).Connect().ServiceClient());

    [Fact]
    public async Task Every_field_is_read_as_written() => await AssertKeptAsync(Empty with
    {
        IsAutoReply = true,
        Status = CompletionStatus.Ended,
        Error = CompletionError.RateLimited,
        RetryAfter = TimeSpan.FromSeconds(2.5),
        CancelRequested = true,
        EndedAt = At.AddSeconds(3),
        FirstEvent = 7,
        Reply = 3,
        Scores = new CompletionScores(0, 0.25, 0.5, 0.75, 1, null),
        Revision = 4,
        EditId = "edit",
    });

    /// <summary>Earlier versions fail at an error that they do not know.</summary>
    [Fact]
    public async Task An_empty_reply_is_unavailable_for_earlier_versions()
    {
        var ended = Empty with { Status = CompletionStatus.Ended, Error = CompletionError.Empty, EndedAt = At };

        await AssertKeptAsync(ended);
        Assert.Equal((int)CompletionError.Unavailable, CompletionRow.Create(ended).GetInt32("Error"));
        Assert.Equal((int)CompletionError.Unavailable, CompletionRow.Ended(ended).GetInt32("Error"));
    }

    [Fact]
    public async Task An_empty_completion_is_read_as_written() => await AssertKeptAsync(Empty);

    [Theory]
    [InlineData(1)]
    [InlineData(0x7F)]
    [InlineData(0x80)]
    [InlineData(0x3FFF)]
    [InlineData(0x4000)]
    [InlineData(100_000)]
    public async Task Parts_of_every_length_are_read_as_written(int length) => await AssertKeptAsync(WithText([1, length, 2]));

    [Fact]
    public async Task The_maximum_number_of_parts_is_read_as_written() => await AssertKeptAsync(WithText([.. Enumerable.Repeat(2, CompletionRow.MaxParts)]));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task The_longest_text_is_read_as_written_even_if_characters_span_two_properties(int before)
    {
        var text = new string('x', before) + string.Concat(Enumerable.Repeat("🙂", (ReplyText.MaxLength - before) / 2));
        await AssertKeptAsync(Empty with { Parts = [text] });
    }

    [Fact]
    public async Task Text_is_appended_in_chunks_and_merged_at_the_end()
    {
        var completion = Empty;
        await AddAsync(completion);
        foreach (var part in new[] { "one ", new string('x', 70_000), "🙂" })
        {
            completion = completion.WithText(part);
            await AddEventAsync(completion);
            AssertSame(completion, await ReadAsync());
        }

        completion = completion with { Status = CompletionStatus.Ended, EndedAt = At, Error = CompletionError.Cancelled, Reply = 2, Heartbeat = 9 };
        await MergeAsync(CompletionRow.Ended(completion));
        AssertSame(completion, await ReadAsync());
        Assert.Equal(9, (await ReadAsync()).Heartbeat);
    }

    [Fact]
    public async Task Forgetting_removes_the_text_and_keeps_the_event_numbers()
    {
        var completion = WithText([5, 40_000, 30_000, 20_000]) with { Status = CompletionStatus.Ended, EndedAt = At, Reply = 2 };
        await AddAsync(completion);
        await MergeAsync(CompletionRow.TextCleared(completion));
        var forgotten = await ReadAsync();
        AssertSame(completion with { Parts = ["", "", "", ""] }, forgotten);
        Assert.Equal(completion.NextEvent, forgotten.NextEvent);
        var row = await tables.Conversations.FindAsync(completion.Key.Conversation.PartitionKey, CompletionRowKeys.Completion(1), CancellationToken.None);
        Assert.All(row!.Where(property => property.Key.StartsWith("Text", StringComparison.Ordinal)), property => Assert.Equal("", property.Value));
    }

    [Fact]
    public async Task Requesting_cancellation_changes_nothing_else()
    {
        var completion = WithText([3]);
        await AddAsync(completion);
        await MergeAsync(CompletionRow.CancelRequested(completion));
        AssertSame(completion with { CancelRequested = true }, await ReadAsync());
    }

    private static Completion Empty { get; } = new()
    {
        Key = new MessageKey(new ConversationKey(new TenantId(1), 2), 1),
        Check = 1,
        ConversationCheck = 2,
        Chatbot = new EntityId(EntityKind.Chatbot, new ConversationKey(new TenantId(1), 3), 0, 4).ToGuid(),
        ChatbotName = "Bot",
        IsAutoReply = false,
        Status = CompletionStatus.Running,
        Attempt = 2,
        ProducerId = "producer",
        CreatedAt = At,
        DueAt = At.AddMinutes(4),
    };

    private static Completion WithText(ImmutableList<int> parts) => Empty with { Parts = [.. parts.Select(length => new string('x', length))] };

    private async Task AssertKeptAsync(Completion completion)
    {
        await AddAsync(completion);
        AssertSame(completion, await ReadAsync());
    }

    private static void AssertSame(Completion expected, Completion actual)
    {
        Assert.Equal(expected.Parts, actual.Parts);
        Assert.Equal(expected with { Parts = actual.Parts, ETag = default, Heartbeat = 0, ChunkStart = 0 }, actual with { ETag = default, Heartbeat = 0, ChunkStart = 0 });
    }

    private async Task AddAsync(Completion completion)
    {
        await tables.CreateIfNotExistsAsync(CancellationToken.None);
        await tables.Conversations.AddEntityAsync(CompletionRow.Create(completion));
    }

    private async Task MergeAsync(TableEntity row) => await tables.Conversations.UpdateEntityAsync(row, Azure.ETag.All, TableUpdateMode.Merge);

    private async Task<Completion> ReadAsync() => (await CompletionRows.FindAsync(tables, Empty.Key, known: null, CancellationToken.None))!;

    /// <summary>Stores the last event of a completion.</summary>
    private async Task AddEventAsync(Completion completion) =>
        await CompletionRows.AddEventAsync(tables, completion, Azure.ETag.All, CancellationToken.None);
}
