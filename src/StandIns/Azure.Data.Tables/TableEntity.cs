using System.Collections;
using Azure.Data.Tables.Wire;

namespace Azure.Data.Tables;

/// <summary>
/// A row as a dictionary of its properties. Values are string, bool, int, long, double, Guid, DateTimeOffset, a UTC DateTime,
/// byte[] or BinaryData; anything else is refused when the row is written. Up to 252 own properties and 1 MiB.
/// What the service adds is in the dictionary too: <c>odata.etag</c> and <c>Timestamp</c>, neither of which is sent back.
/// </summary>
public sealed class TableEntity : ITableEntity, IDictionary<string, object>
{
    private readonly Dictionary<string, object> _properties;

    /// <summary>Makes a row with its keys.</summary>
    public TableEntity(string partitionKey, string rowKey)
    {
        _properties = [];
        PartitionKey = partitionKey;
        RowKey = rowKey;
    }

    /// <summary>Makes a row from a copy of <paramref name="values"/>, keys included; null makes an empty one.</summary>
    public TableEntity(IDictionary<string, object> values) => _properties = values == null ? [] : new(values);

    internal TableEntity(int capacity) => _properties = new(capacity);

    internal Dictionary<string, object> Properties => _properties;

    /// <inheritdoc />
    public string PartitionKey
    {
        get => GetString(Names.PartitionKey);
        set => _properties[Names.PartitionKey] = value;
    }

    /// <inheritdoc />
    public string RowKey
    {
        get => GetString(Names.RowKey);
        set => _properties[Names.RowKey] = value;
    }

    /// <inheritdoc />
    public DateTimeOffset? Timestamp
    {
        get => GetDateTimeOffset(Names.Timestamp);
        set => _properties[Names.Timestamp] = value;
    }

    /// <inheritdoc />
    public ETag ETag
    {
        get => new(GetString(Names.ETag));
        set => _properties[Names.ETag] = value.ToString();
    }

    /// <summary>
    /// A property by name; null when there is none. Setting an int where a long or a double is keeps that type,
    /// and setting a date where a string is stores its text.
    /// </summary>
    public object this[string key]
    {
        get => _properties.GetValueOrDefault(key);
        set => Add(key, value);
    }

    /// <summary>The number of properties, keys and service properties included.</summary>
    public int Count => _properties.Count;

    /// <summary>The names of the properties.</summary>
    public ICollection<string> Keys => _properties.Keys;

    ICollection<object> IDictionary<string, object>.Values => _properties.Values;

    bool ICollection<KeyValuePair<string, object>>.IsReadOnly => false;

    /// <summary>Sets a property, as the indexer does: an existing one is no error.</summary>
    public void Add(string key, object value) => _properties[key] = (_properties.GetValueOrDefault(key), value) switch
    {
        (long, int number) => (long)number,
        (double, int number) => (double)number,
        (string, DateTime or DateTimeOffset) => value.ToString(),
        _ => value,
    };

    /// <summary>Whether there is a property of that name.</summary>
    public bool ContainsKey(string key) => _properties.ContainsKey(key);

    /// <summary>Gets a property as it is stored.</summary>
    public bool TryGetValue(string key, out object value) => _properties.TryGetValue(key, out value);

    /// <summary>Removes a property; false when there was none.</summary>
    public bool Remove(string key) => _properties.Remove(key);

    /// <summary>A string; null when absent. <see cref="InvalidOperationException"/> on another type.</summary>
    public string GetString(string key) => Reference<string>(key);

    /// <summary>A boolean; null when absent. <see cref="InvalidOperationException"/> on another type.</summary>
    public bool? GetBoolean(string key) => Value<bool>(key);

    /// <summary>An int; null when absent. <see cref="InvalidOperationException"/> on another type, long included.</summary>
    public int? GetInt32(string key) => Value<int>(key);

    /// <summary>A long; null when absent. <see cref="InvalidOperationException"/> on another type, int included.</summary>
    public long? GetInt64(string key) => Value<long>(key);

    /// <summary>A double; null when absent. <see cref="InvalidOperationException"/> on another type, int included.</summary>
    public double? GetDouble(string key) => Value<double>(key);

    /// <summary>A Guid; null when absent. <see cref="InvalidOperationException"/> on another type.</summary>
    public Guid? GetGuid(string key) => Value<Guid>(key);

    /// <summary>A point in time, also of a DateTime; null when absent. <see cref="InvalidOperationException"/> on another type.</summary>
    public DateTimeOffset? GetDateTimeOffset(string key) =>
        this[key] is DateTime time ? new DateTimeOffset(time) : Value<DateTimeOffset>(key);

    /// <summary>A point in time in UTC, also of a DateTimeOffset; null when absent. <see cref="InvalidOperationException"/> on another type.</summary>
    public DateTime? GetDateTime(string key) =>
        this[key] is DateTimeOffset time ? time.UtcDateTime : Value<DateTime>(key);

    /// <summary>Bytes; null when absent. <see cref="InvalidOperationException"/> on another type, BinaryData included.</summary>
    public byte[] GetBinary(string key) => Reference<byte[]>(key);

    /// <summary>Bytes, also of a byte[]; null when absent. <see cref="InvalidOperationException"/> on another type.</summary>
    public BinaryData GetBinaryData(string key) =>
        this[key] is byte[] bytes ? new BinaryData(bytes) : Reference<BinaryData>(key);

    void ICollection<KeyValuePair<string, object>>.Add(KeyValuePair<string, object> item) => Add(item.Key, item.Value);

    void ICollection<KeyValuePair<string, object>>.Clear() => _properties.Clear();

    bool ICollection<KeyValuePair<string, object>>.Contains(KeyValuePair<string, object> item) => _properties.Contains(item);

    void ICollection<KeyValuePair<string, object>>.CopyTo(KeyValuePair<string, object>[] array, int arrayIndex) =>
        ((ICollection<KeyValuePair<string, object>>)_properties).CopyTo(array, arrayIndex);

    bool ICollection<KeyValuePair<string, object>>.Remove(KeyValuePair<string, object> item) =>
        ((ICollection<KeyValuePair<string, object>>)_properties).Remove(item);

    IEnumerator<KeyValuePair<string, object>> IEnumerable<KeyValuePair<string, object>>.GetEnumerator() => _properties.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _properties.GetEnumerator();

    private T? Value<T>(string key) where T : struct => this[key] switch
    {
        null => null,
        T value => value,
        var other => throw WrongType(typeof(T), other),
    };

    private T Reference<T>(string key) where T : class => this[key] switch
    {
        null => null,
        T value => value,
        var other => throw WrongType(typeof(T), other),
    };

    private static InvalidOperationException WrongType(Type asked, object value) =>
        new($"Cannot return {asked} type for a {value.GetType()} typed property.");
}
