using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;

namespace Azure.Data.Tables.Wire;

/// <summary>
/// Reads rows from JSON, without a tree in between. Rows of one query are alike, so a row's size, its names and its
/// partition key are taken from the row before where they are the same.
/// </summary>
internal ref struct EntityReader(ReadOnlySpan<byte> json)
{
    private readonly List<string> _names = [];
    private Utf8JsonReader _json = new(json);
    private string _partitionKey = string.Empty;
    private int _size = 12;

    private enum Edm
    {
        None,
        Int64,
        Double,
        DateTime,
        Guid,
        Binary,
    }

    public static TableEntity ReadEntity(ReadOnlySpan<byte> json)
    {
        var reader = new EntityReader(json);
        reader._json.Read();
        return reader.Entity();
    }

    /// <summary>Reads {"odata.metadata":…,"value":[…]}.</summary>
    public static List<TableEntity> ReadEntities(ReadOnlySpan<byte> json)
    {
        var reader = new EntityReader(json);
        List<TableEntity> entities = null;
        reader.Expect(JsonTokenType.StartObject);
        while (reader._json.Read() && reader._json.TokenType == JsonTokenType.PropertyName)
        {
            if (entities != null || !reader._json.ValueTextEquals("value"u8))
            {
                reader._json.Skip();
                continue;
            }

            entities = [];
            reader.Expect(JsonTokenType.StartArray);
            while (reader._json.Read() && reader._json.TokenType == JsonTokenType.StartObject)
                entities.Add(reader.Entity());
            if (reader._json.TokenType != JsonTokenType.EndArray)
                throw new JsonException($"A row is an object, not {reader._json.TokenType}.");
        }

        return entities ?? throw new JsonException("The answer to a query has no rows, not even none.");
    }

    /// <summary>Reads the object whose first brace was read.</summary>
    private TableEntity Entity()
    {
        if (_json.TokenType != JsonTokenType.StartObject)
            throw new JsonException($"A row is an object, not {_json.TokenType}.");

        var entity = new TableEntity(_size);
        var properties = entity.Properties;
        var byName = properties.GetAlternateLookup<ReadOnlySpan<char>>();
        string annotation = null;
        var type = Edm.None;
        for (var position = 0; _json.Read() && _json.TokenType == JsonTokenType.PropertyName; position++)
        {
            var name = Name(position);
            _json.Read();
            if (IsTypeOf(annotation, name))
            {
                properties[name] = TypedValue(type);
                annotation = null;
            }
            else if (name.EndsWith(Names.TypeSuffix, StringComparison.Ordinal))
            {
                // The service writes a type before its value; as this client writes it, after it, is understood too.
                if (byName.TryGetValue(name.AsSpan(0, name.Length - Names.TypeSuffix.Length), out var property, out var value))
                    properties[property] = Convert(value, EdmType());
                else
                    (annotation, type) = annotation == null ? (name, EdmType()) : throw new JsonException($"{annotation} is without a value.");
            }
            else if (name == Names.Timestamp && _json.TokenType == JsonTokenType.String)
            {
                properties[name] = _json.GetDateTimeOffset();
            }
            else if (name == Names.PartitionKey && _json.TokenType == JsonTokenType.String)
            {
                properties[name] = _partitionKey = _json.ValueTextEquals(_partitionKey) ? _partitionKey : _json.GetString();
            }
            else if (name != "odata.metadata")
            {
                properties[name] = Value();
            }
        }

        _size = entity.Count;
        return entity;
    }

    private static bool IsTypeOf(string annotation, string name) =>
        annotation != null && annotation.Length == name.Length + Names.TypeSuffix.Length && annotation.StartsWith(name, StringComparison.Ordinal);

    private string Name(int position)
    {
        if (position < _names.Count && _json.ValueTextEquals(_names[position]))
            return _names[position];
        var name = _json.GetString();
        if (position < _names.Count)
            _names[position] = name;
        else
            _names.Add(name);
        return name;
    }

    private readonly Edm EdmType()
    {
        if (_json.ValueTextEquals("Edm.Int64"u8))
            return Edm.Int64;
        if (_json.ValueTextEquals("Edm.Double"u8))
            return Edm.Double;
        if (_json.ValueTextEquals("Edm.DateTime"u8))
            return Edm.DateTime;
        if (_json.ValueTextEquals("Edm.Guid"u8))
            return Edm.Guid;
        return _json.ValueTextEquals("Edm.Binary"u8) ? Edm.Binary : throw new NotSupportedException($"Not supported type {_json.GetString()}");
    }

    private object TypedValue(Edm type) => (type, _json.TokenType) switch
    {
        (Edm.Int64, JsonTokenType.String)
            when Utf8Parser.TryParse(_json.ValueSpan, out long number, out var length) && length == _json.ValueSpan.Length => number,
        (Edm.DateTime, JsonTokenType.String) when _json.TryGetDateTimeOffset(out var time) => time,
        (Edm.Guid, JsonTokenType.String) when _json.TryGetGuid(out var id) => id,
        (Edm.Binary, JsonTokenType.String) => _json.GetBytesFromBase64(),
        _ => Convert(Value(), type),
    };

    private object Value() => _json.TokenType switch
    {
        JsonTokenType.String => _json.GetString(),
        JsonTokenType.Number when _json.TryGetInt32(out var number) => number,
        JsonTokenType.Number when _json.TryGetInt64(out var number) => number,
        JsonTokenType.Number => _json.GetDouble(),
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        JsonTokenType.Null => null,
        var other => throw new JsonException($"A property's value is {other}."),
    };

    private static object Convert(object value, Edm type) => (type, value) switch
    {
        (_, null) => null,
        (Edm.Int64, string text) => long.Parse(text, CultureInfo.InvariantCulture),
        (Edm.Int64, int number) => (long)number,
        (Edm.Int64, long) => value,
        (Edm.Double, string text) => double.Parse(text, CultureInfo.InvariantCulture),
        (Edm.Double, int number) => (double)number,
        (Edm.Double, long number) => (double)number,
        (Edm.Double, double) => value,
        (Edm.DateTime, string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind),
        (Edm.Guid, string text) => Guid.Parse(text),
        (Edm.Binary, string text) => System.Convert.FromBase64String(text),
        _ => throw new JsonException($"A property of type {type} is {value.GetType()}."),
    };

    private void Expect(JsonTokenType token)
    {
        if (!_json.Read() || _json.TokenType != token)
            throw new JsonException($"{token} expected, not {_json.TokenType}.");
    }
}
