using System.Globalization;

namespace Parley.Testing.TableService;

/// <summary>
/// Parses $filter ("Querying tables and entities"): comparisons of a property with a literal, and, or, not,
/// parentheses. It is case-sensitive and separated by spaces. An invalid filter is refused with the service's error. A
/// filter that may be valid but is not supported here (a literal on the left, a bare property) throws
/// NotSupportedException.
/// </summary>
internal ref struct FilterParser(string text)
{
    private readonly string text = text;
    private int position;
    private int comparisons;

    public static Filter Parse(string text)
    {
        var parser = new FilterParser(text);
        var filter = parser.Or();
        parser.SkipSpaces();
        if (parser.position < text.Length)
        {
            throw parser.Refuse();
        }

        return parser.comparisons <= Rules.MaxComparisons
            ? filter
            : throw TableError.InvalidInput($"{parser.comparisons} comparisons in a filter; no more than {Rules.MaxComparisons} are permitted.").Refuse();
    }

    private Filter Or()
    {
        var left = And();
        while (TakeWord("or"))
        {
            left = new Filter(FilterKind.Or, left, And(), default);
        }

        return left;
    }

    private Filter And()
    {
        var left = Term();
        while (TakeWord("and"))
        {
            left = new Filter(FilterKind.And, left, Term(), default);
        }

        return left;
    }

    private Filter Term()
    {
        if (TakeWord("not"))
        {
            SkipSpaces();
            return position < text.Length && text[position] == '('
                ? new Filter(FilterKind.Not, Term(), null, default)
                : throw new NotSupportedException($"StrictTables reads 'not' before a parenthesis only: {text}");
        }

        SkipSpaces();
        if (position < text.Length && text[position] == '(')
        {
            position++;
            var inner = Or();
            SkipSpaces();
            if (position >= text.Length || text[position] != ')')
            {
                throw Refuse();
            }

            position++;
            return inner;
        }

        return Comparison();
    }

    private Filter Comparison()
    {
        comparisons++;
        SkipSpaces();
        if (position < text.Length && (text[position] is '\'' or '-' || char.IsAsciiDigit(text[position])))
        {
            throw new NotSupportedException($"StrictTables reads a property on the left of a comparison only: {text}");
        }

        var name = EnumNameConverter();
        SkipSpaces();
        var kind = EnumNameConverter() switch
        {
            "eq" => FilterKind.Equal,
            "ne" => FilterKind.NotEqual,
            "gt" => FilterKind.Greater,
            "ge" => FilterKind.GreaterOrEqual,
            "lt" => FilterKind.Less,
            "le" => FilterKind.LessOrEqual,
            _ => throw Refuse(),
        };
        SkipSpaces();
        var (type, value) = Literal();
        return new Filter(kind, null, null, new Property(name, type, value));
    }

    private (EdmType Type, object Value) Literal()
    {
        if (position < text.Length && text[position] == '\'')
        {
            return (EdmType.String, Quoted());
        }

        var word = EnumNameConverter();
        if (position < text.Length && text[position] == '\'')
        {
            var quoted = Quoted();
            return word switch
            {
                "datetime" when DateTime.TryParse(quoted, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var date) => (EdmType.DateTime, date),
                "guid" when Guid.TryParse(quoted, out var id) => (EdmType.Guid, id),
                "X" or "binary" when quoted.Length % 2 == 0 && quoted.All(char.IsAsciiHexDigit) => (EdmType.Binary, Convert.FromHexString(quoted)),
                _ => throw Refuse(),
            };
        }

        return word switch
        {
            "true" => (EdmType.Boolean, true),
            "false" => (EdmType.Boolean, false),
            [.. var digits, 'L'] when long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => (EdmType.Int64, number),
            _ when int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => (EdmType.Int32, number),
            _ when word.AsSpan().IndexOfAny('.', 'e', 'E') >= 0 && double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => (EdmType.Double, number),
            _ => throw Refuse(),
        };
    }

    private string Quoted()
    {
        var start = ++position;
        var doubled = false;
        while (true)
        {
            var end = text.IndexOf('\'', position);
            if (end < 0)
            {
                throw Refuse();
            }

            if (end + 1 < text.Length && text[end + 1] == '\'')
            {
                doubled = true;
                position = end + 2;
                continue;
            }

            position = end + 1;
            var inner = text[start..end];
            return doubled ? inner.Replace("''", "'", StringComparison.Ordinal) : inner;
        }
    }

    private bool TakeWord(string word)
    {
        SkipSpaces();
        var end = position + word.Length;
        if (string.CompareOrdinal(text, position, word, 0, word.Length) != 0 || (end < text.Length && text[end] is not (' ' or '(')))
        {
            return false;
        }

        position = end;
        return true;
    }

    private string EnumNameConverter()
    {
        var start = position;
        while (position < text.Length && (char.IsLetterOrDigit(text[position]) || text[position] is '_' or '.' or '-' or '+'))
        {
            position++;
        }

        return position > start ? text[start..position] : throw Refuse();
    }

    private void SkipSpaces()
    {
        while (position < text.Length && text[position] == ' ')
        {
            position++;
        }
    }

    private readonly TableRefusedException Refuse() => TableError.InvalidInput($"the filter cannot be read at {position}: {text}").Refuse();
}
