using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.OnStrictTables;

public sealed class CrashExplorationTests
{
    [Fact]
    public async Task A_keyed_append_that_crashed_at_any_call_is_stored_once_after_the_retry()
    {
        var calls = await CrashExploration.RunAsync(
            NewModelAsync,
            (model, connection) => Appends.AppendAsync(new ParleyProcess(connection, model.Time, 1), model.Conversation, "hello", "key"),
            (model, connection) => Appends.AppendAsync(new ParleyProcess(connection, model.Time, 2), model.Conversation, "hello", "key"),
            (model, _) => Appends.VerifyAsync(model.Tables, model.Time, model.Conversation, ["hello"]),
            CrashExploration.CrashesAndLateCalls,
            seeds: 10);
        // The conversation row and the key; the row of the table Due, the activity rows and the unread row concurrently;
        // the append, the old activity rows.
        Assert.Equal(7, calls);
    }

    [Fact]
    public async Task An_append_with_a_failing_call_is_stored_once_when_it_succeeds_and_at_most_once_otherwise() =>
        await CrashExploration.RunAsync(
            NewModelAsync,
            async (model, connection) =>
            {
                await Appends.AppendAsync(new ParleyProcess(connection, model.Time, 1), model.Conversation, "hello");
                model.Acknowledged.Add("hello");
            },
            (model, connection) => Appends.AppendAsync(new ParleyProcess(connection, model.Time, 2), model.Conversation, "after"),
            async (model, connection) =>
            {
                var head = await new ParleyProcess(connection, model.Time, 3).Conversations.GetAsync(new EntityRef<ConversationKey>(model.Conversation, null), CancellationToken.None);
                await Appends.VerifyAsync(model.Tables, model.Time, model.Conversation, head.Last == 2 || model.Acknowledged.Count == 1 ? ["hello", "after"] : ["after"]);
            },
            Fault.Unanswered,
            seeds: 5);

    [Fact]
    public async Task An_edit_that_crashed_at_any_call_is_complete_after_the_retry()
    {
        var calls = await CrashExploration.RunAsync(
            async (run, tables) =>
            {
                var model = await NewModelAsync(run, tables);
                await Appends.AppendAsync(new ParleyProcess(tables.Connect("before"), run.Time, 9), model.Conversation, "hello");
                return model;
            },
            (model, connection) => EditAsync(new ParleyProcess(connection, model.Time, 1), model.Conversation),
            (model, connection) => EditAsync(new ParleyProcess(connection, model.Time, 2), model.Conversation),
            async (model, connection) =>
            {
                // The preview in the conversation row must change too.
                await Appends.VerifyAsync(model.Tables, model.Time, model.Conversation, ["edited"]);
                var message = await MessageRow.FindAsync(new ParleyProcess(connection, model.Time, 3).Tables, new MessageKey(model.Conversation, 1), CancellationToken.None);
                Assert.InRange(message!.Revision, 2, 3);
            },
            CrashExploration.CrashesAndLateCalls,
            seeds: 10);
        // The conversation row and the message concurrently, then both in one transaction.
        Assert.Equal(3, calls);

        static Task EditAsync(ParleyProcess process, ConversationKey conversation) => process.Change.EditAsync(
            new EntityRef<ConversationKey>(conversation, null), $"{new MessageKey(conversation, 1).IntegerId}", "edited", "editor", null, CancellationToken.None);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task A_keyed_creation_that_crashed_at_any_call_creates_one_conversation_after_the_retry(int minutesLater)
    {
        var draft = new NewConversation("Title", "web", null, "+49", "Ada", null, null);
        var key = IdempotencyKey.Create("key", ["draft"]);
        var calls = await CrashExploration.RunAsync(
            async (run, tables) =>
            {
                await new ParleyProcess(tables.Connect("setup"), run.Time, 0).Tables.CreateIfNotExistsAsync(CancellationToken.None);
                return (Tables: tables, run.Time);
            },
            (model, connection) => new ParleyProcess(connection, model.Time, 1).Creation.CreateAsync(Appends.Tenant, draft, key, CancellationToken.None),
            async (model, connection) =>
            {
                // In the minute of the first request, or later.
                model.Time.Advance(TimeSpan.FromMinutes(minutesLater));
                var (created, _) = await new ParleyProcess(connection, model.Time, 2).Creation.CreateAsync(Appends.Tenant, draft, key, CancellationToken.None);
                Assert.Equal((1, "Title"), (created.Key.Number, created.Title));
            },
            async (model, connection) =>
            {
                var process = new ParleyProcess(connection, model.Time, 3);
                var head = await process.Conversations.GetAsync(new EntityRef<ConversationKey>(new ConversationKey(Appends.Tenant, 1), null), CancellationToken.None);
                var rows = await process.Tables.Tenants.QueryAsync<TableEntity>().Select(row => (row.PartitionKey, row.RowKey)).ToListAsync();
                Assert.Equal(ConversationRowKeys.Conversation(1), Assert.Single(rows, row => row.RowKey.StartsWith("c|", StringComparison.Ordinal)).RowKey);
                Assert.All(ConversationActivity.ListRows(head), row => Assert.Contains((row.PartitionKey, row.RowKey), rows));
            },
            CrashExploration.CrashesAndLateCalls,
            seeds: 10);
        Assert.Equal(6, calls);
    }

    [Fact]
    public async Task A_violated_invariant_is_reported_with_the_call_and_the_side_of_the_crash()
    {
        var failure = await Assert.ThrowsAsync<CrashExplorationException>(() => CrashExploration.RunAsync(
            async (_, tables) =>
            {
                await TableOf(tables.Connect()).CreateIfNotExistsAsync();
                return 0;
            },
            async (_, connection) =>
            {
                await TableOf(connection).AddEntityAsync(new TableEntity("p", "message"));
                await TableOf(connection).AddEntityAsync(new TableEntity("p", "head"));
            },
            (_, _) => Task.CompletedTask,
            async (_, connection) => Assert.Equal(
                (await TableOf(connection).GetEntityIfExistsAsync<TableEntity>("p", "message")).HasValue,
                (await TableOf(connection).GetEntityIfExistsAsync<TableEntity>("p", "head")).HasValue)));
        Assert.StartsWith("Crash After at call 1 of 2 (act#1 Insert Table p [message]), seed 1:", failure.Message);
    }

    private static TableClient TableOf(TableConnection connection) => connection.ServiceClient().GetTableClient("Table");

    private static async Task<Model> NewModelAsync(Simulation run, StrictTables tables)
    {
        var conversation = await Appends.NewConversationAsync(tables, run.Time);
        // A later minute, so that an append moves the activity rows too.
        run.Time.Advance(TimeSpan.FromMinutes(5));
        return new Model(tables, run.Time, conversation, []);
    }

    private sealed record Model(StrictTables Tables, VirtualTime Time, ConversationKey Conversation, List<string> Acknowledged);
}
