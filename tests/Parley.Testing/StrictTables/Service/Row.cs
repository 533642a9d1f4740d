namespace Parley.Testing.TableService;

/// <summary>The types that a property can have ("Payload format for Table service operations").</summary>
internal enum EdmType
{
    String,
    Boolean,
    Int32,
    Int64,
    Double,
    DateTime,
    Guid,
    Binary,
}

/// <summary>A property. Its value is a string, bool, int, long, double, DateTime (UTC), Guid or byte[].</summary>
internal readonly record struct Property(string Name, EdmType Type, object Value);

/// <summary>
/// A stored entity. It is immutable and only replaced, so a response can be written from it at any time.
/// </summary>
internal sealed record Row(string PartitionKey, string RowKey, Property[] Properties, string ETag, DateTime Timestamp)
{
    public bool TryGet(string name, out Property property)
    {
        foreach (var each in Properties)
        {
            if (each.Name == name)
            {
                property = each;
                return true;
            }
        }

        property = name switch
        {
            Names.PartitionKey => new Property(name, EdmType.String, PartitionKey),
            Names.RowKey => new Property(name, EdmType.String, RowKey),
            Names.Timestamp => new Property(name, EdmType.DateTime, Timestamp),
            _ => default,
        };
        return property.Name is not null;
    }
}

/// <summary>The system properties.</summary>
internal static class Names
{
    public const string PartitionKey = "PartitionKey";
    public const string RowKey = "RowKey";
    public const string Timestamp = "Timestamp";
}
