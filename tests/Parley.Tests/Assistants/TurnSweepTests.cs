using Azure.Data.Tables;
using Parley.Assistants;
using Parley.Problems;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Assistants;

/// <summary>What the timer does of what is due, and what it leaves.</summary>
public sealed class TurnSweepTests
{
    [Fact]
    public Task What_waits_in_the_queue_is_not_asked_for_at_every_tick() => RunAsync(async (world, process, _) =>
    {
        await PostAsync(world, process);
        Assert.Equal(1, world.Queue.Count);

        for (var minute = 0; minute < 16; minute++)
        {
            await Task.Delay(TimeSpan.FromMinutes(1), world.Run.Time);
            await Task.WhenAll(process.TurnSweep.RunAsync(CancellationToken.None), process.TurnSweep.RunAsync(CancellationToken.None));
        }

        // After one minute, six and eleven.
        Assert.InRange(world.Queue.Count, 4, 5);
        await world.DeliverAsync(TurnWays.Parleys, process);
        await world.VerifyAsync();
    });

    [Fact]
    public Task Nothing_is_looked_at_before_its_time() => RunAsync(async (world, process, _) =>
    {
        await PostAsync(world, process);
        world.Queue.Take();
        await Task.Delay(TimeSpan.FromSeconds(45), world.Run.Time);

        // In the minute in which it is due.
        await process.TurnSweep.RunAsync(CancellationToken.None);
        Assert.Equal(0, world.Queue.Count);

        await Task.Delay(TimeSpan.FromSeconds(20), world.Run.Time);
        await process.TurnSweep.RunAsync(CancellationToken.None);
        Assert.Equal(1, world.Queue.Count);
        await world.DeliverAsync(TurnWays.Parleys, process);
    });

    [Fact]
    public Task A_row_that_cannot_be_read_does_not_stop_the_others() => RunAsync(async (world, process, unseen) =>
    {
        await PostAsync(world, process);
        world.Queue.Take();
        var due = (await process.Tables.Due.QueryAsync<TableEntity>().ToListAsync()).Single(row => row.RowKey.StartsWith(RowKeys.DueTurns, StringComparison.Ordinal));
        await unseen.Tables.Due.AddEntityAsync(new TableEntity(due.PartitionKey, $"{RowKeys.DueTurns}0"));
        await Task.Delay(TimeSpan.FromMinutes(2), world.Run.Time);

        await process.TurnSweep.RunAsync(CancellationToken.None);

        Assert.Equal(1, world.Queue.Count);
        await unseen.Tables.Due.DeleteEntityAsync(due.PartitionKey, $"{RowKeys.DueTurns}0");
        await world.DeliverAsync(TurnWays.Parleys, process);
    });

    [Fact]
    public Task A_key_does_not_have_a_disabled_chatbot_begin_again() => RunAsync(async (world, process, _) =>
    {
        var request = new TurnRequest("client", "/words 5 /pace 300", Conversation: null, IsKeyed: true);
        var (dying, connection) = world.Start("dying", 2);
        var speaking = world.CompleteAsync(TurnWays.Parleys, dying, request);
        await Task.Delay(TimeSpan.FromSeconds(1), world.Run.Time);
        connection.Kill();
        await Assert.ThrowsAsync<CrashException>(() => speaking);
        await process.ChatbotWriter.ChangeAsync(TurnWorld.Chatbot, chatbot => chatbot with { Enabled = false }, null, CancellationToken.None);

        Assert.Equal(TurnError.Interrupted, (await world.CompleteAsync(TurnWays.Parleys, process, request)).Error);
        var refused = await Assert.ThrowsAsync<ParleyException>(() => world.CompleteAsync(TurnWays.Parleys, process, request));

        Assert.Equal(ErrorCode.ChatbotDisabled, refused.Code);
        Assert.Equal(1, world.Log.Of(world.Log.Turns.Single()).Attempt);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task What_is_begun_again_answers_the_message_as_it_is(bool isDeleted) => RunAsync(async (world, process, _) =>
    {
        var request = new TurnRequest("client", "/words 5 /pace 300", world.Conversations[0], IsKeyed: true);
        var (dying, connection) = world.Start("dying", 2);
        var speaking = world.CompleteAsync(TurnWays.Parleys, dying, request);
        await Task.Delay(TimeSpan.FromSeconds(1), world.Run.Time);
        connection.Kill();
        await Assert.ThrowsAsync<CrashException>(() => speaking);
        var (id, message) = (new ConversationRef(world.Conversations[0], null), $"{new MessageKey(world.Conversations[0], 1).IntegerId}");
        Assert.Equal(TurnError.Interrupted, (await world.CompleteAsync(TurnWays.Parleys, process, request)).Error);

        if (isDeleted)
        {
            await process.Change.DeleteAsync(id, message, "editor", null, CancellationToken.None);
            var refused = await Assert.ThrowsAsync<ParleyException>(() => world.CompleteAsync(TurnWays.Parleys, process, request));
            Assert.Equal(ErrorCode.MessageDeleted, refused.Code);
        }
        else
        {
            await process.Change.EditAsync(id, message, "/words 2 /pace 0", "editor", null, CancellationToken.None);
            Assert.Equal("word1 word2", (await world.CompleteAsync(TurnWays.Parleys, process, request)).Text);
        }
    });

    [Fact]
    public Task A_queued_turn_that_was_asked_to_be_cancelled_is_not_begun() => RunAsync(async (world, process, _) =>
    {
        await PostAsync(world, process);
        var turn = world.Log.Of(world.Log.Turns.Single());
        await process.TurnWriter.AskCancelAsync(turn, CancellationToken.None);

        await world.DeliverAsync(TurnWays.Parleys, process);

        Assert.Equal((TurnStatus.Ended, TurnError.Cancelled, 0), (world.Log.Of(turn.Key).Status, world.Log.Of(turn.Key).Error, world.Log.Of(turn.Key).Attempt));
    });

    private static Task PostAsync(TurnWorld world, ParleyProcess process) =>
        world.PostAsync(process, new TurnRequest("poster", "/words 4 /pace 0", world.Conversations[0], IsKeyed: false));

    private static Task<Simulation> RunAsync(Func<TurnWorld, ParleyProcess, ParleyProcess, Task> act) => Interleaving.RunAsync(1, async run =>
    {
        var tables = new StrictTables(run.Time);
        var world = new TurnWorld(run, tables);
        await world.BuildAsync(conversations: 1);
        await act(world, world.Unscheduled(), new ParleyProcess(tables.Connect(), run.Time, seed: 3));
        await world.CalmAsync(TurnWays.Parleys, world.Unscheduled());
        world.Log.Verify();
    });
}
