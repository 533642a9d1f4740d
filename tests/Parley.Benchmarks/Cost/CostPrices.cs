using System.Text.Json;

namespace Parley.Benchmarks.Cost;

/// <summary>The price of one meter, after a free amount a month.</summary>
/// <param name="Meter">The key that the calculation uses.</param>
/// <param name="Name">The display name.</param>
/// <param name="Usd">The price of <paramref name="Per"/> units.</param>
/// <param name="Per">The number of units that cost <paramref name="Usd"/>.</param>
/// <param name="Unit">The unit.</param>
/// <param name="FreePerMonth">Units that are free each month.</param>
/// <param name="Region">The region that the source names.</param>
/// <param name="AsOf">The time at which the source was written or checked: a year or a month.</param>
/// <param name="Source">The title of the page that publishes it.</param>
/// <param name="Check">True for a figure that was found only for another region.</param>
internal sealed record CostPrice(
    string Meter,
    string Name,
    decimal Usd,
    decimal Per,
    string Unit,
    decimal FreePerMonth,
    string Region,
    string AsOf,
    string Source,
    bool Check)
{
    /// <summary>The cost of a quantity without the free amount.</summary>
    public decimal Of(decimal quantity) => quantity * Usd / Per;

    /// <summary>The discount of the free amount.</summary>
    public decimal FreeOf(decimal quantity) => Of(Math.Min(quantity, FreePerMonth));
}

/// <summary>The content of docs/prices.json, which is edited by hand.</summary>
internal sealed record CostPrices(string Currency, string Region, string Redundancy, IReadOnlyList<CostPrice> Prices)
{
    /// <exception cref="BenchmarkException">There is no such meter.</exception>
    public CostPrice this[string meter] => Prices.SingleOrDefault(price => price.Meter == meter)
        ?? throw new BenchmarkException($"docs/prices.json has no single price of '{meter}'.");

    /// <summary>Parses the file.</summary>
    /// <exception cref="BenchmarkException">
    /// The text does not have the file's shape, or a price is impossible.
    /// </exception>
    public static CostPrices Parse(string json)
    {
        var prices = CostJson.Read<CostPrices>(json, "docs/prices.json");
        foreach (var price in prices.Prices)
        {
            if (price is not { Usd: >= 0 and < 1_000_000, Per: > 0, FreePerMonth: >= 0 } || prices.Prices.Count(other => other?.Meter == price.Meter) > 1)
            {
                throw new BenchmarkException(
                    $"docs/prices.json: '{price?.Meter}' must be there once, with usd from 0 to 1,000,000, per above 0 and freePerMonth from 0.");
            }
        }

        return prices;
    }
}

/// <summary>One figure that cannot be counted.</summary>
internal sealed record CostAssumption(string Name, decimal Value, string Text, string Source);

/// <summary>The content of docs/cost-assumptions.json, which is edited by hand.</summary>
internal sealed record CostAssumptions(IReadOnlyList<CostAssumption> Assumptions)
{
    /// <exception cref="BenchmarkException">There is no such assumption.</exception>
    public decimal this[string name] => (Assumptions.SingleOrDefault(assumption => assumption.Name == name)
        ?? throw new BenchmarkException($"docs/cost-assumptions.json has no single value of '{name}'.")).Value;

    public static CostAssumptions Parse(string json) => CostJson.Read<CostAssumptions>(json, "docs/cost-assumptions.json");

    /// <summary>A copy with another value.</summary>
    public CostAssumptions With(string name, decimal value) =>
        new([.. Assumptions.Select(each => each.Name == name ? each with { Value = value } : each)]);
}

/// <summary>Reads and writes the files of the cost calculation.</summary>
internal static class CostJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <exception cref="BenchmarkException">The text is not JSON of this shape; the message names the file.</exception>
    public static T Read<T>(string json, string file)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Options) ?? throw new BenchmarkException($"{file} is empty.");
        }
        catch (JsonException e)
        {
            throw new BenchmarkException($"{file}: {e.Message}");
        }
    }

    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options) + "\n";
}
