using System.Globalization;
using System.Text.Json;

namespace Parley.Testing.TableService;

/// <summary>
/// Reads an entity from JSON ("Payload format for Table service operations"). An annotation before or after the value
/// names the types Int64, Double, DateTime, Guid and Binary. A number without one is an Int32 or, with a point or
/// exponent, a Double. A null is not stored as a property.
/// </summary>
internal static class EntityReader
{
    private const string TypeSuffix = "@odata.type";
    private static readonly object True = true;
    private static readonly object False = false;

    public static Property[] Read(ReadOnlySpan<byte> json, out string? partitionKey, out string? rowKey)
    {
        try
        {
            return ReadObject(new Utf8JsonReader(json), out partitionKey, out rowKey);
        }
        catch (JsonException e)
        {
            throw TableError.InvalidInput(e.Message).Refuse();
        }
    }

    public static string ReadTableName(ReadOnlySpan<byte> json)
    {
        var properties = Read(json, out _, out _);
        return properties is [{ Name: "TableName", Value: string name }] ? name : throw TableError.PropertiesNeedValue.Refuse();
    }

    private static Property[] ReadObject(Utf8JsonReader reader, out string? partitionKey, out string? rowKey)
    {
        partitionKey = rowKey = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw TableError.InvalidInput("an entity is an object").Refuse();
        }

        var properties = new List<Property>(16);
        List<(string Name, string Type)>? types = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = PropertyNames.Read(ref reader);
            reader.Read();
            if (name.EndsWith(TypeSuffix, StringComparison.Ordinal))
            {
                (types ??= []).Add((PropertyNames.Get(name.AsSpan(0, name.Length - TypeSuffix.Length)), PropertyNames.Read(ref reader)));
            }
            else if (name.StartsWith("odata.", StringComparison.Ordinal) || name == Names.Timestamp)
            {
                // "Table service data model": any value that a client sends for Timestamp is ignored.
                continue;
            }
            else if (reader.TokenType != JsonTokenType.Null)
            {
                properties.Add(Untyped(name, ref reader));
            }
        }

        if (reader.Read())
        {
            throw TableError.InvalidInput("more than one object").Refuse();
        }

        ApplyTypes(properties, types);
        partitionKey = TakeKey(properties, Names.PartitionKey);
        rowKey = TakeKey(properties, Names.RowKey);
        CheckAll(properties);
        return [.. properties];
    }

    private static Property Untyped(string name, ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => new Property(name, EdmType.String, reader.GetString()!),
        JsonTokenType.True => new Property(name, EdmType.Boolean, True),
        JsonTokenType.False => new Property(name, EdmType.Boolean, False),
        JsonTokenType.Number when reader.ValueSpan.IndexOfAny((byte)'.', (byte)'e', (byte)'E') >= 0 => new Property(name, EdmType.Double, reader.GetDouble()),
        JsonTokenType.Number when reader.TryGetInt32(out var number) => new Property(name, EdmType.Int32, number),
        // A number beyond Int32 needs an annotation, and the annotation Edm.Double may still follow.
        JsonTokenType.Number => new Property(name, EdmType.Int64, reader.GetDouble()),
        _ => throw TableError.InvalidValue(name).Refuse(),
    };

    private static void ApplyTypes(List<Property> properties, List<(string Name, string Type)>? types)
    {
        for (var i = 0; types is not null && i < types.Count; i++)
        {
            var (name, type) = types[i];
            var index = properties.FindIndex(property => property.Name == name);
            if (index >= 0)
            {
                properties[index] = Typed(properties[index], type);
            }
        }

        foreach (var property in properties)
        {
            if (property is { Type: EdmType.Int64, Value: double })
            {
                throw TableError.InvalidValue(property.Name).Refuse();
            }
        }
    }

    private static Property Typed(Property property, string type)
    {
        (EdmType Type, object? Value) typed = (type, property.Value) switch
        {
            ("Edm.String", string) => (EdmType.String, property.Value),
            ("Edm.Boolean", bool) => (EdmType.Boolean, property.Value),
            ("Edm.Int32", int) => (EdmType.Int32, property.Value),
            ("Edm.Int64", string text) => (EdmType.Int64, long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null),
            ("Edm.Double", double) => (EdmType.Double, property.Value),
            ("Edm.Double", int number) => (EdmType.Double, (double)number),
            ("Edm.Double", string text) => (EdmType.Double, Double(text)),
            ("Edm.DateTime", string text) => (EdmType.DateTime, Date(text)),
            ("Edm.Guid", string text) => (EdmType.Guid, Guid.TryParseExact(text, "D", out var id) ? id : null),
            ("Edm.Binary", string text) => (EdmType.Binary, Binary(text)),
            _ => (EdmType.String, null),
        };
        return new Property(property.Name, typed.Type, typed.Value ?? throw TableError.InvalidValue(property.Name).Refuse());
    }

    private static object? Double(string text) => text switch
    {
        "NaN" => double.NaN,
        "Infinity" or "INF" => double.PositiveInfinity,
        "-Infinity" or "-INF" => double.NegativeInfinity,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null,
    };

    /// <summary>Parses ISO 8601 in UTC.</summary>
    private static DateTime? Date(string text) =>
        text.EndsWith('Z') && DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var date) ? date : null;

    private static byte[]? Binary(string text)
    {
        var bytes = new byte[(text.Length / 4 * 3) + 3];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }

    private static string? TakeKey(List<Property> properties, string name)
    {
        var index = properties.FindIndex(property => property.Name == name);
        if (index < 0)
        {
            return null;
        }

        var key = properties[index].Value as string ?? throw TableError.InvalidValue(name).Refuse();
        properties.RemoveAt(index);
        return Rules.CheckKey(name, key);
    }

    private static void CheckAll(List<Property> properties)
    {
        for (var i = 0; i < properties.Count; i++)
        {
            Rules.CheckProperty(properties[i]);
            if (properties[i].Name is Names.PartitionKey or Names.RowKey)
            {
                throw TableError.DuplicateProperties.Refuse();
            }

            for (var j = 0; j < i; j++)
            {
                if (properties[j].Name == properties[i].Name)
                {
                    throw TableError.DuplicateProperties.Refuse();
                }
            }
        }
    }
}
