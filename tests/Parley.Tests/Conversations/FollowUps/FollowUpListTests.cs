using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>Lost races must leave no rows in the lists by status, because their pages would overlap.</summary>
public sealed class FollowUpListTests
{
    [Fact]
    public Task Lost_races_leave_no_index_rows() => Interleaving.ExploreAsync(150, async run =>
    {
        var model = new FollowUpModel(run, new StrictTables(run.Time)) { Write = ScheduleTable.Schedule };
        await model.BuildAsync(conversations: 3);
        var (setup, now) = (model.Unscheduled(), run.Time.GetUtcNow());
        var created = new List<FollowUp>();
        for (var i = 0; i < 6; i++)
        {
            created.Add((await setup.FollowUpWriter.CreateAsync(
                new EntityRef<ConversationKey>(model.Conversations[i % 3], null), now, FollowUpModel.TextOf($"{i}"), "test", null, CancellationToken.None)).FollowUp);
        }

        // Concurrently: two senders of one chunk, a customer's messages, a hand-off, re-dating, cancelling and another
        // creation.
        var chunk = new FollowUpChunk(setup.Schedule.RowOf(IndexedFollowUp.Of(created[0]).Scheduled).PartitionKey, FollowUpRowKeys.ScheduledFollowUps, KeyParts.EndOf(FollowUpRowKeys.ScheduledFollowUps));
        var number = 0;
        await Task.WhenAll(
            DoAsync(process => process.FollowUpSender.SendAsync(chunk, CancellationToken.None)),
            DoAsync(process => process.FollowUpSender.SendAsync(chunk, CancellationToken.None)),
            DoAsync(process => process.Append.AppendAsync(Chat(0), new(MessageRole.Customer, "answer", null, null, null), null, CancellationToken.None)),
            DoAsync(process => process.Append.AppendAsync(Chat(0), new(MessageRole.Customer, "answer again", null, null, null), null, CancellationToken.None)),
            DoAsync(process => process.ConversationChange.ChangeAsync(Chat(1), head => head with { HandedOffUntil = now.AddHours(1) }, "agent", null, CancellationToken.None)),
            DoAsync(process => process.FollowUpWriter.ChangeAsync(Appends.Tenant, $"{created[2].Id}", new() { DueAt = now.AddHours(1) }, "test", null, CancellationToken.None)),
            DoAsync(process => process.FollowUpWriter.ChangeAsync(Appends.Tenant, $"{created[2].Id}", new() { Status = FollowUpStatus.Cancelled }, "test", null, CancellationToken.None)),
            DoAsync(process => process.FollowUpWriter.CreateAsync(Chat(2), now.AddHours(1), FollowUpModel.TextOf("new"), "test", null, CancellationToken.None)));

        var rows = await setup.Tables.Tenants.QueryAsync<TableEntity>().Where(row => row.RowKey.StartsWith("fs|", StringComparison.Ordinal)).Select(row => row.RowKey).ToListAsync();
        var listed = await setup.FollowUpList.ReadAsync(Appends.Tenant, new([], [], [], []), 1, 100, CancellationToken.None);

        // Except for a number that was not used in the end: its next user may have written the same row.
        var taken = listed.Select(one => (one.Conversation.Number, one.Number)).ToHashSet();
        var left = rows.Where(row => FollowUpRowKeys.ReadFollowUpInList(row) is var key && taken.Contains((key.Conversation, key.Number)));
        Assert.Equal(listed.Select(one => IndexedFollowUp.Of(one).StatusListRow.RowKey).Order(StringComparer.Ordinal), left.Order(StringComparer.Ordinal));

        EntityRef<ConversationKey> Chat(int i) => new(model.Conversations[i], null);

        async Task DoAsync(Func<ParleyProcess, Task> act)
        {
            try
            {
                await act(model.Start($"p{++number}", number, TimeSpan.Zero).Process);
            }
            catch (ParleyException e) when (e.Code.Kind is ErrorKind.Conflict or ErrorKind.Unavailable)
            {
                // Another actor was faster, or too many changes came in between to determine the outcome.
            }
        }
    });
}
