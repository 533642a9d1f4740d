using Parley.Assistants.Chatbots;
using Parley.Assistants.Records;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;

namespace Parley.Exports;

/// <summary>Opens the contents of exports.</summary>
public sealed class ExportContents(
    ConversationScan conversations, MessageScan messages, ChatbotReader chatbots, RecordReader records)
{
    /// <exception cref="InvalidOperationException">The chatbot of an export of records no longer exists.</exception>
    internal async Task<IExportContent> OpenAsync(Export export, CancellationToken cancellation)
    {
        if (export.Chatbot is not { } number)
        {
            return new MessageContent(export, conversations, messages);
        }

        // One that was deleted after the export was created is exported nevertheless.
        var key = new ChatbotKey(export.Key.Tenant, number);
        var chatbot = await chatbots.FindEvenDeletedAsync(key, cancellation)
            ?? throw new InvalidOperationException($"Export {export.Id} is of chatbot {number}, but there is none.");
        return new RecordContent(export, chatbot, records);
    }
}
