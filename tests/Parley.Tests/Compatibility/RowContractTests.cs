using System.Text.RegularExpressions;
using Parley.DevHost.Common;
using Parley.Functions;
using Parley.Tests.Operations;
using Xunit;

namespace Parley.Tests.Compatibility;

/// <summary>
/// Checks <c>row-contract.json</c> against the rows that the current Parley writes, the rows of earlier versions, and
/// the names in the source.
/// </summary>
public class RowContractTests(FullStore full) : IClassFixture<FullStore>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static TheoryData<string> Versions => [.. GoldenStore.Versions];

    [Fact]
    public void The_contract_has_every_kind() =>
        Assert.Equal(
            StoreKinds.Names.Order(StringComparer.Ordinal),
            RowContract.Read().Kinds.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Rows_written_today_keep_the_contract()
    {
        if (GoldenUpdate.IsWanted)
        {
            WriteGoldenRows();
        }

        var contract = RowContract.Read();

        Assert.Empty(contract.BrokenBy(full.Rows));
        Assert.Empty(contract.UnseenIn(full.Rows));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Golden_rows_keep_the_contract(string version) =>
        Assert.Empty(RowContract.Read().BrokenBy(GoldenStore.Read(version).Rows));

    /// <summary>
    /// Removes or retypes each property of the contract, so that every one of them is proved by a row.
    /// </summary>
    [Fact]
    public void A_property_dropped_from_the_contract_or_retyped_breaks_it()
    {
        // The last version has all kinds of rows except those that are new since.
        var golden = GoldenStore.Read(GoldenStore.Versions.Last()).Rows;
        foreach (var (name, kind) in RowContract.Read().Kinds)
        {
            foreach (var property in kind.Required.Keys.Concat(kind.Optional.Keys))
            {
                AssertBroken(golden, name, property, properties => properties.Remove(property));
                AssertBroken(golden, name, property, properties =>
                    properties[property] = properties[property] == "Int32" ? "Int64" : "Int32");
            }
        }
    }

    [Fact]
    public void A_row_without_a_required_property_breaks_the_contract()
    {
        var contract = RowContract.Read();
        foreach (var row in full.Rows)
        {
            var required = contract.Kinds[StoreKinds.KindOf(row.Table, row.RowKey)].Required.Keys;
            Assert.All(required, property =>
            {
                var line = row.Line.Replace($"\"{property}\":", $"\"New{property}\":", StringComparison.Ordinal);
                Assert.NotEmpty(contract.BrokenBy([row with { Line = line }]));
            });
        }
    }

    /// <summary>Includes properties that no row of the full store has.</summary>
    [Fact]
    public void Every_property_that_the_source_reads_or_writes_is_in_the_contract_with_its_type()
    {
        var kinds = RowContract.Read().Kinds.Values;
        var known = kinds.SelectMany(kind => kind.Required.Concat(kind.Optional).Concat(kind.Rare)).ToHashSet();
        var names = known.Select(property => property.Key).ToHashSet();
        var source = string.Join('\n', Directory
            .EnumerateFiles(Path.Combine(Repository.Root, "src", "Parley"), "*.cs", SearchOption.AllDirectories)
            .Select(File.ReadAllText)
            .Where(text => text.Contains("TableEntity", StringComparison.Ordinal)));

        const string Writing =
            """(\["(?<name>\w+)"\] = )|(SetIfAny\("(?<name>\w+)")|(LongText\.Write\(\w+, "(?<name>\w+)")""";
        var written = Regex.Matches(source, Writing, RegexOptions.ExplicitCapture, Patience)
            .Select(match => match.Groups["name"].Value)
            .ToHashSet();
        Assert.True(written.Count > 100, $"{written.Count}");
        Assert.Empty(written.Except(names));

        const string Reading =
            """\.Get(?<type>String|Int32|Int64|Double|Boolean|Guid|DateTimeOffset|Binary)\("(?<name>\w+)"\)""";
        var read = Regex.Matches(source, Reading, RegexOptions.ExplicitCapture, Patience)
            .Select(match => KeyValuePair.Create(
                match.Groups["name"].Value, match.Groups["type"].Value.Replace("Offset", "", StringComparison.Ordinal)))
            .ToHashSet();
        Assert.True(read.Count > 100, $"{read.Count}");
        Assert.Empty(read.Except(known));
        Assert.All(kinds.SelectMany(kind => kind.Rare), rare => Assert.Contains(rare, read));
    }

    private void AssertBroken(
        IReadOnlyList<StoredRow> golden, string name, string property, Action<Dictionary<string, string>> change)
    {
        var contract = RowContract.Read();
        var kind = contract.Kinds[name];
        change(kind.Required.ContainsKey(property) ? kind.Required : kind.Optional);
        var isGolden = contract.KindsOf(GoldenStore.Versions.Last()).Contains(name);
        foreach (var rows in isGolden ? [full.Rows, golden] : new[] { full.Rows })
        {
            Assert.Contains(contract.BrokenBy(rows), broken =>
                broken.StartsWith($"{name}: ", StringComparison.Ordinal));
        }
    }

    private void WriteGoldenRows()
    {
        var version = typeof(ParleyApp).Assembly.GetName().Version!.ToString(3);
        if (!GoldenStore.Versions.Contains(version))
        {
            var chat = full.Chat["number"]!.GetValue<int>();
            var facts = new GoldenFacts(full.WrittenAt, full.ApiKey, chat, full.CompletionId);
            GoldenStore.Write(version, facts, full.Rows);
            GoldenMessages.Write(version);
        }
    }
}
