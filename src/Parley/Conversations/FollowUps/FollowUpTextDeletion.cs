using Azure;
using Azure.Data.Tables;
using Parley.Conversations.Messages;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// The deletion of a message also removes the text of the follow-up that was sent as the message.
/// </summary>
internal sealed class FollowUpTextDeletion : IMessageDeletionPart
{
    public int MaxOperations => 1;

    public Task AddAsync(ConversationPlan plan, Message message, CancellationToken cancellation)
    {
        if (message.FollowUp is { } followUp)
        {
            // A client's concurrent change replaces the row under the ETag that it read. It fails after this merge, and
            // its next attempt reads the empty text.
            var row = new TableEntity(message.Key.Conversation.PartitionKey, FollowUpRowKeys.FollowUp(followUp))
            {
                ["Text"] = "",
            };
            plan.Add(new TableTransactionAction(TableTransactionActionType.UpdateMerge, row, ETag.All));
        }

        return Task.CompletedTask;
    }
}
