using System.Text;
using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>Reads the newest earlier messages that fit a token budget.</summary>
/// <remarks>
/// Messages are read newest first, in steps, until the budget is used up. Of each row only the properties are read that
/// can hold a text within the budget. So the bytes that are read depend on the budget, not on the messages.
/// </remarks>
internal static class PromptHistory
{
    /// <summary>Maximum number of messages that are read.</summary>
    public const int MaxMessages = 100;

    /// <summary>
    /// A token is counted as three bytes of UTF-8, and a message as four tokens more. For most texts this is more than
    /// the tokenizers of common models count, so the budget holds for any model. (English has about four bytes a token,
    /// other scripts mostly two to six.)
    /// </summary>
    private const int BytesPerToken = 3;

    private const int TokensPerMessage = 4;

    /// <summary>
    /// The messages of each call, <see cref="MaxMessages"/> together. A few long messages use up most budgets.
    /// </summary>
    private static readonly int[] Steps = [4, 12, 36, 48];

    /// <summary>Reads the history before a message: one call, and up to three more while the budget lasts.</summary>
    /// <param name="tokens">The budget.</param>
    /// <returns>The messages, oldest first.</returns>
    public static async Task<IReadOnlyList<ChatMessage>> ReadAsync(
        ParleyTables tables, MessageKey before, int tokens, CancellationToken cancellation)
    {
        var (history, left, last) = (new List<ChatMessage>(), tokens, before.Sequence - 1);
        foreach (var step in Steps)
        {
            // A message with text takes more than its fixed tokens.
            if (last < 1 || left <= TokensPerMessage)
            {
                break;
            }

            var texts = LongText.NamesWithin("Text", Math.Min(MaxLength(left), ReplyText.MaxLength));
            var first = Math.Max(1, last - step + 1);
            foreach (var row in await ReadAsync(tables, before.Conversation, first, last, texts, cancellation))
            {
                var text = await ReadTextAsync(tables, before.Conversation, row, texts.Count, cancellation);

                // Providers reject messages without text.
                if (BlankText.IsBlank(text))
                {
                    continue;
                }

                left -= Tokens(text);
                if (left < 0)
                {
                    return Reversed(history);
                }

                history.Add(MessageOf((MessageRole)row.GetInt32("Role")!.Value, text));
            }

            last = first - 1;
        }

        return Reversed(history);
    }

    /// <summary>Reads the role and some text of a range of messages, newest first, in one call.</summary>
    private static async Task<IEnumerable<TableEntity>> ReadAsync(
        ParleyTables tables,
        ConversationKey conversation,
        int first,
        int last,
        IEnumerable<string> texts,
        CancellationToken cancellation)
    {
        var filter = Filters.Range(
            conversation.PartitionKey, MessageRowKeys.Message(first), MessageRowKeys.Message(last));
        var rows = await tables.Conversations
            .QueryAsync<TableEntity>(filter, last - first + 1, ["RowKey", "Role", .. texts], cancellation)
            .Take(last - first + 1)
            .ToListAsync(cancellation);
        rows.Reverse();
        return rows;
    }

    /// <summary>
    /// Reads the text as far as its properties were selected. A text that has more of them is too long for the budget.
    /// But it takes none of the budget if it is blank, so the rest of a blank beginning is read.
    /// </summary>
    private static async Task<string> ReadTextAsync(
        ParleyTables tables,
        ConversationKey conversation,
        TableEntity row,
        int properties,
        CancellationToken cancellation)
    {
        var text = LongText.Read(row, "Text")!;
        if (text.Length < LongText.MinOfFull(properties) || !BlankText.IsBlank(text))
        {
            return text;
        }

        var key = new MessageKey(conversation, KeyParts.LastNumber(row.RowKey));
        return (await MessageRow.FindAsync(tables, key, cancellation))!.Text;
    }

    private static List<ChatMessage> Reversed(List<ChatMessage> history)
    {
        history.Reverse();
        return history;
    }

    private static ChatMessage MessageOf(MessageRole role, string text) => role == MessageRole.Customer
        ? new ChatMessage(ChatRole.User, text)
        : new ChatMessage(ChatRole.Assistant, text) { AuthorName = role == MessageRole.Staff ? "staff" : null };

    private static int Tokens(string text) =>
        TokensPerMessage + ((Encoding.UTF8.GetByteCount(text) + BytesPerToken - 1) / BytesPerToken);

    /// <summary>The most UTF-16 units of a text within a budget: each takes at least one byte of UTF-8.</summary>
    private static int MaxLength(int tokens) => (tokens - TokensPerMessage) * BytesPerToken;
}
