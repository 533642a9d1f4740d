using System.Globalization;

namespace Parley.Testing.TableService;

internal enum FilterKind
{
    And,
    Or,
    Not,
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// <summary>
/// A filter as a tree: a comparison of a property with a literal, or an operator that joins two filters or negates one.
/// A comparison is false for a row without the property, and for a row whose property has another type ("Querying
/// tables and entities": the constant value must be of the same data type as the property). So "ne" finds no row
/// without the property, and "not (… eq …)" does.
/// </summary>
internal sealed record Filter(FilterKind Kind, Filter? Left, Filter? Right, Property Literal)
{
    public bool Matches(Row row) => Kind switch
    {
        FilterKind.And => Left!.Matches(row) && Right!.Matches(row),
        FilterKind.Or => Left!.Matches(row) || Right!.Matches(row),
        FilterKind.Not => !Left!.Matches(row),
        _ => row.TryGet(Literal.Name, out var property) && property.Type == Literal.Type && Compares(property.Value),
    };

    /// <summary>The partition that contains every match, if the filter fixes it; otherwise null.</summary>
    public string? OnlyPartition() => Kind switch
    {
        FilterKind.Equal when Literal is { Name: Names.PartitionKey, Value: string key } => key,
        FilterKind.And => Left!.OnlyPartition() ?? Right!.OnlyPartition(),
        _ => null,
    };

    /// <summary>The least row key that a match can have.</summary>
    public string FirstRow() => Kind switch
    {
        FilterKind.Equal or FilterKind.Greater or FilterKind.GreaterOrEqual when Literal is { Name: Names.RowKey, Value: string key } => key,
        FilterKind.And => Greater(Left!.FirstRow(), Right!.FirstRow()),
        _ => "",
    };

    /// <summary>The greatest row key that a match can have; null when there is no such bound.</summary>
    public string? LastRow() => Kind switch
    {
        FilterKind.Equal or FilterKind.Less or FilterKind.LessOrEqual when Literal is { Name: Names.RowKey, Value: string key } => key,
        FilterKind.And when Left!.LastRow() is { } left => Right!.LastRow() is { } right && string.CompareOrdinal(right, left) < 0 ? right : left,
        FilterKind.And => Right!.LastRow(),
        _ => null,
    };

    private static string Greater(string left, string right) => string.CompareOrdinal(left, right) >= 0 ? left : right;

    private bool Compares(object value)
    {
        if (Kind is FilterKind.Equal or FilterKind.NotEqual)
        {
            var equal = value is byte[] bytes ? bytes.AsSpan().SequenceEqual((byte[])Literal.Value) : value.Equals(Literal.Value);
            return equal == (Kind == FilterKind.Equal);
        }

        var order = (value, Literal.Value) switch
        {
            (string left, string right) => string.CompareOrdinal(left, right),
            (int left, int right) => left.CompareTo(right),
            (long left, long right) => left.CompareTo(right),
            (DateTime left, DateTime right) => left.CompareTo(right),
            // NaN is neither less nor greater than any number.
            (double left, double right) => double.IsNaN(left) || double.IsNaN(right) ? null : (int?)left.CompareTo(right),
            _ => throw new NotSupportedException(string.Create(CultureInfo.InvariantCulture, $"StrictTables orders no {Literal.Type}; the service's order of them is not documented.")),
        };
        return Kind switch
        {
            FilterKind.Greater => order > 0,
            FilterKind.GreaterOrEqual => order >= 0,
            FilterKind.Less => order < 0,
            _ => order <= 0,
        };
    }
}
