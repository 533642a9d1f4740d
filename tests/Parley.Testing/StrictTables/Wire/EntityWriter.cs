using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Parley.Testing.TableService;

/// <summary>
/// Writes entities with minimal metadata ("Payload format for Table service operations"): a type annotation precedes a
/// value whose JSON type differs; a Double always has a point or an exponent.
/// </summary>
internal static class EntityWriter
{
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <param name="json">The destination.</param>
    /// <param name="row">The entity.</param>
    /// <param name="select">
    /// The requested properties, or null for all. A property that the row lacks is null in the response ("Querying
    /// tables and entities", projection); Azurite omits it. The ETag is always included.
    /// </param>
    /// <param name="metadata">The metadata address at the beginning of a single entity's response.</param>
    public static void Write(Utf8JsonWriter json, Row row, string[]? select, string? metadata)
    {
        json.WriteStartObject();
        if (metadata is not null)
        {
            json.WriteString("odata.metadata"u8, metadata);
        }

        json.WriteString("odata.etag"u8, row.ETag);
        if (select is null)
        {
            json.WriteString("PartitionKey"u8, row.PartitionKey);
            json.WriteString("RowKey"u8, row.RowKey);
            WriteDate(json, "Timestamp", row.Timestamp);
            foreach (var property in row.Properties)
            {
                Write(json, property);
            }
        }
        else
        {
            foreach (var name in select)
            {
                if (!row.TryGet(name, out var property))
                {
                    json.WriteNull(name);
                }
                else if (name == Names.Timestamp)
                {
                    WriteDate(json, name, row.Timestamp);
                }
                else
                {
                    Write(json, property);
                }
            }
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, in Property property)
    {
        var (name, type, value) = property;
        switch (type)
        {
            case EdmType.String:
                json.WriteString(name, (string)value);
                break;
            case EdmType.Boolean:
                json.WriteBoolean(name, (bool)value);
                break;
            case EdmType.Int32:
                json.WriteNumber(name, (int)value);
                break;
            case EdmType.Int64:
                WriteType(json, name, "Edm.Int64"u8);
                json.WriteString(name, ((long)value).ToString(CultureInfo.InvariantCulture));
                break;
            case EdmType.Double:
                WriteDouble(json, name, (double)value);
                break;
            case EdmType.DateTime:
                WriteType(json, name, "Edm.DateTime"u8);
                WriteDate(json, name, (DateTime)value);
                break;
            case EdmType.Guid:
                WriteType(json, name, "Edm.Guid"u8);
                json.WriteString(name, (Guid)value);
                break;
            default:
                WriteType(json, name, "Edm.Binary"u8);
                json.WriteBase64String(name, (byte[])value);
                break;
        }
    }

    private static void WriteDouble(Utf8JsonWriter json, string name, double value)
    {
        if (!double.IsFinite(value))
        {
            WriteType(json, name, "Edm.Double"u8);
            json.WriteString(name, double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
            return;
        }

        var text = value.ToString("R", CultureInfo.InvariantCulture);
        json.WritePropertyName(name);
        json.WriteRawValue(text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text, skipInputValidation: true);
    }

    private static void WriteDate(Utf8JsonWriter json, string name, DateTime value)
    {
        Span<char> text = stackalloc char[28];
        value.TryFormat(text, out var length, "yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture);
        json.WriteString(name, text[..length]);
    }

    private static void WriteType(Utf8JsonWriter json, string name, ReadOnlySpan<byte> type) => json.WriteString(name + "@odata.type", type);
}
