using Azure;
using Azure.Data.Tables;
using Parley.Conversations;
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
        var until = time.GetUtcNow().AddHours(1);
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
                        await DeleteWithoutHeadAsync(other, first);
                    }
                },
            }),
            time,
            seed: 2);

        // The change needs a message that is deleted before its second attempt, by an instance of a version before
        // 0.3.0. That leaves the head as it is, so the first attempt can still land.
        var refused = await Assert.ThrowsAsync<ParleyException>(() => process.Transaction.EditAsync(
            id,
            async (head, plan, token) =>
            {
                plan.Next = await MessageRow.FindAsync(process.Tables, first.Key, token) is { DeletedBy: null }
                    ? head with { HandedOffUntil = until }
                    : throw ErrorCode.MessageDeleted.With("The message has been deleted.");
            },
            CancellationToken.None));
        landLate!();

        Assert.Equal(ErrorCode.StorageUnavailable, refused.Code);
        var stored = await other.Conversations.GetAsync(id, CancellationToken.None);
        Assert.Equal(until, stored.HandedOffUntil);
    }

    private static async Task DeleteWithoutHeadAsync(ParleyProcess process, Message message) =>
        await process.Tables.Conversations.UpdateEntityAsync(
            new TableEntity(message.Key.Conversation.PartitionKey, MessageRowKeys.Message(message.Key.Sequence)) { ["DeletedBy"] = "test" },
            ETag.All);

    private static async Task<Message> AppendAsync(ParleyProcess process, EntityRef<ConversationKey> id) =>
        (await process.Append.AppendAsync(
            id, new NewMessage(MessageRole.Assistant, "text", null, null, null), null, CancellationToken.None)).Message;
}
