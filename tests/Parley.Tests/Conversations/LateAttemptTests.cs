using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>An attempt that lands after its client has been answered must not contradict the answer.</summary>
public sealed class LateAttemptTests
{
    [Fact]
    public async Task A_refusal_while_an_attempt_may_still_land_is_reported_as_unknown()
    {
        var time = TimeProvider.System;
        var tables = new StrictTables(time);
        var conversation = await Appends.NewConversationAsync(tables, time);
        var id = new EntityRef<ConversationKey>(conversation, null);
        var other = new ParleyProcess(tables.Connect("other"), time, seed: 1);
        var first = await AppendAsync(other, id);
        await AppendAsync(other, id);
        var (followUp, _) = await other.FollowUpWriter.CreateAsync(
            id, time.GetUtcNow().AddHours(1), "text", "test", null, CancellationToken.None);
        Action? landLate = null;
        var isDeleted = false;
        var process = new ParleyProcess(
            tables.Connect("process", new TableHooks
            {
                Fault = call => call.Kind == TableCallKind.Transaction && call.Table == "Conversations" && landLate is null
                    ? Fault.LostLate
                    : Fault.None,
                Late = (_, land) => landLate = land,
                Before = async (_, _) =>
                {
                    if (landLate is not null && !isDeleted)
                    {
                        isDeleted = true;
                        await other.Change.DeleteAsync(id, $"{first.Id}", "test", null, CancellationToken.None);
                    }
                },
            }),
            time,
            seed: 2);

        // The first attempt names a message that is deleted before the second one. The deletion leaves the head as it
        // is, so the first attempt can still land.
        var refused = await Assert.ThrowsAsync<ParleyException>(() => process.FollowUpWriter.ChangeAsync(
            Appends.Tenant,
            $"{followUp.Id}",
            new FollowUpChange { Status = FollowUpStatus.Sent, MessageId = $"{first.Id}" },
            "test",
            expected: null,
            CancellationToken.None));
        landLate!();

        Assert.Equal(ErrorCode.StorageUnavailable, refused.Code);
        var stored = await other.FollowUps.FindAsync(conversation, followUp.Number, CancellationToken.None);
        Assert.Equal(FollowUpStatus.Sent, stored!.Status);
    }

    private static async Task<Message> AppendAsync(ParleyProcess process, EntityRef<ConversationKey> id) =>
        (await process.Append.AppendAsync(
            id, new NewMessage(MessageRole.Assistant, "text", null, null, null), null, CancellationToken.None)).Message;
}
