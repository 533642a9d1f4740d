using System.Text.RegularExpressions;

namespace Parley.Tests.Infrastructure;

/// <summary>
/// The part of the query language that the alerts use on lines of the log: <c>where</c> with "or" of "and" of
/// comparisons, and <c>parse</c>. Any other step is an error, so that no query can match by accident.
/// </summary>
internal sealed class LogQuery
{
    private readonly string[] steps;

    /// <summary>Parses the steps after AppTraces, up to the step that counts the lines.</summary>
    public LogQuery(string query)
    {
        var lines = Regex.Match(query, @"AppTraces\s*\|(.*?)\|\s*(summarize|project)\b", RegexOptions.Singleline);
        steps = lines.Success
            ? [.. lines.Groups[1].Value.Split('|')
                .Select(step => Regex.Replace(step, @"\s+(?=([^""]*""[^""]*"")*[^""]*$)", " ").Trim())]
            : throw new FormatException($"No query on AppTraces: {query}");
    }

    /// <summary>True when the query counts the line.</summary>
    public bool Matches(string line)
    {
        var numbers = new Dictionary<string, int>();
        return steps.All(step => step switch
        {
            _ when step.StartsWith("where ", StringComparison.Ordinal) => Split(step[6..], " or ").Any(
                clause => Split(clause.Trim('(', ')'), " and ").All(term => IsTrue(term, line, numbers))),
            _ when step.StartsWith("parse Message with ", StringComparison.Ordinal) => Parse(step, line, numbers),
            _ => throw new FormatException(step),
        });
    }

    /// <summary>Splits the text at separators outside quotation marks.</summary>
    private static string[] Split(string text, string separator) =>
        [.. Regex.Split(text, separator + @"(?=(?:[^""]*""[^""]*"")*[^""]*$)").Select(part => part.Trim())];

    private static bool IsTrue(string term, string line, Dictionary<string, int> numbers)
    {
        if (Regex.Match(term, @"^Message (startswith|endswith|contains) ""([^""]*)""$") is { Success: true } text)
        {
            // All three operators ignore case.
            var (comparison, wanted) = (text.Groups[1].Value, text.Groups[2].Value);
            return comparison == "startswith" ? line.StartsWith(wanted, StringComparison.OrdinalIgnoreCase)
                : comparison == "endswith" ? line.EndsWith(wanted, StringComparison.OrdinalIgnoreCase)
                : line.Contains(wanted, StringComparison.OrdinalIgnoreCase);
        }

        return Regex.Match(term, @"^(\w+) >= (\w+)$") is { Success: true } compared
            ? numbers.TryGetValue(compared.Groups[1].Value, out var left)
                && numbers.TryGetValue(compared.Groups[2].Value, out var right)
                && left >= right
            : throw new FormatException(term);
    }

    /// <summary>
    /// A line that does not match stays in the result without parsed numbers, as with Kusto's <c>parse</c>.
    /// </summary>
    private static bool Parse(string step, string line, Dictionary<string, int> numbers)
    {
        var parts = Regex.Matches(step["parse Message with ".Length..], @"""([^""]*)""|(\*)|(\w+):int");
        var pattern = string.Concat(parts.Select(Pattern));
        var found = Regex.Match(line, $"^{pattern}$");
        foreach (var group in found.Groups.Cast<Group>().Where(group => group.Success && char.IsLetter(group.Name[0])))
        {
            numbers[group.Name] = int.Parse(group.ValueSpan, null);
        }

        return true;
    }

    private static string Pattern(Match part) =>
        part.Groups[1].Success ? Regex.Escape(part.Groups[1].Value)
        : part.Groups[2].Success ? ".*?"
        : $@"(?<{part.Groups[3].Value}>\d+)";
}
