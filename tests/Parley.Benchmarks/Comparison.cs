using System.Globalization;

namespace Parley.Benchmarks;

/// <summary>One figure of Parley and the same figure of raw storage, for every round.</summary>
/// <param name="Name">The name, with the unit.</param>
/// <param name="Parley">Parley's figure of each round.</param>
/// <param name="Raw">The figure of raw storage in the same rounds.</param>
internal sealed record Figure(string Name, IReadOnlyList<double> Parley, IReadOnlyList<double> Raw)
{
    /// <summary>Takes one figure from the results of every round.</summary>
    public static Figure Of(string name, IEnumerable<Round> rounds, Func<LoadResult, double> figure) =>
        new(name, [.. rounds.Select(round => figure(round.Parley))], [.. rounds.Select(round => figure(round.Raw))]);

    /// <summary>Parley divided by raw, within each round.</summary>
    public Spread Ratio => Spread.Of(Parley.Zip(Raw, (parley, raw) => parley / raw));

    /// <summary>Parley minus raw, within each round.</summary>
    public Spread Difference => Spread.Of(Parley.Zip(Raw, (parley, raw) => parley - raw));
}

/// <summary>Raw and Parley under the same load, one after the other.</summary>
internal sealed record Round(LoadResult Parley, LoadResult Raw)
{
    /// <summary>
    /// Runs rounds in which raw and Parley alternate. Which of them runs first changes from round to round, because
    /// storage slows down as it fills, so the second one of a round is at a disadvantage.
    /// </summary>
    public static async Task<List<Round>> RepeatAsync(string name, int rounds, Func<int, Task<(Func<Task<LoadResult>> Parley, Func<Task<LoadResult>> Raw)>> prepare)
    {
        var results = new List<Round>(rounds);
        for (var number = 0; number < rounds; number++)
        {
            var (parley, raw) = await prepare(number);
            var first = await (number % 2 == 0 ? raw : parley)();
            var second = await (number % 2 == 0 ? parley : raw)();
            results.Add(number % 2 == 0 ? new Round(second, first) : new Round(first, second));
            Console.WriteLine($"  {name}, round {number + 1} of {rounds}: Parley {results[^1].Parley.Rate:0}/s, raw {results[^1].Raw.Rate:0}/s");
        }

        return results;
    }
}

/// <summary>
/// Prints figures as a table: the median of the rounds, with the minimum and the maximum in brackets.
/// </summary>
internal sealed class ComparisonTable
{
    private readonly TextTable table = new("", "Parley", "raw", "Parley : raw", "target", "");

    /// <summary>Adds a figure whose ratio of Parley to raw should be at least the target.</summary>
    public ComparisonTable AddRatioAtLeast(Figure figure, double target) =>
        Add(figure, $"{Show(figure.Ratio)} ×", $"≥ {target:0.00} ×", figure.Ratio.Median >= target);

    /// <summary>Adds a figure whose ratio of Parley to raw should be at most the target.</summary>
    public ComparisonTable AddRatioAtMost(Figure figure, double target) =>
        Add(figure, $"{Show(figure.Ratio)} ×", $"≤ {target:0.00} ×", figure.Ratio.Median <= target);

    /// <summary>Adds a figure whose difference of Parley and raw should be at most the target.</summary>
    public ComparisonTable AddDifferenceAtMost(Figure figure, double target) =>
        Add(figure, Show(figure.Difference, "+0.00;-0.00"), $"≤ +{target:0.00}", figure.Difference.Median <= target);

    /// <summary>Adds a figure without a target.</summary>
    public ComparisonTable Add(Figure figure) => Add(figure, $"{Show(figure.Ratio)} ×", "", null);

    /// <summary>
    /// Adds what a request takes of the processor: in this process, where Parley, its client and raw run, and in the
    /// storage's. The shares of all cores show whether the processor is the bound.
    /// </summary>
    /// <param name="what">The name of a request.</param>
    /// <param name="rounds">The rounds.</param>
    public ComparisonTable AddProcessors(string what, IReadOnlyList<Round> rounds) =>
        Add(Figure.Of($"processor ms/{what}, without storage", rounds, round => round.CpuMilliseconds))
            .Add(Figure.Of($"processor ms/{what} of the storage", rounds, round => round.StorageMilliseconds))
            .Add(Figure.Of("share of all cores, without storage, %", rounds, round => 100 * round.CpuShare))
            .Add(Figure.Of("share of all cores of the storage, %", rounds, round => 100 * round.StorageShare))
            .Add(Figure.Of($"allocated KB/{what}", rounds, round => round.AllocatedKilobytes));

    public void Print() => table.Print();

    private ComparisonTable Add(Figure figure, string compared, string target, bool? met)
    {
        table.Add(figure.Name, Show(Spread.Of(figure.Parley)), Show(Spread.Of(figure.Raw)), compared, target, met switch { true => "met", false => "missed", null => "" });
        return this;
    }

    private static string Show(Spread spread) => Show(spread, spread.Median >= 100 ? "0" : spread.Median >= 10 ? "0.0" : "0.00");

    private static string Show(Spread spread, string format)
    {
        return $"{Text(spread.Median)} ({Text(spread.Min)} to {Text(spread.Max)})";

        string Text(double value) => value.ToString(format, CultureInfo.InvariantCulture);
    }
}
