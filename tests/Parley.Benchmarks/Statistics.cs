namespace Parley.Benchmarks;

/// <summary>
/// The median and the range of the figures of some rounds. With a handful of rounds, more would be false precision.
/// </summary>
internal readonly record struct Spread(double Median, double Min, double Max)
{
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new Spread((sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, sorted[0], sorted[^1]);
    }
}

/// <summary>Calculates percentiles.</summary>
internal static class Percentile
{
    /// <summary>The smallest value that this share of all values does not exceed (nearest rank).</summary>
    public static double Of(double[] sorted, double share) => sorted[Math.Max(0, (int)Math.Ceiling(sorted.Length * share) - 1)];
}
