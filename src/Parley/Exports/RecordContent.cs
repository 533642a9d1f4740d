using System.Runtime.CompilerServices;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Records;
using Parley.Core;
using Parley.Spreadsheets;

namespace Parley.Exports;

/// <summary>
/// The records of a chatbot in a range of time, newest first. The position is a key of their index.
/// </summary>
internal sealed class RecordContent(Export export, Chatbot chatbot, RecordReader records) : IExportContent
{
    private readonly RecordTable layout = new(export.Format, export.Language);

    public IReadOnlyList<TableColumn> Columns => layout.Columns;

    public async IAsyncEnumerable<string> WriteAsync(
        TableWriter table, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // The index has no time before 1970.
        DateTimeOffset? from = export.RangeStart == Timestamps.Earliest ? null : export.RangeStart;
        var range = new RecordRange(from, export.RangeEnd);
        await foreach (var (found, last) in records.ReadChunksAsync(chatbot, range, after, cancellation))
        {
            foreach (var record in found)
            {
                layout.Write(table, record);
                await table.EndRowAsync(cancellation);
            }

            yield return last;
        }
    }
}
