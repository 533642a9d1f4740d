using Parley.LocalHost;
using Xunit;

namespace Parley.Tests.StandIns;

/// <summary>What is not the product stays small: lines of code, without blank ones and comments.</summary>
public sealed class BudgetTests
{
    [Theory]
    [InlineData("src/StandIns", 1350)]
    [InlineData("src/Parley.LocalHost", 1400)]
    public void Code_beside_the_product_keeps_its_budget(string folder, int budget)
    {
        var lines = Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
            .SelectMany(File.ReadLines)
            .Count(line => !string.IsNullOrWhiteSpace(line) && !line.TrimStart().StartsWith("//", StringComparison.Ordinal));
        Assert.InRange(lines, 1, budget);
    }
}
