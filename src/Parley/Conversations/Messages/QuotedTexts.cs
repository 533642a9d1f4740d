using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>
/// Looks up quoted messages. Those among the given messages cost nothing, the others one call for each run of near numbers. A
/// quote stores only the number, so it shows an edited text, and no text after a deletion.
/// </summary>
public sealed class QuotedTexts(ParleyTables tables)
{
    /// <summary>Returns the texts of the messages that these messages quote, by number, without deleted ones.</summary>
    internal async Task<IReadOnlyDictionary<int, string>> ReadAsync(
        ConversationKey conversation, List<Message> messages, CancellationToken cancellation)
    {
        var texts = new Dictionary<int, string>();
        var wanted = messages
            .Where(message => message.Quoted is not null)
            .Select(message => message.Quoted!.Value)
            .ToHashSet();
        if (wanted.Count == 0)
        {
            return texts;
        }

        var here = messages.Where(message => wanted.Remove(message.Key.Sequence)).ToList();
        var elsewhere = await MessageRow.FindAllAsync(tables, conversation, wanted, cancellation);
        foreach (var quoted in here.Concat(elsewhere).Where(quoted => quoted.DeletedBy is null))
        {
            texts[quoted.Key.Sequence] = quoted.Text;
        }

        return texts;
    }
}
