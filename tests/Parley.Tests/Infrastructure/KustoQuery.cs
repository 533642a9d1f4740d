using System.Globalization;

namespace Parley.Tests.Infrastructure;

/// <summary>
/// Runs the part of the query language that alerts and the workbook use, on rows in memory. An unknown step, function
/// or column is an error, so that no query can be right by accident. Numbers are double; times are minutes.
/// </summary>
internal sealed class KustoQuery
{
    private readonly List<KustoStep> steps;

    /// <summary>Parses a query.</summary>
    /// <exception cref="FormatException">The query has something that this class does not know.</exception>
    public KustoQuery(string text)
    {
        (Table, steps) = new KustoParser(text).Parse();
    }

    /// <summary>The table that the query reads.</summary>
    public string Table { get; }

    /// <summary>The names that the column <c>Name</c> is compared with.</summary>
    public IEnumerable<string> Meters => Nodes
        .Where(node => node is { Kind: "==" or "in" } && node.Parts[0] is { Kind: "column", Text: "Name" })
        .SelectMany(node => node.Parts.Skip(1))
        .Select(node => node.Text);

    /// <summary>The tags that the query reads.</summary>
    public IEnumerable<string> Tags => Nodes.Where(node => node.Kind == "[]").Select(node => node.Parts[1].Text);

    /// <summary>The texts in the query that are neither meters nor tags: values that tags are compared with.</summary>
    public IEnumerable<string> Values =>
        Nodes.Where(node => node.Kind == "text").Select(node => node.Text).Except(Meters).Except(Tags);

    private IEnumerable<KustoNode> Nodes =>
        steps.SelectMany(step => step.Columns.Concat(step.Groups)).SelectMany(column => column.Value.All());

    /// <summary>The rows of the result.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, object?>> Run(
        IEnumerable<IReadOnlyDictionary<string, object?>> rows) =>
        steps.Aggregate(rows.ToList(), (current, step) => Run(step, current));

    private static List<IReadOnlyDictionary<string, object?>> Run(
        KustoStep step, List<IReadOnlyDictionary<string, object?>> rows) => step.Name switch
        {
            "where" => rows.FindAll(row => One(step.Columns[0].Value, row) is true),
            "extend" => [.. rows.Select(row => Columns(step, row, new Dictionary<string, object?>(row)))],
            "project" => [.. rows.Select(row => Columns(step, row, []))],
            "summarize" => Summarize(step, rows),
            // Sorted as the last column says, then as the one before.
            "order by" => step.Columns.AsEnumerable().Reverse().Aggregate(rows, (sorted, column) =>
                [.. sorted.OrderByDescending(row => One(column.Value, row))]),
            _ => throw new FormatException($"The step '{step.Name}' is not known."),
        };

    private static Dictionary<string, object?> Columns(
        KustoStep step, IReadOnlyDictionary<string, object?> row, Dictionary<string, object?> result)
    {
        foreach (var (name, value) in step.Columns)
        {
            result[name] = One(value, row);
        }

        return result;
    }

    /// <summary>Without groups there is one row, even of no rows, as in Kusto.</summary>
    private static List<IReadOnlyDictionary<string, object?>> Summarize(
        KustoStep step, List<IReadOnlyDictionary<string, object?>> rows)
    {
        var groups = step.Groups.Count == 0
            ? [rows]
            : rows.GroupBy(row => string.Join('\n', step.Groups.Select(by => $"{One(by.Value, row)}")))
                .Select(group => group.ToList());
        return [.. groups.Select(group =>
        {
            var result = step.Groups.ToDictionary(by => by.Name, by => One(by.Value, group[0]));
            step.Columns.ForEach(column => result[column.Name] = Over(column.Value, group));
            return result;
        })];
    }

    /// <summary>The value of an expression for one row.</summary>
    private static object? One(KustoNode node, IReadOnlyDictionary<string, object?> row) => node.Kind switch
    {
        "column" => row.TryGetValue(node.Text, out var value)
            ? value
            : throw new FormatException($"There is no column '{node.Text}'."),
        "[]" => ((IReadOnlyDictionary<string, string>)One(node.Parts[0], row)!).GetValueOrDefault(node.Parts[1].Text),
        _ => Scalar(node, part => One(part, row)),
    };

    /// <summary>The value of an expression with aggregates for the rows of a group.</summary>
    private static object? Over(KustoNode node, List<IReadOnlyDictionary<string, object?>> rows)
    {
        var numbers = node.Kind is "sum" or "max" or "percentilew"
            ? rows.Select(row => One(node.Parts[0], row)).OfType<double>().ToList()
            : [];
        return node.Kind switch
        {
            "sum" => numbers.Sum(),
            "sumif" => rows.Where(row => One(node.Parts[1], row) is true)
                .Select(row => One(node.Parts[0], row)).OfType<double>().Sum(),
            "max" => numbers.Count == 0 ? null : numbers.Max(),
            // Rows of equal weight are enough for tests.
            "percentilew" => numbers.Order().ElementAtOrDefault((int)(numbers.Count * 0.95)),
            "column" or "[]" => throw new FormatException($"'{node.Text}' is not aggregated."),
            _ => Scalar(node, part => Over(part, rows)),
        };
    }

    private static object? Scalar(KustoNode node, Func<KustoNode, object?> value)
    {
        object? Part(int index) => value(node.Parts[index]);
        string Text(int index) => Part(index) as string ?? "";
        return node.Kind switch
        {
            "text" => node.Text,
            "number" => double.Parse(node.Text, CultureInfo.InvariantCulture),
            "and" => Part(0) is true && Part(1) is true,
            "or" => Part(0) is true || Part(1) is true,
            "not" => Part(0) is not true,
            "iff" => Part(0) is true ? Part(1) : Part(2),
            "in" => node.Parts.Skip(1).Any(one => Equals(Part(0), value(one))),
            "==" => Equals(Part(0), Part(1)),
            // Both ignore case.
            "contains" => Text(0).Contains(Text(1), StringComparison.OrdinalIgnoreCase),
            "startswith" => Text(0).StartsWith(Text(1), StringComparison.OrdinalIgnoreCase),
            "isempty" => Text(0).Length == 0,
            "isnotempty" => Text(0).Length > 0,
            "tostring" => Convert.ToString(Part(0), CultureInfo.InvariantCulture),
            "toint" => int.TryParse($"{Part(0)}", out var number) ? (double)number : null,
            "bin" when Part(0) is double at && Part(1) is double width => Math.Floor(at / width) * width,
            ">=" or ">" or "*" or "/" or "+" => Part(0) is double left && Part(1) is double right
                ? Calculated(node.Kind, left, right)
                : null,
            _ => throw new FormatException($"'{node.Kind}' is not known."),
        };
    }

    private static object Calculated(string kind, double left, double right) => kind switch
    {
        ">=" => left >= right,
        ">" => left > right,
        "*" => left * right,
        "/" => left / right,
        _ => left + right,
    };
}
