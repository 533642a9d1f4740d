using System.Text.Encodings.Web;
using System.Text.Json;

namespace Parley.Spreadsheets;

/// <summary>Writes one JSON object per line (<see cref="TableFormat.Jsonl"/>).</summary>
internal sealed class JsonlEncoding(Utf8Buffer buffer, Stream output, string[] names) : ITableEncoding
{
    // The lines are not embedded in HTML, so only the characters that JSON requires are escaped.
    private static readonly JavaScriptEncoder Escaping = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    private readonly JsonEncodedText[] members = [.. names.Select(name => JsonEncodedText.Encode(name, Escaping))];
    private readonly Utf8JsonWriter json =
        new(buffer, new JsonWriterOptions { Encoder = Escaping, SkipValidation = true });

    public void BeginRow() => json.WriteStartObject();

    public void Text(int column, ReadOnlySpan<char> text) => json.WriteString(members[column], text);

    public void Number(int column, long value) => json.WriteNumber(members[column], value);

    public void Number(int column, double value) => json.WriteNumber(members[column], value);

    public void Time(int column, DateTimeOffset value)
    {
        // The JSON writer would omit trailing zeros; all times of a column should have the same format.
        Span<byte> text = stackalloc byte[32];
        value.UtcDateTime.TryFormat(
            text, out _, "yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture);
        json.WriteString(members[column], text[..24]);
    }

    public void Truth(int column, bool value) => json.WriteBoolean(members[column], value);

    public void Empty(int column) => json.WriteNull(members[column]);

    public ValueTask EndRowAsync(CancellationToken cancellation)
    {
        json.WriteEndObject();
        json.Flush();

        // Without a reset, the writer would put a comma before the next object, as in a list.
        json.Reset();
        buffer.Write((byte)'\n');
        return buffer.IsFull ? buffer.FlushAsync(output, cancellation) : default;
    }

    public ValueTask CompleteAsync(CancellationToken cancellation) => buffer.FlushAsync(output, cancellation);

    public async ValueTask DisposeAsync() => await json.DisposeAsync();
}
