using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Exports;
using Parley.Spreadsheets;
using SpreadCheetah;

namespace Parley.Benchmarks;

/// <summary>
/// The cells of an export as SpreadCheetah writes them, with the same compression and with cell references. It has no
/// cells for the rest of long texts, which are empty in the measure.
/// </summary>
internal static class SpreadCheetahTable
{
    /// <summary>Writes rows of messages to nowhere, and returns the number of bytes.</summary>
    public static async Task<long> WriteAsync(int rows, Message[] messages)
    {
        var output = new CountingStream();
        var options = new SpreadCheetahOptions
        {
            CompressionLevel = SpreadCheetahCompressionLevel.Fastest,
            WriteCellReferenceAttributes = true,
        };
        await using var workbook = await Spreadsheet.CreateNewAsync(output, options);
        await workbook.StartWorksheetAsync("Sheet1");
        var columns = new ExportTable(TableFormat.Xlsx, Language.EnUs).Columns;
        await workbook.AddRowAsync([.. columns.Select(column => new Cell(column.Name))]);
        var cells = new Cell[columns.Count];
        for (var row = 0; row < rows; row++)
        {
            var message = messages[row % messages.Length];
            cells[0] = new Cell(message.Key.Conversation.Number);
            cells[1] = new Cell("Order and delivery");
            cells[2] = new Cell(message.Key.Sequence);
            cells[3] = new Cell(message.CreatedAt.UtcDateTime);
            cells[4] = new Cell(message.Role == MessageRole.Customer ? "customer" : "staff");
            cells[5] = new Cell(message.UserName);
            cells[6] = new Cell(message.Text);
            cells[7] = new Cell(message.Ticket);
            cells[9] = new Cell(message.EditedBy is null ? "no" : "yes");
            cells[10] = new Cell("no");
            cells[11] = new Cell(message.ExternalId);
            await workbook.AddRowAsync(cells);
        }

        await workbook.FinishAsync();
        return output.Bytes;
    }

    /// <summary>Counts bytes and discards them.</summary>
    private sealed class CountingStream : Stream
    {
        public long Bytes { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => Bytes;
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => Bytes += count;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Bytes += buffer.Length;
            return default;
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
