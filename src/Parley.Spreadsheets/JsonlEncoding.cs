namespace Parley.Spreadsheets;

/// <summary>
/// Writes one JSON object per line (<see cref="TableFormat.Jsonl"/>). A row's syntax never varies, so it is written
/// directly: System.Text.Json's writer examines every character that is not ASCII by itself, and copies each text twice.
/// </summary>
internal sealed class JsonlEncoding(Utf8Buffer buffer, Stream output, string[] names) : ITableEncoding
{
    /// <summary>The bytes before each value: the brace or the comma, the name and the colon.</summary>
    private readonly byte[][] starts = [.. names.Select((name, column) => Start(column, name))];

    /// <summary>The same with the quotation mark that begins a string.</summary>
    private readonly byte[][] stringStarts = [.. names.Select((name, column) => (byte[])[.. Start(column, name), (byte)'"'])];

    public void BeginRow()
    {
    }

    public void Text(int column, ReadOnlySpan<char> text)
    {
        buffer.Write(stringStarts[column]);
        JsonText.Write(buffer, text);
        buffer.Write((byte)'"');
    }

    public void Number(int column, long value)
    {
        buffer.Write(starts[column]);
        buffer.Write(value);
    }

    public void Number(int column, double value)
    {
        buffer.Write(starts[column]);
        buffer.Write(value);
    }

    public void Time(int column, DateTimeOffset value)
    {
        buffer.Write(stringStarts[column]);
        buffer.Write(value);
        buffer.Write((byte)'"');
    }

    public void Truth(int column, bool value)
    {
        buffer.Write(starts[column]);
        buffer.Write(value ? "true"u8 : "false"u8);
    }

    public void Empty(int column)
    {
        buffer.Write(starts[column]);
        buffer.Write("null"u8);
    }

    public ValueTask EndRowAsync(CancellationToken cancellation)
    {
        buffer.Write("}\n"u8);
        return buffer.IsFull ? buffer.FlushAsync(output, cancellation) : default;
    }

    public ValueTask CompleteAsync(CancellationToken cancellation) => buffer.FlushAsync(output, cancellation);

    public ValueTask DisposeAsync() => default;

    private static byte[] Start(int column, string name)
    {
        using var start = new Utf8Buffer();
        start.Write(column == 0 ? "{\""u8 : ",\""u8);
        JsonText.Write(start, name);
        start.Write("\":"u8);
        return start.Written.ToArray();
    }
}
