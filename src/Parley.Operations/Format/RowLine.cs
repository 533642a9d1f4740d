using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Azure.Data.Tables;
using Parley.Storage;

namespace Parley.Operations.Format;

/// <summary>
/// A table row as one line of JSON: <c>{"PartitionKey":"…","RowKey":"…","Properties":{…}}</c>. Strings, Booleans and
/// Int32 are JSON values. A value of another type is an object with one member, whose name is the type:
/// <c>{"Int64":"5"}</c>, Double, DateTime, Guid, Binary (Base64). Properties are in ordinal order, so equal rows have
/// equal lines. ETag and Timestamp are set by the service and are left out.
/// </summary>
internal static class RowLine
{
    private const string PartitionKey = "PartitionKey";
    private const string RowKey = "RowKey";
    private const string Properties = "Properties";

    // Seven digits: both DateTimeOffset and Edm.DateTime have a resolution of 100 ns.
    private const string TickFormat = "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'";

    /// <summary>Returns the line without a line feed, in ASCII: all other characters are escaped.</summary>
    public static ReadOnlyMemory<byte> Write(TableEntity row)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString(PartitionKey, row.PartitionKey);
            json.WriteString(RowKey, row.RowKey);
            json.WriteStartObject(Properties);
            var properties = row.StoredProperties().OrderBy(property => property.Key, StringComparer.Ordinal);
            foreach (var (name, value) in properties)
            {
                json.WritePropertyName(name);
                WriteValue(json, name, value);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <exception cref="FormatException">The line is not a valid row.</exception>
    public static TableEntity Read(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            var row = new TableEntity(root.GetProperty(PartitionKey).GetString(), root.GetProperty(RowKey).GetString());
            foreach (var property in root.GetProperty(Properties).EnumerateObject())
            {
                row[property.Name] = ReadValue(property.Value);
            }

            return row;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or OverflowException or ArgumentException)
        {
            throw new FormatException("It is not a row of a back-up.", e);
        }
    }

    private static void WriteValue(Utf8JsonWriter json, string name, object value)
    {
        switch (value)
        {
            case string text:
                json.WriteStringValue(text);
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                WriteTyped(json, "Int64", number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                WriteTyped(json, "Double", number.ToString("R", CultureInfo.InvariantCulture));
                break;
            case DateTimeOffset moment:
                WriteTyped(json, "DateTime", moment.UtcDateTime.ToString(TickFormat, CultureInfo.InvariantCulture));
                break;
            case Guid guid:
                WriteTyped(json, "Guid", guid.ToString("D", CultureInfo.InvariantCulture));
                break;
            case byte[] bytes:
                WriteTyped(json, "Binary", Convert.ToBase64String(bytes));
                break;
            default:
                throw new InvalidOperationException(
                    $"Property {name} has the type {value.GetType()}, which is no type of Table Storage.");
        }
    }

    private static void WriteTyped(Utf8JsonWriter json, string type, string value)
    {
        json.WriteStartObject();
        json.WriteString(type, value);
        json.WriteEndObject();
    }

    private static object ReadValue(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return value.GetString()!;
            case JsonValueKind.True or JsonValueKind.False:
                return value.GetBoolean();
            case JsonValueKind.Number:
                return value.GetInt32();
            default:
                var typed = value.EnumerateObject().Single();
                var text = typed.Value.GetString()!;
                return typed.Name switch
                {
                    "Int64" => long.Parse(text, CultureInfo.InvariantCulture),
                    "Double" => double.Parse(text, CultureInfo.InvariantCulture),
                    "DateTime" => DateTimeOffset.ParseExact(
                        text,
                        TickFormat,
                        CultureInfo.InvariantCulture,
                        DateTimeStyles.AssumeUniversal),
                    "Guid" => Guid.ParseExact(text, "D"),
                    "Binary" => Convert.FromBase64String(text),
                    _ => throw new FormatException($"{typed.Name} is no type of Table Storage."),
                };
        }
    }
}
