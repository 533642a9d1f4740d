using System.Text;
using Microsoft.Extensions.AI;
using Parley.Assistants.Chatbots;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Files;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>
/// Builds the messages that are sent to a provider: the chatbot's instructions, the newest earlier messages that fit
/// the token budget, and the customer's message with its payloads and the text of its files.
/// </summary>
/// <remarks>Storage calls: one to four for the history, and one for each file.</remarks>
public sealed class Prompts(ParleyTables tables, FileStore files, AssistantOptions options)
{
    /// <summary>Maximum number of characters that are taken from the beginning of a file.</summary>
    internal const int MaxFileCharacters = 32_768;

    /// <summary>A UTF-16 unit takes at most three bytes in UTF-8.</summary>
    private const int MaxBytesPerCharacter = 3;

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

        messages.AddRange(
            await PromptHistory.ReadAsync(tables, message.Key, options.HistoryTokens, cancellation));
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
}
