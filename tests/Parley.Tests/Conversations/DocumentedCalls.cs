using Parley.DevHost.Common;
using Parley.Tests.Compatibility;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>Counts of storage calls, and the section of docs/storage-calls.md with the same counts.</summary>
internal sealed class DocumentedCalls(params string[] columns)
{
    private static readonly string Document = Path.Combine(Repository.Root, "docs", "storage-calls.md");
    private static readonly Lock Writing = new();
    private readonly List<string> lines =
        [$"| {string.Join(" | ", columns)} |", $"|{string.Concat(columns.Select(_ => "---|"))}"];

    public void Add(string operation, params int[] counts) => lines.Add($"| {operation} | {string.Join(" | ", counts)} |");

    /// <summary>Compares the counts with a section of the document, or writes them there.</summary>
    public void AssertDocumented(string section)
    {
        if (GoldenUpdate.IsWanted)
        {
            Update($"## {section}");
        }

        Assert.Equal(lines, Section($"## {section}", [.. File.ReadLines(Document)]));
    }

    private static IEnumerable<string> Section(string heading, List<string> document) =>
        document.SkipWhile(line => line != heading).Skip(1).TakeWhile(line => !IsHeading(line)).Where(line => line.Length > 0);

    private static bool IsHeading(string line) => line.StartsWith("## ", StringComparison.Ordinal);

    /// <summary>Sections are in alphabetical order, so that tests may write them in any order.</summary>
    private void Update(string heading)
    {
        lock (Writing)
        {
            var document = File.ReadLines(Document).ToList();
            var introduction = document.TakeWhile(line => !IsHeading(line));
            var sections = document.Where(IsHeading).Append(heading).Distinct().Order(StringComparer.Ordinal)
                .Select(each => $"{each}\n\n{string.Join('\n', each == heading ? lines : Section(each, document))}");
            File.WriteAllText(Document, $"{string.Join('\n', introduction).TrimEnd()}\n\n{string.Join("\n\n", sections)}\n");
        }
    }
}
