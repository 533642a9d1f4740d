using System.Text.RegularExpressions;
using Parley.DevHost.Common;
using Xunit;

namespace Parley.Tests.Architecture;

/// <summary>Compares <c>docs/security.md</c> with the tests that it names.</summary>
public class SecurityPageTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "security.md"));

    [Fact]
    public void Every_named_test_exists()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .ToLookup(file => Path.GetFileNameWithoutExtension(file), StringComparer.Ordinal);
        var named = Regex.Matches(Page, @"`(?<class>\w+Tests)(\.(?<method>\w+))?`", RegexOptions.ExplicitCapture, Patience);

        Assert.True(named.Count > 30, $"{named.Count}");
        Assert.All(named, test =>
        {
            var (name, method) = (test.Groups["class"].Value, test.Groups["method"].Value);
            Assert.True(sources.Contains(name), $"There is no file {name}.cs.");
            Assert.True(
                method.Length == 0 || sources[name].Any(file => Regex.IsMatch(
                    File.ReadAllText(file), $@"public (async )?(Task|void) {method}\(", RegexOptions.None, Patience)),
                $"{name} has no test {method}.");
        });
    }

    [Fact]
    public void Every_risk_of_the_list_names_a_test()
    {
        // owasp.org/API-Security, editions/2023: API1 to API10.
        var rows = Regex.Matches(Page, @"^\| API(?<number>\d+) .*\|(?<tests>[^|]*)\|$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, Patience);

        Assert.Equal(Enumerable.Range(1, 10), rows.Select(row => int.Parse(row.Groups["number"].ValueSpan, null)));
        Assert.All(rows, row => Assert.Contains("Tests", row.Groups["tests"].Value, StringComparison.Ordinal));
    }
}
