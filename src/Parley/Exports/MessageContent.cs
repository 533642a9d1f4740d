using System.Globalization;
using System.Runtime.CompilerServices;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Spreadsheets;

namespace Parley.Exports;

/// <summary>
/// The messages of a tenant in a range of time, by the numbers of conversation and message, which are the position.
/// </summary>
internal sealed class MessageContent(Export export, ConversationScan conversations, MessageScan messages)
    : IExportContent
{
    private readonly ExportTable layout = new(export.Format, export.Language);

    public IReadOnlyList<TableColumn> Columns => layout.Columns;

    public async IAsyncEnumerable<string> WriteAsync(
        TableWriter table, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var last = after is null ? (MessageKey?)null : Parse(after);
        var touched = conversations.TouchedAsync(
            export.Key.Tenant,
            export.RangeStart,
            export.RangeEnd,
            last?.Conversation.Number ?? 1,
            cancellation);
        await foreach (var page in messages.ReadAsync(touched, export.RangeStart, export.RangeEnd, last, cancellation))
        {
            foreach (var message in page.Messages)
            {
                layout.Write(table, page.Title, message);
                await table.EndRowAsync(cancellation);
            }

            if (page.Messages.Count > 0)
            {
                yield return Position(page.Messages[^1].Key);
            }
        }
    }

    private static string Position(MessageKey message) =>
        string.Create(CultureInfo.InvariantCulture, $"{message.Conversation.Number}|{message.Sequence}");

    private MessageKey Parse(string position)
    {
        var at = position.IndexOf('|', StringComparison.Ordinal);
        return new MessageKey(
            new ConversationKey(export.Key.Tenant, int.Parse(position.AsSpan(0, at), CultureInfo.InvariantCulture)),
            int.Parse(position.AsSpan(at + 1), CultureInfo.InvariantCulture));
    }
}
