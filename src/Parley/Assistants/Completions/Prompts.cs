using System.Text;
using Microsoft.Extensions.AI;
using Parley.Assistants.Chatbots;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Files;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>
/// What a provider is told: the chatbot's instructions, the conversation before the message as far as the budget goes, and the message with its
/// payloads and the text of its files. One call for the history, one for each file.
/// </summary>
public sealed class Prompts(ParleyTables tables, FileStore files, AssistantOptions options)
{
    /// <summary>Messages that are looked at for the history.</summary>
    internal const int MaxHistory = 100;

    /// <summary>Of a file, its first characters.</summary>
    internal const int MaxFileCharacters = 32_768;

    /// <summary>UTF-8 has at most so many bytes for one UTF-16 unit.</summary>
    private const int MaxBytesPerCharacter = 3;

    /// <summary>
    /// A token is taken for three bytes of UTF-8, and a message for four tokens more: more than the common models' tokenizers count for most texts, so that
    /// the budget is kept whichever model it is. (English has some four bytes to a token, other scripts mostly two to six.)
    /// </summary>
    private const int BytesPerToken = 3;

    private const int TokensPerMessage = 4;

    /// <summary>Builds it.</summary>
    internal async Task<IReadOnlyList<ChatMessage>> BuildAsync(Chatbot chatbot, Message message, CancellationToken cancellation)
    {
        var messages = new List<ChatMessage>();
        if (!string.IsNullOrEmpty(chatbot.Instructions))
        {
            messages.Add(new ChatMessage(ChatRole.System, chatbot.Instructions));
        }

        messages.AddRange(await HistoryAsync(message, cancellation));
        messages.Add(new ChatMessage(ChatRole.User, await QuestionAsync(message, cancellation)));
        return messages;
    }

    /// <summary>The context that a client sent beside a message's content; null when it sent none.</summary>
    internal static string? ContextOf(Message message)
    {
        var parts = new[] { ("contentPayload", message.ContentPayload), ("queryMetadata", message.QueryMetadata) }
            .Where(part => part.Item2 is not null).Select(part => $"{part.Item1}: {part.Item2}").ToList();
        return parts.Count == 0 ? null : string.Join('\n', parts);
    }

    private async Task<IEnumerable<ChatMessage>> HistoryAsync(Message message, CancellationToken cancellation)
    {
        var (first, last) = (Math.Max(1, message.Key.Sequence - MaxHistory), message.Key.Sequence - 1);
        if (last < first || options.HistoryTokens == 0)
        {
            return [];
        }

        var before = await MessageRow.ReadRangeAsync(tables, message.Key.Conversation, first, last, cancellation).ToListAsync(cancellation);
        var left = options.HistoryTokens;
        return before.Where(one => one.Text.Length > 0).Reverse()
            .TakeWhile(one => (left -= Tokens(one.Text)) >= 0)
            .Reverse()
            .Select(one => new ChatMessage(one.Role == MessageRole.Customer ? ChatRole.User : ChatRole.Assistant, one.Text));
    }

    private async Task<string> QuestionAsync(Message message, CancellationToken cancellation)
    {
        var asked = new StringBuilder(message.Text);
        if (ContextOf(message) is { } context)
        {
            asked.Append("\n\n").Append(context);
        }

        foreach (var attachment in message.Attachments)
        {
            asked.Append("\n\nAttachment ").Append(attachment.Name);
            if (attachment.File is { } file && await ReadTextAsync(message.Key.Conversation, file, cancellation) is { } text)
            {
                asked.Append(":\n").Append(text);
            }
            else if (attachment.Url is { } url)
            {
                // Passed on and never fetched: whose server it is, nobody knows.
                asked.Append(": ").Append(url);
            }
        }

        return asked.ToString();
    }

    /// <summary>The beginning of a file's text; null when it is none: its bytes are not UTF-8, or have a NUL.</summary>
    private async Task<string?> ReadTextAsync(ConversationKey conversation, StoredFile file, CancellationToken cancellation)
    {
        var bytes = await files.ReadStartAsync(conversation, file.Id, MaxFileCharacters * MaxBytesPerCharacter, cancellation);
        return bytes is null ? null : FileText.Read(bytes, isWhole: bytes.Length == file.Size, MaxFileCharacters);
    }

    private static int Tokens(string text) => TokensPerMessage + ((Encoding.UTF8.GetByteCount(text) + BytesPerToken - 1) / BytesPerToken);
}
