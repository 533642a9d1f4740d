using System.Text.Json;

namespace Parley.Benchmarks.Cost;

/// <summary>The price of one meter, after a free amount a month.</summary>
/// <param name="Meter">The name by which the calculation finds it.</param>
/// <param name="Name">The name for people.</param>
/// <param name="Usd">For <paramref name="Per"/> units.</param>
/// <param name="Per">How many units cost <paramref name="Usd"/>.</param>
/// <param name="Unit">The unit.</param>
/// <param name="FreePerMonth">Units that cost nothing.</param>
/// <param name="Region">The region that the source names.</param>
/// <param name="AsOf">When the source was written or checked: a year or a month.</param>
/// <param name="Source">The title of the page that publishes it.</param>
/// <param name="Check">True for a figure that was found for another region only.</param>
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
    /// <summary>What a quantity costs without the free amount.</summary>
    public decimal Of(decimal quantity) => quantity * Usd / Per;

    /// <summary>What the free amount takes off.</summary>
    public decimal FreeOf(decimal quantity) => Of(Math.Min(quantity, FreePerMonth));
}

/// <summary>docs/prices.json, which people edit.</summary>
internal sealed record CostPrices(string Currency, string Region, string Redundancy, IReadOnlyList<CostPrice> Prices)
{
    /// <exception cref="BenchmarkException">There is no such meter.</exception>
    public CostPrice this[string meter] => Prices.SingleOrDefault(price => price.Meter == meter)
        ?? throw new BenchmarkException($"docs/prices.json has no single price of '{meter}'.");

    /// <summary>Reads the file's text.</summary>
    public static CostPrices Parse(string json) => CostJson.Read<CostPrices>(json);
}

/// <summary>One figure that no count shows.</summary>
internal sealed record CostAssumption(string Name, decimal Value, string Text, string Source);

/// <summary>docs/cost-assumptions.json, which people edit.</summary>
internal sealed record CostAssumptions(IReadOnlyList<CostAssumption> Assumptions)
{
    /// <exception cref="BenchmarkException">There is no such assumption.</exception>
    public decimal this[string name] => (Assumptions.SingleOrDefault(assumption => assumption.Name == name)
        ?? throw new BenchmarkException($"docs/cost-assumptions.json has no single value of '{name}'.")).Value;

    /// <summary>Reads the file's text.</summary>
    public static CostAssumptions Parse(string json) => CostJson.Read<CostAssumptions>(json);

    /// <summary>The same with another value.</summary>
    public CostAssumptions With(string name, decimal value) =>
        new([.. Assumptions.Select(each => each.Name == name ? each with { Value = value } : each)]);
}

/// <summary>How the files of the cost calculation are read and written.</summary>
internal static class CostJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    public static T Read<T>(string json) =>
        JsonSerializer.Deserialize<T>(json, Options) ?? throw new BenchmarkException("The file is empty.");

    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options) + "\n";
}
