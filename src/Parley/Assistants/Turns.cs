using Parley.Conversations;
using Parley.Messages;
using Parley.Storage;

namespace Parley.Assistants;

/// <summary>Makes turns that are to be inserted with the customer's message.</summary>
public sealed class Turns(TimeProvider time, Entropy entropy)
{
    /// <summary>When the timer asks again for a turn that waits in the queue.</summary>
    private static readonly TimeSpan AskAfter = TimeSpan.FromMinutes(1);

    /// <summary>One that whoever inserts it speaks.</summary>
    internal Turn Running(Conversation head, Message message, Chatbot chatbot) =>
        Of(head, message, chatbot) with { Status = TurnStatus.Running, Attempt = 1, DueAt = time.NowInMilliseconds() + TurnWriter.LookAfter };

    /// <summary>One for the queue.</summary>
    internal Turn Queued(Conversation head, Message message, Chatbot chatbot) => Of(head, message, chatbot) with { IsAutoReply = true };

    private Turn Of(Conversation head, Message message, Chatbot chatbot) => new()
    {
        Key = message.Key,
        Check = entropy.NextBits(EntityId.CheckBits),
        ConversationCheck = head.Check,
        Chatbot = chatbot.Id,
        ChatbotName = chatbot.Name,
        IsAutoReply = false,
        Status = TurnStatus.Queued,
        Attempt = 0,
        ProducerId = entropy.NextWriteId(),
        CreatedAt = message.CreatedAt,
        DueAt = time.NowInMilliseconds() + AskAfter,
    };
}
