using System.Text;
using Microsoft.Extensions.AI;
using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Files;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>
/// Builds the messages that are sent to a provider: the chatbot's instructions, the newest earlier messages that fit
/// the token budget, and the customer's message with its payloads and the text of its files.
/// </summary>
/// <remarks>Storage calls: one for the history, and one for each file.</remarks>
public sealed class Prompts(ParleyTables tables, FileStore files, AssistantOptions options)
{
    /// <summary>Maximum number of earlier messages that are read for the history.</summary>
    internal const int MaxHistory = 100;

    /// <summary>Maximum number of characters that are taken from the beginning of a file.</summary>
    internal const int MaxFileCharacters = 32_768;

    /// <summary>A UTF-16 unit takes at most three bytes in UTF-8.</summary>
    private const int MaxBytesPerCharacter = 3;

    /// <summary>
    /// A token is counted as three bytes of UTF-8, and a message as four tokens more. For most texts this is more than
    /// the tokenizers of common models count, so the budget holds for any model. (English has about four bytes a token,
    /// other scripts mostly two to six.)
    /// </summary>
    private const int BytesPerToken = 3;

    private const int TokensPerMessage = 4;

    internal async Task<IReadOnlyList<ChatMessage>> BuildAsync(
        Chatbot chatbot,
        Message message,
        CancellationToken cancellation)
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

    /// <summary>The payloads that a client sent beside a message's content; null when there are none.</summary>
    internal static string? ContextOf(Message message)
    {
        var payloads = new[]
        {
            ("contentPayload", message.ContentPayload),
            ("queryMetadata", message.QueryMetadata),
        };
        var parts = payloads
            .Where(part => part.Item2 is not null)
            .Select(part => $"{part.Item1}: {part.Item2}")
            .ToList();
        return parts.Count == 0 ? null : string.Join('\n', parts);
    }

    private async Task<IEnumerable<ChatMessage>> HistoryAsync(Message message, CancellationToken cancellation)
    {
        var (first, last) = (Math.Max(1, message.Key.Sequence - MaxHistory), message.Key.Sequence - 1);
        if (last < first || options.HistoryTokens == 0)
        {
            return [];
        }

        var before = await MessageRow
            .ReadRangeAsync(tables, message.Key.Conversation, first, last, cancellation)
            .ToListAsync(cancellation);
        var left = options.HistoryTokens;

        // Providers reject messages without text.
        return before.Where(one => !BlankText.IsBlank(one.Text)).Reverse()
            .TakeWhile(one => (left -= Tokens(one.Text)) >= 0)
            .Reverse()
            .Select(one => one.Role == MessageRole.Customer
                ? new ChatMessage(ChatRole.User, one.Text)
                : new ChatMessage(ChatRole.Assistant, one.Text)
                {
                    AuthorName = one.Role == MessageRole.Staff ? "staff" : null,
                });
    }

    private async Task<string> QuestionAsync(Message message, CancellationToken cancellation)
    {
        var question = new StringBuilder(message.Text);
        if (ContextOf(message) is { } context)
        {
            question.Append("\n\n").Append(context);
        }

        foreach (var attachment in message.Attachments)
        {
            question.Append("\n\nAttachment ").Append(attachment.Name);
            if (attachment.File is { } file
                && await ReadTextAsync(message.Key.Conversation, file, cancellation) is { } text)
            {
                question.Append(":\n").Append(text);
            }
            else if (attachment.Url is { } url)
            {
                // The URL is sent to the provider but never fetched here: its server is unknown.
                question.Append(": ").Append(url);
            }
        }

        return question.ToString();
    }

    /// <summary>
    /// Reads the beginning of a file as text. Null when its bytes are not UTF-8 or contain a NUL.
    /// </summary>
    private async Task<string?> ReadTextAsync(
        ConversationKey conversation,
        StoredFile file,
        CancellationToken cancellation)
    {
        var bytes = await files.ReadStartAsync(
            conversation, file.Id, MaxFileCharacters * MaxBytesPerCharacter, cancellation);
        return bytes is null ? null : FileText.Read(bytes, isWhole: bytes.Length == file.Size, MaxFileCharacters);
    }

    private static int Tokens(string text) =>
        TokensPerMessage + ((Encoding.UTF8.GetByteCount(text) + BytesPerToken - 1) / BytesPerToken);
}
