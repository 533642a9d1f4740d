using System.Diagnostics;

namespace Parley.Testing.Storage;

/// <summary>
/// Delays of a log-normal distribution, drawn from a seed. A delay is a timer of the runtime, so it holds no thread.
/// </summary>
/// <remarks>
/// The runtime's timers have a resolution of one millisecond and fire late. The delay is rounded at random, so that its
/// mean is right, and the usual lateness is measured and subtracted.
/// </remarks>
internal sealed class Latency(int seed)
{
    /// <summary>The 0.99 quantile of the standard normal distribution.</summary>
    private const double Z99 = 2.3263478740408408;

    /// <summary>The weight of the last timer in the mean of the lateness.</summary>
    private const double Weight = 0.01;

    private readonly Random random = new(seed);
    private readonly Lock gate = new();
    private double late = 0.6;

    /// <summary>Completes when the request that arrived at this time should get its response.</summary>
    /// <param name="arrived">A timestamp of <see cref="Stopwatch"/>.</param>
    /// <param name="options">The distribution.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async ValueTask WaitAsync(long arrived, StorageServerOptions options, CancellationToken cancellation)
    {
        if (options.P50 <= TimeSpan.Zero)
        {
            return;
        }

        double rest;
        int wait;
        lock (gate)
        {
            rest = Draw(options) - Stopwatch.GetElapsedTime(arrived).TotalMilliseconds;
            wait = (int)Math.Floor(rest - late + random.NextDouble());
        }

        if (wait <= 0)
        {
            return;
        }

        var begun = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromMilliseconds(wait), TimeProvider.System, cancellation).ConfigureAwait(false);
        var over = Stopwatch.GetElapsedTime(begun).TotalMilliseconds - wait;
        lock (gate)
        {
            // A pause of the process is no property of the timers.
            late += Weight * (Math.Min(over, 5) - late);
        }
    }

    /// <summary>Draws a delay in milliseconds.</summary>
    internal double Draw(StorageServerOptions options)
    {
        var sigma = Math.Log(options.P99 / options.P50) / Z99;
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return options.P50.TotalMilliseconds * Math.Exp(sigma * normal);
    }
}
