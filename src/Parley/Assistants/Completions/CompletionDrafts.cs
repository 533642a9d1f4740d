using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;

namespace Parley.Assistants.Completions;

/// <summary>Creates completions that are inserted with the customer's message.</summary>
public sealed class CompletionDrafts(TimeProvider time, RandomSource random)
{
    /// <summary>The delay before the timer enqueues a queued completion again.</summary>
    private static readonly TimeSpan EnqueueAfter = TimeSpan.FromMinutes(1);

    /// <summary>A completion whose producer runs in the process that inserts it.</summary>
    internal Completion Running(Conversation head, Message message, Chatbot chatbot) =>
        Create(head, message, chatbot) with
        {
            Status = CompletionStatus.Running,
            Attempt = 1,
            DueAt = time.NowInMilliseconds() + CompletionWriter.CheckAfter,
        };

    /// <summary>An automatic reply, which a queue message starts.</summary>
    internal Completion Queued(Conversation head, Message message, Chatbot chatbot) =>
        Create(head, message, chatbot) with { IsAutoReply = true };

    private Completion Create(Conversation head, Message message, Chatbot chatbot) => new()
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
