using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Azure.Data.Tables.Wire;

/// <summary>
/// Writes rows as JSON. What JSON has no type for is text with the type beside it: "n":"5","n@odata.type":"Edm.Int64".
/// The default encoder is the real client's, so that a body's size, which the service limits, is the same.
/// </summary>
internal static class EntityWriter
{
    // A buffer that grew beyond this is dropped, so that one large transaction does not keep its megabytes.
    private const int KeptBuffer = 256 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte> s_buffer;

    [ThreadStatic]
    private static Utf8JsonWriter s_json;

    public static byte[] Entity(TableEntity entity)
    {
        var buffer = RentBuffer();
        Write(entity, buffer);
        return ReturnBuffer(buffer);
    }

    /// <summary>This thread's buffer, emptied. Give it back in the same synchronous stretch of code.</summary>
    public static ArrayBufferWriter<byte> RentBuffer()
    {
        var buffer = s_buffer ?? new ArrayBufferWriter<byte>(4096);
        s_buffer = null;
        buffer.ResetWrittenCount();
        return buffer;
    }

    /// <summary>A copy of what was written. The request needs its own bytes: a send that was given up may read them for a while.</summary>
    public static byte[] ReturnBuffer(ArrayBufferWriter<byte> buffer)
    {
        var written = buffer.WrittenSpan.ToArray();
        if (buffer.Capacity <= KeptBuffer)
            s_buffer = buffer;
        return written;
    }

    public static void Write(TableEntity entity, IBufferWriter<byte> output)
    {
        var json = Json(output);
        json.WriteStartObject();
        foreach (var (name, value) in entity.Properties)
        {
            // The service keeps these two itself.
            if (name is not (Names.ETag or Names.Timestamp))
                WriteProperty(json, name, value);
        }

        json.WriteEndObject();
        json.Flush();
    }

    private static Utf8JsonWriter Json(IBufferWriter<byte> output)
    {
        var json = s_json ??= new Utf8JsonWriter(output);
        json.Reset(output);
        return json;
    }

    private static void WriteProperty(Utf8JsonWriter json, string name, object value)
    {
        switch (value)
        {
            case null:
                json.WriteNull(name);
                break;
            case string text:
                json.WriteString(name, text);
                break;
            case int number:
                json.WriteNumber(name, number);
                break;
            case bool flag:
                json.WriteBoolean(name, flag);
                break;
            case long number:
                Span<char> digits = stackalloc char[20];
                number.TryFormat(digits, out var length, provider: CultureInfo.InvariantCulture);
                json.WriteString(name, digits[..length]);
                WriteType(json, name, "Edm.Int64");
                break;
            case double number:
                if (double.IsFinite(number))
                    json.WriteNumber(name, number);
                else
                    json.WriteString(name, double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
                WriteType(json, name, "Edm.Double");
                break;
            case DateTimeOffset time:
                WriteTime(json, name, time.UtcDateTime);
                break;
            case DateTime { Kind: DateTimeKind.Utc } time:
                WriteTime(json, name, time);
                break;
            case DateTime time:
                throw new NotSupportedException($"DateTime {time:O} has a Kind of {time.Kind}. Azure SDK requires it to be UTC.");
            case Guid id:
                json.WriteString(name, id);
                WriteType(json, name, "Edm.Guid");
                break;
            case byte[] bytes:
                json.WriteBase64String(name, bytes);
                WriteType(json, name, "Edm.Binary");
                break;
            case BinaryData bytes:
                json.WriteBase64String(name, bytes);
                WriteType(json, name, "Edm.Binary");
                break;
            default:
                throw new NotSupportedException($"Not supported type {value.GetType()}");
        }
    }

    private static void WriteTime(Utf8JsonWriter json, string name, DateTime utc)
    {
        Span<char> text = stackalloc char[28];
        utc.TryFormat(text, out var length, "yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture);
        json.WriteString(name, text[..length]);
        WriteType(json, name, "Edm.DateTime");
    }

    private static void WriteType(Utf8JsonWriter json, string name, string type)
    {
        // Names have up to 255 characters; a longer one is for the service to refuse.
        var length = name.Length + Names.TypeSuffix.Length;
        Span<char> annotation = name.Length <= 255 ? stackalloc char[length] : new char[length];
        name.CopyTo(annotation);
        Names.TypeSuffix.CopyTo(annotation[name.Length..]);
        json.WriteString(annotation, type);
    }
}
