using Azure.Data.Tables;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Core;
using Parley.Tenants.Limits;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>The timer's recovery of due completions.</summary>
public sealed class CompletionRecoveryTests
{
    [Fact]
    public Task A_queued_reply_is_not_enqueued_again_at_every_tick() => RunAsync(async (model, process, _) =>
    {
        await PostAsync(model, process);
        Assert.Equal(1, model.Queue.Count);

        for (var minute = 0; minute < 16; minute++)
        {
            await Task.Delay(TimeSpan.FromMinutes(1), model.Run.Time);
            await Task.WhenAll(process.CompletionRecovery.RunAsync(CancellationToken.None), process.CompletionRecovery.RunAsync(CancellationToken.None));
        }

        // Enqueued after one, six and eleven minutes.
        Assert.InRange(model.Queue.Count, 4, 5);
        await model.DeliverAsync(CompletionOperations.Production, process);
        await model.VerifyAsync();
    });

    [Fact]
    public Task A_completion_is_not_enqueued_before_it_is_due() => RunAsync(async (model, process, _) =>
    {
        await PostAsync(model, process);
        model.Queue.Take();
        await Task.Delay(TimeSpan.FromSeconds(45), model.Run.Time);

        // Still within the minute in which it is due.
        await process.CompletionRecovery.RunAsync(CancellationToken.None);
        Assert.Equal(0, model.Queue.Count);

        await Task.Delay(TimeSpan.FromSeconds(20), model.Run.Time);
        await process.CompletionRecovery.RunAsync(CancellationToken.None);
        Assert.Equal(1, model.Queue.Count);
        await model.DeliverAsync(CompletionOperations.Production, process);
    });

    [Fact]
    public Task A_row_that_cannot_be_read_does_not_stop_the_others() => RunAsync(async (model, process, unseen) =>
    {
        await PostAsync(model, process);
        model.Queue.Take();
        var due = (await process.Tables.ScheduledRowsAsync()).Single(row => row.RowKey.StartsWith(CompletionRowKeys.ScheduledCompletions, StringComparison.Ordinal));
        var table = due.IsInDue ? unseen.Tables.Due : unseen.Tables.Schedule;
        await table.AddEntityAsync(new TableEntity(due.PartitionKey, $"{CompletionRowKeys.ScheduledCompletions}0"));
        await Task.Delay(TimeSpan.FromMinutes(2), model.Run.Time);

        await process.CompletionRecovery.RunAsync(CancellationToken.None);

        Assert.Equal(1, model.Queue.Count);
        await table.DeleteEntityAsync(due.PartitionKey, $"{CompletionRowKeys.ScheduledCompletions}0");
        await model.DeliverAsync(CompletionOperations.Production, process);
    });

