using System.Text.Json;
using Parley.DevHost.Common;

namespace Parley.Benchmarks.Cost;

/// <summary>The files of the cost calculation, in docs/.</summary>
internal static class CostFiles
{
    public static string Document { get; } = In("cost.md");

    public static string Counts { get; } = In("cost-counts.json");

    public static string Assumptions { get; } = In("cost-assumptions.json");

    public static string Prices { get; } = In("prices.json");

    private static string In(string name) => Path.Combine(Repository.Root, "docs", name);
}

/// <summary>The command <c>./dev cost</c>: counts, calculates, and writes docs/cost.md.</summary>
internal static class CostCommand
{
    public const string Mode = "cost";

    private const int Failed = 1;
    private const int InvalidUsage = 2;

    private const string Help = """
        Usage: ./dev cost [--from-counts]
          Counts the storage calls of a month's activities on Azurite and writes docs/cost-counts.json. Calculates the
          bill from it and from docs/prices.json and docs/cost-assumptions.json, prints it, and writes the tables of
          docs/cost.md.
          --from-counts  calculates from the counts in docs/cost-counts.json and counts nothing
          --help         show this
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        switch (args)
        {
            case [Mode]:
                return await ReportAsync(async () =>
                {
                    Console.WriteLine("cost: counting the storage calls of a month's activities");
                    var counts = await CostScenario.CountAsync();
                    await File.WriteAllTextAsync(CostFiles.Counts, counts.ToJson());
                    return counts;
                });
            case [Mode, "--from-counts"]:
                return await ReportAsync(async () => CostCounts.Parse(await File.ReadAllTextAsync(CostFiles.Counts)));
            case [Mode, "--help" or "-h"]:
                Console.WriteLine(Help);
                return 0;
            default:
                await Console.Error.WriteLineAsync($"dev cost: unknown option '{args[^1]}'. See ./dev cost --help");
                return InvalidUsage;
        }
    }

    private static async Task<int> ReportAsync(Func<Task<CostCounts>> countAsync)
    {
        try
        {
            var counts = await countAsync();
            var assumptions = CostAssumptions.Parse(await File.ReadAllTextAsync(CostFiles.Assumptions));
            var prices = CostPrices.Parse(await File.ReadAllTextAsync(CostFiles.Prices));
            var document = await File.ReadAllTextAsync(CostFiles.Document);
            document = CostDocument.Update(document, counts, assumptions, prices);
            await File.WriteAllTextAsync(CostFiles.Document, document);
            Console.WriteLine(CostDocument.Bill(new CostCalculation(counts, assumptions, prices)));
            return 0;
        }
        catch (Exception e) when (e is HostStartException or BenchmarkException or IOException or JsonException)
        {
            await Console.Error.WriteLineAsync($"dev cost: {e.Message}");
            return Failed;
        }
    }
}
