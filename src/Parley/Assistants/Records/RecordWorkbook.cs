using Parley.Spreadsheets;

namespace Parley.Assistants.Records;

/// <summary>The columns of a table of records.</summary>
public interface IRecordLayout
{
    /// <summary>The columns, in order.</summary>
    IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>Writes a cell for each column.</summary>
    void Write(TableWriter table, Record record);
}

/// <summary>Writes records as a workbook.</summary>
public static class RecordWorkbook
{
    /// <summary>Writes a workbook while its records are read, so that memory use stays constant.</summary>
    /// <param name="records">The records, one row each.</param>
    /// <param name="layout">The columns.</param>
    /// <param name="output">The stream to write to, only asynchronously. It is not closed.</param>
    /// <param name="cancellation">Cancels the writing; the file is then incomplete.</param>
    public static async Task WriteAsync(
        IAsyncEnumerable<Record> records, IRecordLayout layout, Stream output, CancellationToken cancellation)
    {
        await using var table = TableWriter.Create(TableFormat.Xlsx, layout.Columns, output);
        await foreach (var record in records.WithCancellation(cancellation))
        {
            layout.Write(table, record);
            await table.EndRowAsync(cancellation);
        }

        await table.CompleteAsync(cancellation);
    }

    /// <summary>Writes a number; an empty cell without one.</summary>
    internal static void NumberOrEmpty(this TableWriter table, double? number)
    {
        if (number is { } value)
        {
            table.Number(value);
        }
        else
        {
            table.Empty();
        }
    }
}
