using System.Globalization;
using System.Text;
using System.Xml;

namespace Azure.Data.Tables.Wire;

/// <summary>Literals of filters.</summary>
internal static class QueryFilter
{
    public static string Create(FormattableString filter)
    {
        if (filter == null)
            return null;
        var literals = new object[filter.ArgumentCount];
        for (var i = 0; i < literals.Length; i++)
            literals[i] = Literal(filter.GetArgument(i), i);
        return string.Format(CultureInfo.InvariantCulture, filter.Format, literals);
    }

    private static string Literal(object value, int position) => value switch
    {
        null => "null",
        string text => Quote(text),
        char letter => Quote(letter.ToString()),
        StringBuilder text => Quote(text.ToString()),
        bool flag => flag ? "true" : "false",
        long or ulong => string.Create(CultureInfo.InvariantCulture, $"{value}L"),
        int or uint or short or ushort or byte or sbyte or double or float or decimal => Convert.ToString(value, CultureInfo.InvariantCulture),
        Guid id => $"guid'{id}'",
        DateTimeOffset time => Date(time.UtcDateTime),
        DateTime time => Date(time.ToUniversalTime()),
        byte[] bytes => Binary(bytes),
        BinaryData bytes => Binary(bytes),
        _ => throw new ArgumentException($"Unable to convert argument {position} from type {value.GetType()} to an OData literal."),
    };

    private static string Quote(string text) => $"'{text.Replace("'", "''")}'";

    private static string Date(DateTime utc) => $"datetime'{XmlConvert.ToString(utc, XmlDateTimeSerializationMode.RoundtripKind)}'";

    private static string Binary(ReadOnlySpan<byte> bytes) => $"X'{Convert.ToHexString(bytes)}'";
}
