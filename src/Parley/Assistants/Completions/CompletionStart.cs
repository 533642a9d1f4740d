using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Storage.ChangeLog;

namespace Parley.Assistants.Completions;

/// <summary>Inserts a completion in the transaction that appends the customer's message.</summary>
/// <param name="draft">
/// Creates the completion, from the conversation before the message and the message to store; null starts none.
/// </param>
internal sealed class CompletionStart(
    CompletionStore store, Func<Conversation, Message, CancellationToken, Task<Completion?>> draft) : IMessagePart
{
    public int MaxOperations => 1;

    /// <summary>An earlier request's completion must be found, so that the records do not list a second one.</summary>
    public bool NeedsEarlierLookup => Completion is not null;

    /// <summary>
    /// The completion of the last attempt; null when it starts none. It has no ETag when the response of storage was
    /// lost: then the stored row may be that of an earlier attempt.
    /// </summary>
    public Completion? Completion { get; private set; }

    public async Task AddAsync(ConversationPlan plan, Message message, CancellationToken cancellation)
    {
        Completion = await draft(plan.Head!, message, cancellation);
        if (Completion is not { } completion)
        {
            return;
        }

        plan.Add(
            new TableTransactionAction(TableTransactionActionType.Add, CompletionRow.Create(completion)),
            response => Completion = completion with { ETag = response.Headers.ETag!.Value });
        plan.Log(ChangeType.CompletionStarted, completion.Id, completion.Revision);
        plan.Add(new IndexRowChange(token => store.WriteIndexRowsAsync(completion, token)));
        if (!completion.IsAutoReply)
        {
            plan.Next = plan.Next! with { LastChatbot = completion.Chatbot };
        }
    }
}
