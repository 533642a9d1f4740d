using System.Globalization;
using System.Text;

namespace Parley.Spreadsheets;

/// <summary>
/// Begins the rows and cells of a sheet with their references, such as <c>r="2"</c> and <c>r="A2"</c>. The standard
/// makes them optional (ECMA-376 §18.3.1.4, §18.3.1.73), but several readers rely on them. A column's letters are
/// encoded once for the file and a row's digits once for the row, so a cell only copies bytes.
/// </summary>
internal sealed class XlsxReferences
{
    /// <summary>"Total number of columns on a worksheet" (Excel specifications and limits).</summary>
    public const int MaxColumns = 16_384;

    // The last row of a worksheet is 1048576.
    private const int MaxDigits = 7;

    private readonly Utf8Buffer buffer;
    private readonly byte[][] starts;
    private readonly byte[] end = new byte[MaxDigits + 1];
    private int endLength;

    public XlsxReferences(Utf8Buffer buffer, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(columns, MaxColumns);
        this.buffer = buffer;
        var all = Enumerable.Range(0, columns);
        starts = [.. all.Select(column => Encoding.UTF8.GetBytes($"<c r=\"{Letters(column)}"))];
    }

    /// <param name="number">The row's number in its sheet, from 1.</param>
    public void BeginRow(int number)
    {
        // The end of the row's reference is also that of each of its cells.
        number.TryFormat(end, out endLength, default, CultureInfo.InvariantCulture);
        end[endLength++] = (byte)'"';
        Begin("<row r=\""u8, ">"u8);
    }

    /// <param name="column">The column, from 0.</param>
    /// <param name="rest">The bytes after the reference: other attributes, or the end of the tag.</param>
    public void BeginCell(int column, ReadOnlySpan<byte> rest) => Begin(starts[column], rest);

    private void Begin(ReadOnlySpan<byte> start, ReadOnlySpan<byte> rest)
    {
        var length = start.Length + endLength + rest.Length;
        var span = buffer.GetSpan(length);
        start.CopyTo(span);
        end.AsSpan(0, endLength).CopyTo(span[start.Length..]);
        rest.CopyTo(span[(start.Length + endLength)..]);
        buffer.Advance(length);
    }

    /// <summary>The letters of a column: A to Z, AA to ZZ, AAA to XFD.</summary>
    internal static string Letters(int column)
    {
        const int Alphabet = 26;
        var last = (char)('A' + (column % Alphabet));
        return column < Alphabet ? $"{last}" : $"{Letters((column / Alphabet) - 1)}{last}";
    }
}
