using Xunit;

namespace Parley.Tests.Architecture;

public sealed class LayerRulesTests
{
    private static readonly LayerRules Rules = LayerRules.Parse("""
        B, C → A
        D → B
        D.Sub → C
        E → all
        """);

    [Theory]
    [InlineData("B", "A", true)]
    [InlineData("D", "A", true)]
    [InlineData("A", "B", false)]
    [InlineData("B", "C", false)]
    [InlineData("D", "D.Sub", false)]
    [InlineData("D.Sub", "D", false)]
    [InlineData("E", "A", true)]
    [InlineData("E.Sub", "E", true)]
    [InlineData("Else", "A", false)]
    [InlineData("D", "E", false)]
    [InlineData("Unknown", "A", false)]
    [InlineData("A", "Unknown", false)]
    public void A_folder_may_use_what_its_row_names_and_what_is_below(string from, string to, bool isPermitted) =>
        Assert.Equal(isPermitted, Rules.Forbidden([Reference(from, to)]).Count == 0);

    [Theory]
    [InlineData("D", "D.Sub", true)]
    [InlineData("D", "C", true)]
    [InlineData("D", "B", true)]
    [InlineData("", "D.Sub", true)]
    [InlineData("B", "C", false)]
    [InlineData("A", "B", false)]
    public void Registration_may_name_its_own_folders_and_what_is_below(string from, string to, bool isPermitted) =>
        Assert.Equal(isPermitted, Rules.Forbidden([Reference(from, to) with { IsRegistration = true }]).Count == 0);

    [Fact]
    public void A_permitted_arrow_that_nobody_uses_is_found() =>
        Assert.Equal(
            ["C → A", "D → B"],
            Rules.Unused([Reference("B", "A"), Reference("D.Sub", "C"), Reference("D", "A")]));

    [Fact]
    public void Cycles_are_found()
    {
        Assert.Empty(Rules.Cycles());
        Assert.Equal(["A ↔ B ↔ C"], LayerRules.Parse("A → B\nB → C\nC → A\nD → A\nA → E").Cycles());
        Assert.Equal(
            ["A ↔ B", "C ↔ D"],
            LayerRules.Cycles(
            [
                Reference("A", "B"),
                Reference("B", "A"),
                Reference("B", "C"),
                Reference("C", "D"),
                Reference("D", "C"),
            ]));
        Assert.Empty(LayerRules.Cycles([Reference("A", "B"), Reference("B", "A") with { IsRegistration = true }]));
    }

    [Fact]
    public void An_arrow_is_described_by_its_first_members()
    {
        var members = Enumerable.Range(10, 10)
            .Select(number => Reference("B", "A") with { Member = $"Type.M{number}" });
        var lines = Assert.Single(LayerRules.Describe(members)).Split('\n');

        Assert.Equal("B → A", lines[0]);
        Assert.Equal("    Type.M10 → Target", lines[1]);
        Assert.Equal("    and 2 more", lines[^1]);
    }

    private static LayerReference Reference(string from, string to) =>
        new(from, "Type.Member", to, "Target", IsRegistration: false);
}
