using CsvHelper;
using Parley.Spreadsheets;
using Parley.Testing.Spreadsheets;
using Xunit;

namespace Parley.Tests.Spreadsheets;

/// <summary>Writes tables to memory and reads them with independent readers.</summary>
internal static class WrittenTable
{
    /// <summary>Writes a table of one column, one text per row.</summary>
    public static Task<byte[]> OfTextsAsync(TableFormat format, IEnumerable<string?> texts, int parts = 1) =>
        OfAsync(format, [new TableColumn("content", parts)], [.. texts.Select(text => (Action<TableWriter>)(row => row.Text(text)))]);

    public static async Task<byte[]> OfAsync(
        TableFormat format, TableColumn[] columns, IEnumerable<Action<TableWriter>> rows, int rowsPerSheet = XlsxEncoding.MaxRowsPerSheet,
        Action<TableWriter>? atEnd = null)
    {
        using var output = new ForwardStream();
        await using var table = TableWriter.Create(format, columns, output, rowsPerSheet);
        foreach (var row in rows)
        {
            row(table);
            await table.EndRowAsync(default);
        }

        await table.CompleteAsync(default);
        atEnd?.Invoke(table);
        Assert.Equal(output.Written.Length, table.Bytes);
        return output.Written;
    }

    /// <summary>All sheets with their rows, including the headings, on which all readers agree.</summary>
    public static async Task<List<List<object?[]>>> ReadXlsxAsync(byte[] file)
    {
        var sheets = await WorkbookReader.OfDotNet[0].ReadAsync(file);
        await WorkbookAssert.HasAsync(file, sheets, WorkbookReader.OfDotNet.Skip(1));
        return sheets;
    }

    public static List<string[]> ReadCsv(byte[] file)
    {
        var options = new CsvReaderOptions { Separator = ',', HasHeader = false, SkipEmptyLines = false, AllowLineBreaksInQuotes = true };
        using var reader = CsvReader.Create(file, options);
        var rows = new List<string[]>();
        foreach (var row in reader)
        {
            rows.Add(row.ToArray());
        }

        return rows;
    }
}

/// <summary>Accepts only asynchronous writes, because a blob's stream may do the same.</summary>
internal sealed class ForwardStream : Stream
{
    private readonly MemoryStream written = new();

    public byte[] Written => written.ToArray();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await Task.Yield();
        written.Write(buffer.Span);
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
