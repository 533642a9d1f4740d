using Azure.Data.Tables;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>What races leave in the lists by status: nothing, or their pages would overlap.</summary>
public sealed class FollowUpListTests
{
    [Fact]
    public Task Lost_races_leave_no_rows_behind() => Interleaving.ExploreAsync(150, async run =>
    {
        var model = new FollowUpModel(run, new StrictTables(run.Time));
        await model.BuildAsync(conversations: 3);
        var (setup, now) = (model.Unscheduled(), run.Time.GetUtcNow());
        var made = new List<FollowUp>();
        for (var i = 0; i < 6; i++)
        {
            made.Add((await setup.FollowUpWriter.CreateAsync(
                new EntityRef<ConversationKey>(model.Conversations[i % 3], null), now, FollowUpModel.TextOf($"{i}"), "test", null, CancellationToken.None)).FollowUp);
        }

        // All at once: two runs that send, a customer's answers, a hand-off, changes that re-date and cancel, another creation.
        var chunk = new FollowUpChunk(ScheduleRowKeys.SchedulePartition(now), FollowUpRowKeys.ScheduledFollowUps, KeyParts.EndOf(FollowUpRowKeys.ScheduledFollowUps));
        var number = 0;
        await Task.WhenAll(
            DoAsync(process => process.FollowUpSender.SendAsync(chunk, CancellationToken.None)),
            DoAsync(process => process.FollowUpSender.SendAsync(chunk, CancellationToken.None)),
            DoAsync(process => process.Append.AppendAsync(Chat(0), new(MessageRole.Customer, "answer", null, null, null), null, CancellationToken.None)),
            DoAsync(process => process.Append.AppendAsync(Chat(0), new(MessageRole.Customer, "answer again", null, null, null), null, CancellationToken.None)),
            DoAsync(process => process.ConversationChange.ChangeAsync(Chat(1), head => head with { HandedOffUntil = now.AddHours(1) }, "agent", null, CancellationToken.None)),
            DoAsync(process => process.FollowUpWriter.ChangeAsync(Appends.Tenant, $"{made[2].Id}", new() { DueAt = now.AddHours(1) }, "test", null, CancellationToken.None)),
            DoAsync(process => process.FollowUpWriter.ChangeAsync(Appends.Tenant, $"{made[2].Id}", new() { Status = FollowUpStatus.Cancelled }, "test", null, CancellationToken.None)),
            DoAsync(process => process.FollowUpWriter.CreateAsync(Chat(2), now.AddHours(1), FollowUpModel.TextOf("new"), "test", null, CancellationToken.None)));

        var rows = await setup.Tables.Tenants.QueryAsync<TableEntity>().Where(row => row.RowKey.StartsWith("fs|", StringComparison.Ordinal)).Select(row => row.RowKey).ToListAsync();
        var listed = await setup.FollowUpList.ReadAsync(Appends.Tenant, new([], [], [], []), 1, 100, CancellationToken.None);

        // But for a number that nobody took in the end: whoever takes it next may have written the same row.
        var taken = listed.Select(one => (one.Conversation.Number, one.Number)).ToHashSet();
        var left = rows.Where(row => FollowUpRowKeys.ReadFollowUpInList(row) is var key && taken.Contains((key.Conversation, key.Number)));
        Assert.Equal(listed.Select(one => IndexedFollowUp.Of(one).ConversationIndexRow.RowKey).Order(StringComparer.Ordinal), left.Order(StringComparer.Ordinal));

        EntityRef<ConversationKey> Chat(int i) => new(model.Conversations[i], null);

        async Task DoAsync(Func<ParleyProcess, Task> act)
        {
            try
            {
                await act(model.Start($"p{++number}", number, TimeSpan.Zero).Process);
            }
            catch (ParleyException e) when (e.Code.Kind is ErrorKind.Conflict or ErrorKind.Unavailable)
            {
                // Somebody was faster, or so much happened meanwhile that it cannot be told who was.
            }
        }
    });
}
