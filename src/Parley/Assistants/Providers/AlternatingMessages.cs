using Microsoft.Extensions.AI;

namespace Parley.Assistants.Providers;

/// <summary>
/// Arranges a conversation in turns. The chat templates of many models, and the servers that run them, reject a
/// conversation that begins with the assistant or has two messages of one role in a row. Both are usual here: staff
/// writes first, and a question whose reply failed is followed by the next one.
/// </summary>
internal static class AlternatingMessages
{
    private const string BlankLine = "\n\n";

    private const string BeforeFirst =
        "These messages were sent to the customer before the customer's first message below:";

    /// <summary>
    /// Joins neighbouring messages of one role by a blank line. Messages of the assistant before the user's first one
    /// become part of the instructions. No text is dropped.
    /// </summary>
    /// <param name="messages">
    /// The conversation. The author of an assistant's message, if it has one, is named in the instructions.
    /// </param>
    public static IReadOnlyList<ChatMessage> Arrange(IReadOnlyList<ChatMessage> messages)
    {
        var first = messages.TakeWhile(message => message.Role != ChatRole.User).Count();
        var start = messages.Take(first).ToLookup(message => message.Role == ChatRole.Assistant);
        var turns = start[false].ToList();
        if (start[true].Any())
        {
            turns.Add(new ChatMessage(ChatRole.System, BeforeFirst));
            turns.AddRange(start[true].Select(message => new ChatMessage(
                ChatRole.System, $"{message.AuthorName ?? message.Role.Value}: {message.Text}")));
        }

        return Join(turns.Concat(messages.Skip(first)));
    }

    private static List<ChatMessage> Join(IEnumerable<ChatMessage> messages)
    {
        var turns = new List<ChatMessage>();
        foreach (var message in messages)
        {
            if (turns is [.., var last] && last.Role == message.Role)
            {
                turns[^1] = new ChatMessage(message.Role, last.Text + BlankLine + message.Text);
            }
            else
            {
                turns.Add(message);
            }
        }

        return turns;
    }
}
