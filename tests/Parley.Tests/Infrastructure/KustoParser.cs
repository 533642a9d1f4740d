using System.Text.RegularExpressions;

namespace Parley.Tests.Infrastructure;

/// <summary>An expression: a column, a text, a number, or an operator or function with its parts.</summary>
internal sealed record KustoNode(string Kind, string Text, params KustoNode[] Parts)
{
    /// <summary>The expression and all of its parts.</summary>
    public IEnumerable<KustoNode> All() => Parts.SelectMany(part => part.All()).Prepend(this);
}

/// <summary>A step of a query, such as <c>summarize</c> with its columns and, after "by", its groups.</summary>
internal sealed record KustoStep(
    string Name,
    List<(string Name, KustoNode Value)> Columns,
    List<(string Name, KustoNode Value)> Groups);

/// <summary>Parses the queries that <see cref="KustoQuery"/> runs. What it does not know is an error.</summary>
internal sealed class KustoParser
{
    /// <summary>Operators from the weakest to the strongest.</summary>
    private static readonly string[][] Operators =
    [
        ["or"],
        ["and"],
        ["==", ">=", ">", "contains", "startswith", "in"],
        ["+"],
        ["*", "/"],
    ];

    private static readonly string[] Functions =
        ["sum", "sumif", "max", "percentilew", "iff", "not", "isempty", "isnotempty", "tostring", "toint", "bin"];

    private readonly Queue<string> tokens;

    public KustoParser(string text)
    {
        var found = Regex.Matches(text, """\G\s*("[^"\\]*"|[A-Za-z_]\w*|\d+m?\b|==|>=|[>=()\[\],|*/+])""");
        tokens = new Queue<string>(found.Select(token => token.Groups[1].Value));
        var length = found.Sum(token => token.Length);
        if (text[length..].Trim() is { Length: > 0 } rest)
        {
            throw new FormatException($"Not known: {rest}");
        }
    }

    /// <summary>The table and the steps.</summary>
    public (string Table, List<KustoStep> Steps) Parse()
    {
        var table = tokens.Dequeue();
        var steps = new List<KustoStep>();
        while (tokens.Count > 0)
        {
            Take("|");
            steps.Add(Step(tokens.Dequeue()));
        }

        return (table, steps);
    }

    private KustoStep Step(string name)
    {
        switch (name)
        {
            case "where":
                return new(name, [("", Expression(0))], []);
            case "extend" or "project":
                return new(name, Columns(), []);
            case "summarize":
                return new(name, Columns(), TryTake("by") ? Columns() : []);
            case "order":
                Take("by");
                return new("order by", Columns(suffix: "desc"), []);
            default:
                throw new FormatException($"The step '{name}' is not known.");
        }
    }

    private List<(string Name, KustoNode Value)> Columns(string? suffix = null)
    {
        var columns = new List<(string Name, KustoNode Value)>();
        do
        {
            var value = Expression(0);
            var isNamed = value.Kind == "column" && TryTake("=");
            // Kusto names a column of bin() as the column in it.
            var named = value.Kind == "bin" ? value.Parts[0] : value;
            if (named.Kind != "column")
            {
                throw new FormatException($"A column with '{value.Kind}' has no name.");
            }

            columns.Add((named.Text, isNamed ? Expression(0) : value));
            if (suffix is not null)
            {
                Take(suffix);
            }
        }
        while (TryTake(","));

        return columns;
    }

    private KustoNode Expression(int level)
    {
        if (level == Operators.Length)
        {
            return Operand();
        }

        var left = Expression(level + 1);
        while (tokens.TryPeek(out var next) && Operators[level].Contains(next))
        {
            tokens.Dequeue();
            left = next == "in"
                ? new KustoNode(next, "", [left, .. List("(", ")")])
                : new KustoNode(next, "", left, Expression(level + 1));
        }

        return left;
    }

    private KustoNode Operand()
    {
        var token = tokens.Dequeue();
        if (token == "(")
        {
            var inner = Expression(0);
            Take(")");
            return inner;
        }

        if (token[0] == '"')
        {
            return new("text", token.Trim('"'));
        }

        if (char.IsAsciiDigit(token[0]))
        {
            return new("number", token.TrimEnd('m'));
        }

        if (tokens.TryPeek(out var next) && next == "(")
        {
            return Functions.Contains(token)
                ? new(token, "", [.. List("(", ")")])
                : throw new FormatException($"The function '{token}' is not known.");
        }

        var column = new KustoNode("column", token);
        return next == "[" ? new("[]", token, [column, .. List("[", "]")]) : column;
    }

    private List<KustoNode> List(string open, string close)
    {
        Take(open);
        var parts = new List<KustoNode>();
        do
        {
            parts.Add(Expression(0));
        }
        while (TryTake(","));

        Take(close);
        return parts;
    }

    private bool TryTake(string token) => tokens.TryPeek(out var next) && next == token && tokens.Dequeue() == token;

    private void Take(string token)
    {
        if (!TryTake(token))
        {
            throw new FormatException($"'{token}' is missing before '{string.Join(' ', tokens.Take(5))}'.");
        }
    }
}
