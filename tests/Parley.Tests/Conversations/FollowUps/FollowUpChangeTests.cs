using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.DevHost;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>
/// A client's change of one follow-up, compared with the rule: generated stored follow-ups and bodies, each field absent,
/// null or a value.
/// </summary>
public sealed class FollowUpChangeTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 9, 0, 0, TimeSpan.Zero);

    private readonly ManualTime time = new(Start);
    private readonly StrictTables tables;
    private readonly ParleyProcess process;
    private int writes;

    public FollowUpChangeTests()
    {
        tables = new StrictTables(time);
        var connection = tables.Connect("process", new TableHooks { After = (call, _) => writes += call.IsWrite ? 1 : 0 });
        process = new ParleyProcess(connection, time, seed: 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_change_follows_the_rule(int seed)
    {
        var random = new Random(seed);
        var (foreign, changed, refused) = (await MessageAsync(await NewChatAsync()), 0, 0);
        for (var i = 0; i < 300; i++)
        {
            var wanted = FollowUpChangeCase.Any(random);
            var isRefused = await VerifyAsync(wanted, foreign);
            (changed, refused) = (changed + (isRefused ? 0 : 1), refused + (isRefused ? 1 : 0));
        }

        Assert.True(changed > 40 && refused > 40, $"{changed} changed, {refused} refused");
    }

    /// <summary>Every stored status with every status and every time in a body that has nothing else.</summary>
    [Fact]
    public async Task Every_status_with_every_time_follows_the_rule()
    {
        var foreign = await MessageAsync(await NewChatAsync());
        var cases =
            from stored in Enum.GetValues<FollowUpStatus>()
            from to in (FollowUpStatus?[])[null, .. Enum.GetValues<FollowUpStatus>()]
            from finished in Enum.GetValues<SentTime>()
            from isDuePast in new[] { false, true }
            select new FollowUpChangeCase(stored, StoredMessage.None, isDuePast, to, finished, SentMessage.Absent, SentMessage.Absent, null, null, null, NamesOtherChat: false);
        foreach (var wanted in cases)
        {
            await VerifyAsync(wanted, foreign);
        }
    }

    [Fact]
    public async Task A_repeated_creation_returns_the_first_trigger_after_a_change_of_it()
    {
        var chat = await NewChatAsync();
        var key = IdempotencyKey.Create("create", ["body"]);
        var (created, _) = await CreateAsync(chat, key);
        var other = await MessageAsync(chat);

        var changed = await ChangeAsync(created, new FollowUpChange { TriggerId = $"{other}" });
        await ChangeAsync(created, new FollowUpChange { TriggerId = $"{await MessageAsync(chat)}" });
        var (repeated, replayed) = await CreateAsync(chat, key);

        Assert.Equal(other, changed.TriggerId);
        Assert.True(replayed);
        Assert.Equal((created.TriggerId, 1), (repeated.TriggerId, repeated.Revision));
    }

    [Fact]
    public async Task A_message_that_was_recorded_before_Parley_sent_another_is_not_shown_with_the_follow_up()
    {
        var chat = await NewChatAsync();
        var (created, _) = await CreateAsync(chat, null);
        var recorded = await MessageAsync(chat);
        await ChangeAsync(created, new FollowUpChange { MessageId = $"{recorded}" });

        await SendAsync((await process.FollowUps.FindAsync(chat, created.Number, CancellationToken.None))!);

        var of = await process.FollowUps.OfMessagesAsync(chat, [1, 2, 3], CancellationToken.None);
        Assert.Equal([1, 0, 1], [of[1].Count(), of[2].Count(), of[3].Count()]);
    }

    private async Task<bool> VerifyAsync(FollowUpChangeCase wanted, Guid foreign)
    {
        var chat = await NewChatAsync();
        var before = await StoreAsync(wanted, chat);
        var other = await MessageAsync(chat);
        time.Advance(TimeSpan.FromMinutes(wanted.IsDuePast ? 90 : 10));
        var now = time.GetUtcNow();
        var (errors, expected) = wanted.Expect(before, other, now);
        var body = wanted.Body(before, other, foreign, now);
        writes = 0;

        var error = await Record.ExceptionAsync(() => ChangeAsync(before, body));

        var after = (await process.FollowUps.FindAsync(chat, before.Number, CancellationToken.None))!;
        if (errors.Count > 0)
        {
            Assert.True(error is ParleyException known && errors.Contains(known.Code), $"{wanted}: {error?.Message ?? "taken"}");
            Assert.Equal((0, before), (writes, after));
            return true;
        }

        Assert.True(error is null, $"{wanted}: {error?.Message}");
        Assert.Equal(expected, FollowUpValues.Of(after));
        Assert.Equal(wanted.To ?? wanted.Stored, after.Status);
        var isChanged = expected != FollowUpValues.Of(before) || after.Status != before.Status;
        Assert.Equal((before.Revision + (isChanged ? 1 : 0), isChanged), (after.Revision, writes > 0));
        Assert.Equal(after.Revision, await process.FollowUps.EventsAsync(after, CancellationToken.None).CountAsync());
        await VerifyLinksAsync(after);

        // The same body again changes nothing.
        Assert.Equal(after.Revision, (await ChangeAsync(after, body)).Revision);
        return false;
    }

    private async Task VerifyLinksAsync(FollowUp followUp)
    {
        var last = (await process.Conversations.GetAsync(new EntityRef<ConversationKey>(followUp.Conversation, null), CancellationToken.None)).Last;
        var links = await process.FollowUps.LinksAsync(followUp.Conversation, [.. Enumerable.Range(1, last)], CancellationToken.None);
        Assert.Equal(FollowUpMessages.NumbersOf(followUp).Order(), links.Select(link => link.Message).Order());
    }

    private async Task<FollowUp> StoreAsync(FollowUpChangeCase wanted, ConversationKey chat)
    {
        var (created, _) = await CreateAsync(chat, null);
        if (wanted.Message == StoredMessage.OfParley)
        {
            await SendAsync(created);
        }
        else if (wanted.Stored != FollowUpStatus.Pending || wanted.Message == StoredMessage.OfClient)
        {
            await ChangeAsync(created, new FollowUpChange
            {
                Status = wanted.Stored,
                Reason = "stored",
                MessageId = wanted.Message == StoredMessage.OfClient ? $"{await MessageAsync(chat)}" : null,
            });
        }

        return (await process.FollowUps.FindAsync(chat, created.Number, CancellationToken.None))!;
    }

    private async Task<ConversationKey> NewChatAsync()
    {
        var chat = await Appends.NewConversationAsync(tables, time);
        await MessageAsync(chat);
        return chat;
    }

    private async Task<Guid> MessageAsync(ConversationKey chat) => (await process.Append.AppendAsync(
        new EntityRef<ConversationKey>(chat, null), new NewMessage(MessageRole.Assistant, "text", null, null, null), null, CancellationToken.None)).Message.Id;

    private async Task<(FollowUp FollowUp, bool Replayed)> CreateAsync(ConversationKey chat, IdempotencyKey? key)
    {
        var (followUp, replayed) = await process.FollowUpWriter.CreateAsync(
            new EntityRef<ConversationKey>(chat, null), time.GetUtcNow().AddHours(1), "text", "test", key, CancellationToken.None);
        return (followUp, replayed);
    }

    private Task<Appended> SendAsync(FollowUp followUp) => process.Append.AppendWithAsync(
        [new FollowUpSending(followUp, process.FollowUps, process.FollowUpIndex, time)],
        new EntityRef<ConversationKey>(followUp.Conversation, null),
        new NewMessage(MessageRole.Assistant, followUp.Text, null, null, null),
        key: null,
        CancellationToken.None);

    private Task<FollowUp> ChangeAsync(FollowUp followUp, FollowUpChange change) =>
        process.FollowUpWriter.ChangeAsync(Appends.Tenant, $"{followUp.Id}", change, "test", expected: null, CancellationToken.None);
}
