using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;

namespace Parley.Assistants.Completions;

/// <summary>The deletion of a reply also removes its text from the rows of the completion.</summary>
internal sealed class CompletionTextDeletion(CompletionStore store) : IMessageDeletionPart
{
    public int MaxOperations => 1;

    public async Task AddAsync(ConversationPlan plan, Message message, CancellationToken cancellation)
    {
        // The row contains the text of the reply only if the reply is that of the completion's last attempt.
        if (message.Completion is { } number
            && await store.FindAsync(message.Key with { Sequence = number }, cancellation) is { } completion
            && completion.Reply == message.Key.Sequence)
        {
            if (completion.Chunks > 0)
            {
                // The process that ended the completion may have died before it deleted the chunks.
                await store.DeleteChunksAsync(completion.Key, completion.Attempt, cancellation);
            }

            plan.Add(new TableTransactionAction(
                TableTransactionActionType.UpdateMerge, CompletionRow.TextCleared(completion), completion.ETag));
        }
    }
}
