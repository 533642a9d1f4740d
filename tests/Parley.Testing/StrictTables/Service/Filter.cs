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

    /// <summary>The least value that the key of this name can have in a match.</summary>
    public string First(string name) => Kind switch
    {
        FilterKind.Equal or FilterKind.Greater or FilterKind.GreaterOrEqual when Literal.Name == name && Literal.Value is string key => key,
        FilterKind.And => Greater(Left!.First(name), Right!.First(name)),
        _ => "",
    };

    /// <summary>The greatest value that the key can have in a match; null when there is no such bound.</summary>
    public string? Last(string name) => Kind switch
    {
        FilterKind.Equal or FilterKind.Less or FilterKind.LessOrEqual when Literal.Name == name && Literal.Value is string key => key,
        FilterKind.And when Left!.Last(name) is { } left => Right!.Last(name) is { } right && string.CompareOrdinal(right, left) < 0 ? right : left,
        FilterKind.And => Right!.Last(name),
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
