using System.Text.RegularExpressions;
using Parley.DevHost.Common;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.OpenApi;

/// <summary>
/// The validator knows a field's type, not its value: that takes an assertion. A field counts as asserted when a test file that
/// calls a path of its schema reads it (<c>answer["field"]</c>) or names it in an assertion, either as text or as a member of an
/// expected object. A list of keys tells no value and does not count.
/// </summary>
public partial class FieldsAssertedTests
{
    private static readonly List<string> Sources =
    [
        .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests", "Parley.EndToEnd.Tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(Path.GetDirectoryName(file)) != "OpenApi")
            .Select(File.ReadAllText),
    ];

    [Fact]
    public void Every_field_of_every_answer_is_asserted_somewhere()
    {
        var asserted = Sources.ConvertAll(source => (Source: source, Names: NamesIn(source)));
        var missing = from schema in ResponseSchemas.All
                      let names = asserted.Where(file => schema.Key == "Problem" || ResponseSchemas.PathsOf[schema.Key].Any(path => Calls(file.Source, path)))
                          .SelectMany(file => file.Names).ToHashSet()
                      from property in ResponseSchemas.PropertiesOf(schema.Value)
                      where !names.Contains(property)
                      select $"{schema.Key}.{property}";

        Assert.True(!missing.Any(), $"Asserted nowhere: {string.Join(", ", missing)}");
    }

    [Theory]
    [InlineData("var id = answer[\"field\"]!.GetValue<int>();", true)]
    [InlineData("Assert.All(new[] { \"field\" }, member => Assert.Null(answer[member]));", true)]
    [InlineData("Assert.Equal(new { field = 1 }, answer);", true)]
    [InlineData("Assert.Equal(\"\"\"{\"field\":1}\"\"\", answer.ToJsonString());", true)]
    [InlineData("Assert.Equal([\"field\"], answer.AsObject().Select(member => member.Key));", false)]
    [InlineData("var body = new { field = 1 };", false)]
    [InlineData("var body = new Dictionary<string, string> { [\"field\"] = \"x\" };", false)]
    [InlineData("string[] members = [\"field\"];", false)]
    [InlineData("// answer field", false)]
    public void What_counts_as_asserted(string source, bool counts) => Assert.Equal(counts, NamesIn(source).Contains("field"));

    private static bool Calls(string source, string path) =>
        Regex.IsMatch(source, Regex.Replace(path.TrimStart('/'), @"\{[^}]*\}", "[^\"/]+", RegexOptions.None, Wait.Limit) + "[\"/?]", RegexOptions.None, Wait.Limit);

    private static HashSet<string> NamesIn(string source) =>
    [
        .. Names(Read().Matches(source)),
        .. Statement().Matches(source).Select(statement => statement.Value)
            .Where(statement => statement.Contains("Assert.", StringComparison.Ordinal) && !statement.Contains(".Key)", StringComparison.Ordinal))
            .SelectMany(statement => Names(Quoted().Matches(statement)).Concat(Names(Member().Matches(statement)))),
    ];

    private static IEnumerable<string> Names(MatchCollection matches) => matches.Select(match => match.Groups["name"].Value);

    [GeneratedRegex(@"(?<=[\w)\]!])\[""(?<name>\w+)""\](?!\s*=[^=])", RegexOptions.None, 5000)]
    private static partial Regex Read();

    [GeneratedRegex("[^;]+", RegexOptions.None, 5000)]
    private static partial Regex Statement();

    [GeneratedRegex(@"""(?<name>\w+)""(?!\s*\]\s*=[^=])", RegexOptions.None, 5000)]
    private static partial Regex Quoted();

    [GeneratedRegex(@"[{,]\s*(?<name>\w+) = ", RegexOptions.None, 5000)]
    private static partial Regex Member();
}