    [Fact]
    public Task A_retry_under_a_key_does_not_restart_a_disabled_chatbot() => RunAsync(async (model, process, _) =>
    {
        var request = new CompletionRequest("client", "/words 5 /pace 300", Conversation: null, IsKeyed: true);
        var (dying, connection) = model.Start("dying", 2);
        var producing = model.CompleteAsync(CompletionOperations.Production, dying, request);
        await Task.Delay(TimeSpan.FromSeconds(1), model.Run.Time);
        connection.Kill();
        await Assert.ThrowsAsync<CrashException>(() => producing);
        await process.ChatbotWriter.ChangeAsync(CompletionModel.Chatbot, chatbot => chatbot with { Enabled = false }, null, CancellationToken.None);

        Assert.Equal(CompletionError.Interrupted, (await model.CompleteAsync(CompletionOperations.Production, process, request)).Error);
        var refused = await Assert.ThrowsAsync<ParleyException>(() => model.CompleteAsync(CompletionOperations.Production, process, request));

        Assert.Equal(ErrorCode.ChatbotDisabled, refused.Code);
        Assert.Equal(1, model.Log.Of(model.Log.Completions.Single()).Attempt);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task A_new_attempt_answers_the_current_message(bool isDeleted) => RunAsync(async (model, process, _) =>
    {
        var request = new CompletionRequest("client", "/words 5 /pace 300", model.Conversations[0], IsKeyed: true);
        var (dying, connection) = model.Start("dying", 2);
        var producing = model.CompleteAsync(CompletionOperations.Production, dying, request);
        await Task.Delay(TimeSpan.FromSeconds(1), model.Run.Time);
        connection.Kill();
        await Assert.ThrowsAsync<CrashException>(() => producing);
        var (id, message) = (new EntityRef<ConversationKey>(model.Conversations[0], null), $"{new MessageKey(model.Conversations[0], 1).IntegerId}");
        Assert.Equal(CompletionError.Interrupted, (await model.CompleteAsync(CompletionOperations.Production, process, request)).Error);

        if (isDeleted)
        {
            await process.Change.DeleteAsync(id, message, "editor", null, CancellationToken.None);
            var refused = await Assert.ThrowsAsync<ParleyException>(() => model.CompleteAsync(CompletionOperations.Production, process, request));
            Assert.Equal(ErrorCode.MessageDeleted, refused.Code);
        }
        else
        {
            await process.Change.EditAsync(id, message, "/words 2 /pace 0", "editor", null, CancellationToken.None);
            Assert.Equal("word1 word2", (await model.CompleteAsync(CompletionOperations.Production, process, request)).Text);
        }
    });

    [Fact]
    public Task A_queued_completion_with_a_requested_cancellation_does_not_begin() => RunAsync(async (model, process, _) =>
    {
        await PostAsync(model, process);
        var completion = model.Log.Of(model.Log.Completions.Single());
        await process.CompletionWriter.RequestCancelAsync(completion, CancellationToken.None);

        await model.DeliverAsync(CompletionOperations.Production, process);

        Assert.Equal((CompletionStatus.Ended, CompletionError.Cancelled, 0), (model.Log.Of(completion.Key).Status, model.Log.Of(completion.Key).Error, model.Log.Of(completion.Key).Attempt));
    });

    [Fact]
    public Task A_queued_completion_waits_in_the_queue_while_its_tenant_has_too_many() => RunAsync(async (model, process, _) =>
    {
        await PostAsync(model, process);
        var message = model.Queue.Take()!;
        var slots = new List<IDisposable>();
        while (process.Bounds.RunningCompletions.TryTake(model.Conversations[0].Tenant) is { } slot)
        {
            slots.Add(slot);
        }

        await process.AutoReplies.RunAsync(message.Message, CancellationToken.None);
        model.Queue.Complete(message);
        Assert.Equal((CompletionStatus.Queued, 1), (model.Log.Of(model.Log.Completions.Single()).Status, model.Queue.Count));
        Assert.Null(model.Queue.Take());

        slots.ForEach(slot => slot.Dispose());
        await Task.Delay(TenantBound.RetryAfter, model.Run.Time);
        await model.DeliverAsync(CompletionOperations.Production, process);
        Assert.Equal((CompletionStatus.Ended, null), (model.Log.Of(model.Log.Completions.Single()).Status, model.Log.Of(model.Log.Completions.Single()).Error));

        // The slot was returned.
        Assert.Equal(slots.Count, Enumerable.Range(0, 1000).Count(_ => process.Bounds.RunningCompletions.TryTake(model.Conversations[0].Tenant) is not null));
    });

    /// <summary>The host runs 24 messages of a queue at once: a tenant's slow provider must leave some to others.</summary>
    [Fact]
    public Task A_tenant_has_only_some_of_the_queued_replies_at_once() => RunAsync(
        async (model, _, _) =>
        {
            var reads = 0;
            var process = model.StartSlow("counted", 5, call => Count(call));
            foreach (var conversation in model.Conversations)
            {
                await model.PostAsync(process, new CompletionRequest($"poster {conversation}", "/words 4 /pace 1000", conversation, IsKeyed: false));
            }

            var messages = Enumerable.Range(0, model.Queue.Count).Select(_ => model.Queue.Take()!).ToList();
            Assert.Equal(AutoReplies.RepliesPerTenant + 2, messages.Count);
            var running = messages.Take(AutoReplies.RepliesPerTenant).Select(message => process.AutoReplies.RunAsync(message.Message, CancellationToken.None)).ToList();
            await Task.Delay(TimeSpan.FromSeconds(1), model.Run.Time);
            Assert.All(running, reply => Assert.False(reply.IsCompleted));

            // A message that must wait costs no read.
            var late = messages[^1];
            (messages, var before) = (messages[AutoReplies.RepliesPerTenant..], reads);
            await process.AutoReplies.RunAsync(late.Message with { Waits = 3 }, CancellationToken.None);
            Assert.Equal(before, reads);
            await Task.WhenAll(running);

            Assert.Null(model.Queue.Take());
            await Task.Delay(TenantBound.RetryAfter * 8, model.Run.Time);
            Assert.Equal(late.Message with { Waits = 4 }, model.Queue.Take()!.Message);
            await Task.WhenAll(messages.Select(message => process.AutoReplies.RunAsync(message.Message, CancellationToken.None)));
            Assert.All(model.Log.Completions, key => Assert.Equal((CompletionStatus.Ended, null), (model.Log.Of(key).Status, model.Log.Of(key).Error)));

            TimeSpan Count(TableCall call)
            {
                reads += call.IsWrite ? 0 : 1;
                return TimeSpan.FromMilliseconds(5);
            }
        },
        conversations: AutoReplies.RepliesPerTenant + 2);

    /// <summary>The timer enqueues the completion again, so its messages must not wait for ever.</summary>
    [Fact]
    public Task A_message_waits_a_limited_number_of_times() => RunAsync(async (model, process, _) =>
    {
        await PostAsync(model, process);
        var reply = model.Queue.Take()!.Message;
        var waited = TimeSpan.Zero;
        while (process.Bounds.RunningCompletions.TryTake(model.Conversations[0].Tenant) is not null)
        {
            // Takes every slot.
        }

        for (var wait = 0; wait < AutoReplies.MaxWaits; wait++)
        {
            await process.AutoReplies.RunAsync(reply with { Waits = wait }, CancellationToken.None);
            waited += TenantBound.RetryAfter * (1 << wait);
            await Task.Delay(TenantBound.RetryAfter * (1 << wait), model.Run.Time);
            Assert.Equal(wait + 1, model.Queue.Take()!.Message.Waits);
        }

        var queued = model.Queue.Count;
        await process.AutoReplies.RunAsync(reply with { Waits = AutoReplies.MaxWaits }, CancellationToken.None);
        Assert.Equal(queued, model.Queue.Count);
        Assert.True(waited > TimeSpan.FromMinutes(5));
    });

    [Fact]
    public Task A_request_beyond_the_bound_stores_nothing_and_a_repetition_joins() => RunAsync(async (model, process, _) =>
    {
        var keyed = new CompletionRequest("client", "/words 5 /pace 300", Conversation: null, IsKeyed: true);
        var running = model.CompleteAsync(CompletionOperations.Production, process, keyed);
        await Task.Delay(TimeSpan.FromSeconds(1), model.Run.Time);
        while (process.Bounds.RunningCompletions.TryTake(model.Conversations[0].Tenant) is not null)
        {
            // Takes every slot that is left.
        }

        var before = model.Log.Completions.Count;
        foreach (var conversation in new ConversationKey?[] { null, model.Conversations[0] })
        {
            var refused = await Assert.ThrowsAsync<ParleyException>(() => model.CompleteAsync(
                CompletionOperations.Production, process, new CompletionRequest("other", "/words 1", conversation, IsKeyed: false)));
            Assert.Equal(ErrorCode.QuotaExceeded, refused.Code);
        }

        var joined = await model.CompleteAsync(CompletionOperations.Production, process, keyed);
        Assert.Equal((await running).Text, joined.Text);
        Assert.Equal(before, model.Log.Completions.Count);
        Assert.Equal(2, await process.Tables.Conversations.QueryAsync<TableEntity>().CountAsync(row => row.RowKey == ConversationRowKeys.Head));
    });

    private static Task PostAsync(CompletionModel model, ParleyProcess process) =>
        model.PostAsync(process, new CompletionRequest("poster", "/words 4 /pace 0", model.Conversations[0], IsKeyed: false));

    private static Task<Simulation> RunAsync(
        Func<CompletionModel, ParleyProcess, ParleyProcess, Task> act, int conversations = 1) => Interleaving.RunAsync(1, async run =>
    {
        var tables = new StrictTables(run.Time);
        var model = new CompletionModel(run, tables);
        await model.BuildAsync(conversations);
        await act(model, model.Unscheduled(), new ParleyProcess(tables.Connect(), run.Time, seed: 3));
        await model.ReachQuiescenceAsync(CompletionOperations.Production, model.Unscheduled());
        model.Log.Verify();
    });
}
