using System.Buffers;

namespace Parley.Spreadsheets;

/// <summary>Writes CSV as in RFC 4180, with a byte order mark (<see cref="TableFormat.Csv"/>).</summary>
internal sealed class CsvEncoding : ITableEncoding
{
    // RFC 4180 §2.6: fields with a comma, a quote or a line break must be quoted. Some programs detect the separator
    // from a file's content, so fields with a semicolon or a tab are quoted too, to prevent a wrong detection.
    private static readonly SearchValues<char> Quoted = SearchValues.Create(",\"\r\n;\t");

    private readonly Utf8Buffer buffer;
    private readonly Stream output;

    public CsvEncoding(Utf8Buffer buffer, Stream output, string[] headings)
    {
        this.buffer = buffer;
        this.output = output;
        buffer.Write("\uFEFF"u8);
        for (var column = 0; column < headings.Length; column++)
        {
            Text(column, headings[column]);
        }

        buffer.Write("\r\n"u8);
    }

    public void BeginRow()
    {
    }

    public void Text(int column, ReadOnlySpan<char> text)
    {
        Separate(column);
        var guarded = CellText.IsFormulaLike(text);
        if (!text.ContainsAny(Quoted))
        {
            Guard(guarded);
            buffer.Write(text);
            return;
        }

        buffer.Write((byte)'"');
        Guard(guarded);
        for (var quote = text.IndexOf('"'); quote >= 0; quote = text.IndexOf('"'))
        {
            buffer.Write(text[..quote]);
            buffer.Write("\"\""u8);
            text = text[(quote + 1)..];
        }

        buffer.Write(text);
        buffer.Write((byte)'"');
    }

    public void Number(int column, long value)
    {
        Separate(column);
        buffer.Write(value);
    }

    public void Number(int column, double value)
    {
        Separate(column);
        buffer.Write(value);
    }

    public void Time(int column, DateTimeOffset value)
    {
        Separate(column);
        buffer.Write(value);
    }

    public void Truth(int column, bool value)
    {
        Separate(column);
        buffer.Write(value ? "true"u8 : "false"u8);
    }

    public void Empty(int column) => Separate(column);

    public ValueTask EndRowAsync(CancellationToken cancellation)
    {
        buffer.Write("\r\n"u8);
        return buffer.IsFull ? buffer.FlushAsync(output, cancellation) : default;
    }

    public ValueTask CompleteAsync(CancellationToken cancellation) => buffer.FlushAsync(output, cancellation);

    public ValueTask DisposeAsync() => default;

    private void Separate(int column)
    {
        if (column > 0)
        {
            buffer.Write((byte)',');
        }
    }

    private void Guard(bool guarded)
    {
        if (guarded)
        {
            buffer.Write((byte)'\'');
        }
    }
}
