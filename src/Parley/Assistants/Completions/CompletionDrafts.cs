using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;

namespace Parley.Assistants.Completions;

/// <summary>Makes turns that are to be inserted with the customer's message.</summary>
public sealed class CompletionDrafts(TimeProvider time, RandomSource random)
{
    /// <summary>When the timer asks again for a turn that waits in the queue.</summary>
    private static readonly TimeSpan EnqueueAfter = TimeSpan.FromMinutes(1);

    /// <summary>One that whoever inserts it speaks.</summary>
    internal Completion Running(Conversation head, Message message, Chatbot chatbot) =>
        Of(head, message, chatbot) with { Status = CompletionStatus.Running, Attempt = 1, DueAt = time.NowInMilliseconds() + CompletionWriter.CheckAfter };

    /// <summary>One for the queue.</summary>
    internal Completion Queued(Conversation head, Message message, Chatbot chatbot) => Of(head, message, chatbot) with { IsAutoReply = true };

    private Completion Of(Conversation head, Message message, Chatbot chatbot) => new()
    {
        Key = message.Key,
        Check = random.NextBits(EntityId.CheckBits),
        ConversationCheck = head.Check,
        Chatbot = chatbot.Id,
        ChatbotName = chatbot.Name,
        IsAutoReply = false,
        Status = CompletionStatus.Queued,
        Attempt = 0,
        ProducerId = random.NextWriteId(),
        CreatedAt = message.CreatedAt,
        DueAt = time.NowInMilliseconds() + EnqueueAfter,
    };
}
